-- What the columns of a Parquet file come to when unpacked.
select sum(total_uncompressed_size)::bigint as bytes
from parquet_metadata(getvariable('parquet_file'));
