-- Trace rows of one source and data date, from formats whose records are trace rows already.
create or replace temp view trace as
select * exclude (outcome, reason, ordinal, unknown_version, unknown_cipher)
from read_parquet(getvariable('staged_files'))
where outcome = 'used' and data_date = getvariable('data_date')::date;
