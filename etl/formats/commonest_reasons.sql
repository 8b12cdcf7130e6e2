-- Why the records of a file were refused: the three commonest reasons.
select reason, count(*) as records
from read_parquet($file)
group by reason
order by records desc, reason
limit 3;
