-- What became of the policies of one staged file.
select outcome, reason, data_date, count(*)::bigint as records
from read_parquet($file)
where ordinal = 1
group by all
order by all;
