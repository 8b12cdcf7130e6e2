-- Each day's file is in canonical order, and the days are named in theirs.
insert into facts select * from read_parquet($files);
