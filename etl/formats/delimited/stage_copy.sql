-- The one pass over the raw file.
copy (select * exclude (record) from trace_rows) to (getvariable('records_file')) (format parquet, compression lz4_raw);
