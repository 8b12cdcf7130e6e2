-- How many policies are told for more than a day together.
select count(*) from read_parquet($file) where ordinal = 1 and outcome = 'used' and is_several_days;
