-- Question: of how many messages of a day, source and connector does the export say nothing of TLS?
-- Parameters: $first_date, $last_date (both included).
-- Columns: data_date, source, direction, connector, messages, unknown.
select
    data_date,
    source,
    direction,
    connector,
    sum(messages)::bigint as messages,
    coalesce(sum(messages) filter (where tls_version = 'Unknown'), 0)::bigint as unknown
from mail_flow
where data_date between $first_date and $last_date
group by all
order by all;
