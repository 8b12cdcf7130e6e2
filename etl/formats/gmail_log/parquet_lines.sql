-- The rows of a Parquet file as NDJSON, in its order; of its columns those that matter.
copy (
    select columns(lambda name: list_contains(getvariable('parquet_columns'), name))
    from read_parquet(getvariable('parquet_file'))
) to (getvariable('lines_file')) (format json, use_tmp_file false);
