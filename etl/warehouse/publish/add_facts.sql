-- Each day's file is in canonical order, and the days are named in theirs.
insert into facts by name select * from read_parquet($files);
