-- How many records were refused, the line feeds inside them, and the first whose open quote took more than its
-- line; and all errors in them.
select
    count(*)::bigint as records,
    coalesce(sum(line_feeds), 0)::bigint as line_feeds,
    min(record) filter (where line_feeds > 0 and reason = 'a quote that is not closed') as first_open,
    (select count(*) from reject_errors)::bigint as errors
from refused;
