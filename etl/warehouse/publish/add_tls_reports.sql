insert into tls_reports select * from read_parquet($files) order by all;
