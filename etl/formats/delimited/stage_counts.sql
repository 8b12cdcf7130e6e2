-- What became of the records of one staged file: per outcome, reason and data date.
select outcome, reason, data_date, count(*) as records
from read_parquet($file)
where ordinal = 1
group by all
order by all;
