insert into source_days select * from read_parquet($files) order by all;
