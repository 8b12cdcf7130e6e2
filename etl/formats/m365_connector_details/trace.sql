-- Trace rows of one data date: of each direction and connector the rows of the newest export that tells of it, whole.
-- In: staged_files, the newest export last.
create or replace temp view trace as
select * exclude (outcome, reason, ordinal, unknown_version, unknown_cipher, filename)
from read_parquet(getvariable('staged_files'), filename = true)
where outcome = 'used' and data_date = getvariable('data_date')::date
qualify list_position(getvariable('staged_files'), filename)
    = max(list_position(getvariable('staged_files'), filename)) over (partition by direction, connector);
