-- The one pass over the log, in its order: a line's number is its place in the staged file.
copy (select * from records) to (getvariable('records_file')) (format parquet, compression lz4_raw);
