insert into facts select * from read_parquet($files) order by all;
