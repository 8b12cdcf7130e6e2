-- Question: how were messages spread over TLS versions in each of the last weeks?
-- Parameters: $first_date (a Monday), $last_date (a Sunday), both included.
-- Columns: first_date (the week's Monday), direction, connector (nothing for all mail flow), tls_version, messages.
select
    date_trunc('week', data_date)::date as first_date,
    direction,
    connector,
    tls_version,
    sum(messages)::bigint as messages
from flow_days
where data_date between $first_date and $last_date
group by grouping sets ((1, direction, connector, tls_version), (1, direction, tls_version))
order by first_date, direction, connector nulls first, tls_version;
