-- The trace rows of one day that tell of given messages (`keys`, as text). In: the view `trace`.
copy (
    select * from trace where list_contains(getvariable('keys'), message_key::varchar)
) to (getvariable('trace_file')) (format parquet);
