insert into rejects
select
    split_part(filename, '/', -4) as source,
    split_part(filename, '/', -3) as sha256,
    record,
    data_date,
    reason
from read_parquet($files, filename = true)
order by all;
