-- Why the lines of one log were rejected: the three commonest reasons.
select reason, count(*) as records
from read_parquet($file)
group by reason
order by records desc, reason
limit 3;
