-- Question: how many messages went each day, by direction and connector?
-- Parameters: $first_date, $last_date (both included).
-- Columns: data_date, direction, connector, messages, recipients, bytes, is_estimated.
select
    data_date,
    direction,
    connector,
    sum(messages)::bigint as messages,
    case when count(recipients) = count(*) then sum(recipients)::bigint end as recipients,
    case when count(bytes) = count(*) then sum(bytes)::bigint end as bytes,
    bool_or(is_estimated) as is_estimated
from flow_days
where data_date between $first_date and $last_date
group by all
order by all;
