-- A sealed day written before `last_at` was kept has none.
insert into source_days by name select * from read_parquet($files, union_by_name = true) order by all;
