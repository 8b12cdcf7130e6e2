-- Question: how bursty can mail be: messages of a partner on one day, squared and summed, beside the messages?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector (nothing for all of a direction), squares, messages.
with sums as (
    select direction, connector, partner_domain, data_date, sum(messages)::hugeint as messages
    from mail_flow
    where data_date between $first_date and $last_date
    group by all
)

select direction, connector, sum(messages * messages)::hugeint as squares, sum(messages)::bigint as messages
from sums
group by grouping sets ((direction, connector), (direction))
order by direction, connector nulls first;
