-- How many records were refused, the line feeds inside them, and the first whose open quote took more than its line.
select
    count(*)::bigint as records,
    coalesce(sum(line_feeds), 0)::bigint as line_feeds,
    min(record) filter (where line_feeds > 0 and reason = 'a quote that is not closed') as first_open
from refused;
