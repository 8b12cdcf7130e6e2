-- Records that the CSV reader could not take, each once: its number (1 is the first after the header), why, the line
-- feeds inside it, and its place among the refused. `line` in reject_errors counts records, the header being one.
create or replace temp table refused as
with told as (
    select
        line - 1 - getvariable('skipped_lines') as record,
        min(error_type)::varchar as error_type,
        max(trim(csv_line, chr(10) || chr(13))) as whole
    from reject_errors
    group by line
)

select
    record,
    case error_type
        when 'MISSING COLUMNS' then 'too few fields'
        when 'TOO MANY COLUMNS' then 'too many fields'
        when 'UNQUOTED VALUE' then 'a quote that is not closed'
        when 'LINE SIZE OVER MAXIMUM' then 'longer than ' || (getvariable('record_bytes') // 1048576) || ' MiB'
        when 'INVALID ENCODING' then 'bytes that are no UTF-8'
        else lower(error_type)
    end as reason,
    coalesce(length(whole) - length(replace(whole, chr(10), '')), 0)::bigint as line_feeds,
    row_number() over (order by record) as place
from told
where record > 0;
