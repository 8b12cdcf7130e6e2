-- The trace rows of the messages that would be told otherwise without some lines. In: the table trace_with, of all
-- lines, and the view trace, without them.
copy (
    with moved as (
        (select * from trace_with except all select * from trace)
        union all
        (select * from trace except all select * from trace_with)
    )

    select * from trace_with where message_key in (select message_key from moved)
) to (getvariable('trace_file')) (format parquet);
