-- Question: how far does a source that is held against the others differ from what counts?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, data_date, direction, messages (of that source), counted_messages.
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
    where
        facts.data_date between $first_date and $last_date
        and facts.direction in ('inbound', 'outbound')
    group by all
)

select
    held.source,
    held.data_date,
    held.direction,
    held.messages,
    coalesce(counted.messages, 0) as counted_messages
from held
left join counted using (data_date, direction)
order by all;
