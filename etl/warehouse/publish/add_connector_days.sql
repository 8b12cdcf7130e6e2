insert into connector_days select * from read_parquet($files) order by all;
