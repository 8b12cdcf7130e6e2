-- The lines of a log that stand in JSON, an object each: docker's json-file driver (`log`), the journal (`MESSAGE`, with stamp,
-- host, program and process in fields of their own), collectors (`message`). A line stays a line: what is no such object
-- comes out as it is, and a line break inside a message becomes a blank.
-- In: session variables json_file, lines_file. Out: the file that lines_file names.
copy (
    with entries as (
        select line, case when json_valid(said) then said::json end as entry
        from (select column0 as line, ltrim(substr(column0, greatest(instr(column0, '{'), 1))) as said from read_csv(
            getvariable('json_file'), columns = {'column0': 'VARCHAR'}, delim = chr(1), quote = '', escape = '', header = false,
            auto_detect = false, max_line_size = 16777216
        ))
    ),

    texts as (
        select
            *,
            coalesce(json_extract_string(entry, '$.log'), json_extract_string(entry, '$.MESSAGE'),
                json_extract_string(entry, '$.message'), line) as said,
            try_cast(json_extract_string(entry, '$.__REALTIME_TIMESTAMP') as bigint) as stamp
        from entries
    )

    select
        case when stamp is not null then
            strftime(make_timestamp(stamp), '%Y-%m-%dT%H:%M:%S.%f+00:00') || ' '
            || coalesce(json_extract_string(entry, '$._HOSTNAME'), '-') || ' '
            || coalesce(json_extract_string(entry, '$.SYSLOG_IDENTIFIER'), json_extract_string(entry, '$._COMM'), '-') || '['
            || coalesce(json_extract_string(entry, '$.SYSLOG_PID'), json_extract_string(entry, '$._PID'), '0') || ']: '
        else '' end
        || translate(rtrim(said, chr(10)), chr(10) || chr(13) || chr(1), '   ') as line
    from texts
) to (getvariable('lines_file')) (format csv, header false, delimiter e'\x01', quote '', escape '');
