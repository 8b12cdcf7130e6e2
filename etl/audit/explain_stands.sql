-- Of a source whose newer exports restate a direction and connector of a day whole: which export stands for each. In:
-- staged_files (the day's, the newest export last), data_date.
select
    direction,
    connector,
    split_part(arg_max(filename, list_position(getvariable('staged_files'), filename)), '/', -3) as sha256
from read_parquet(getvariable('staged_files'), filename = true)
where outcome = 'used' and data_date = getvariable('data_date')::date
group by all;
