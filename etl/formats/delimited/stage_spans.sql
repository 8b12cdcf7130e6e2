-- The instants that a staged file covers on each data date; dates without a time cover no known ones.
select data_date, min(occurred_at)::varchar as first_at, max(occurred_at)::varchar as last_at
from read_parquet($file)
where outcome = 'used' and occurred_at is not null
group by data_date
order by data_date;
