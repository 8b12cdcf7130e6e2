-- Records that the CSV reader could not take, each once: its number (1 is the first after the header), why, and the
-- line feeds inside it.
select
    line - 1 as record,
    min(error_type)::varchar as error_type,
    max(length(trim(csv_line, chr(10) || chr(13))) - length(replace(trim(csv_line, chr(10) || chr(13)), chr(10), '')))::bigint
        as line_feeds
from reject_errors
where line > 1
group by line
order by line;
