-- Question: how far does a source that is held against the others differ from what counts?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, data_date, direction, messages (of that source), counted_messages. A day that the source tells of is
-- there with both directions, unless neither knows any mail.
with counted as (
    select data_date, direction, sum(messages)::bigint as messages
    from mail_flow
    where data_date between $first_date and $last_date
    group by all
),

held as (
    select facts.source, facts.data_date, facts.direction, sum(facts.messages)::bigint as messages
    from facts
    inner join sources on sources.source = facts.source and sources.role = 'reconcile'
    where facts.data_date between $first_date and $last_date
    group by all
),

days as (
    select told.source, told.data_date, directions.direction
    from (select distinct source, data_date from held) as told
    cross join (values ('inbound'), ('outbound')) as directions (direction)
)

select
    days.source,
    days.data_date,
    days.direction,
    coalesce(held.messages, 0) as messages,
    coalesce(counted.messages, 0) as counted_messages
from days
left join held using (source, data_date, direction)
left join counted using (data_date, direction)
where held.messages > 0 or counted.messages > 0
order by all;
