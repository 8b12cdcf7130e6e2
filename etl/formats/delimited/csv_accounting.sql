-- Line feeds inside the values of accepted records: what the number of lines exceeds the number of records by; and
-- whether a value holds a line with as many delimiters as a record of $width fields has: it swallowed a record.
select
    coalesce(sum(length(whole) - length(replace(whole, chr(10), ''))), 0)::bigint as line_feeds,
    coalesce(bool_or(len(list_filter(
        string_split(whole, chr(10))[2:-2],
        lambda line: length(line) - length(replace(line, getvariable('delimiter'), '')) = $width - 1
    )) > 0), false) as swallowed
from (select concat_ws(chr(31), *columns(*)) as whole from raw)
where contains(whole, chr(10));
