-- Question: how many messages each day under each TLS version, as two lists for each connector and direction?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector (nothing for all of a direction), tls_version, days (days since $first_date, in order),
-- counts (messages, in the same order).
with sums as (
    select
        direction,
        connector,
        tls_version,
        datediff('day', $first_date::date, data_date)::integer as day,
        sum(messages)::bigint as messages
    from flow_days
    where data_date between $first_date and $last_date
    group by grouping sets ((direction, connector, tls_version, data_date), (direction, tls_version, data_date))
)

select direction, connector, tls_version, list(day order by day) as days, list(messages order by day) as counts
from sums
group by direction, connector, tls_version
order by direction, connector nulls first, tls_version;
