-- The trace rows of one day that tell of given messages (`keys`, hexadecimal). In: the view `trace`.
copy (
    select * from trace where list_contains(getvariable('keys'), hex(message_key))
) to (getvariable('trace_file')) (format parquet);
