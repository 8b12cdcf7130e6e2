-- Line feeds inside the values of accepted records: what the number of lines exceeds the number of records by.
select coalesce(sum(length(whole) - length(replace(whole, chr(10), ''))), 0)::bigint as line_feeds
from (select concat_ws('', *columns(*)) as whole from raw);
