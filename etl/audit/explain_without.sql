-- A staged log without given lines (`keys`), in its order.
set preserve_insertion_order = true;
copy (
    select *
    from read_parquet(getvariable('staged_file'))
    where line_key is null or not list_contains(getvariable('keys'), line_key::varchar)
) to (getvariable('without_file')) (format parquet);
