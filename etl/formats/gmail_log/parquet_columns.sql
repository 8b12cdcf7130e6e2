-- The top-level columns of a Parquet file.
select column_name
from (describe select * from read_parquet(getvariable('parquet_file')));
