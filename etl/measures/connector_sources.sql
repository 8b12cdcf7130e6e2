-- Question: where several sources tell of one connector, how many messages does each, by TLS version?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector, source, tls_version, messages.
with told as (
    select direction, connector, source, tls_version, sum(messages)::bigint as messages
    from mail_flow
    where data_date between $first_date and $last_date
    group by all
)

select *
from told
qualify min(source) over (partition by direction, connector) <> max(source) over (partition by direction, connector)
order by all;
