-- Question: how many messages went over each connector, by direction and TLS version?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector, tls_version, messages, recipients, bytes, is_estimated.
select
    direction,
    connector,
    tls_version,
    sum(messages)::bigint as messages,
    case when count(recipients) = count(*) then sum(recipients)::bigint end as recipients,
    case when count(bytes) = count(*) then sum(bytes)::bigint end as bytes,
    bool_or(is_estimated) as is_estimated
from flow_days
where data_date between $first_date and $last_date
group by all
order by all;
