-- Question: which sources tell nothing of TLS for any message of these days, and of how many?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, messages.
select source, sum(messages)::bigint as messages
from mail_flow
where data_date between $first_date and $last_date
group by source
having bool_and(tls_version = 'Unknown')
order by source;
