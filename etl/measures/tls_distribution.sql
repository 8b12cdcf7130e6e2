-- Question: how are messages spread over TLS versions, for all mail flow, one direction, one connector, or both?
-- Parameters: $first_date, $last_date (both included); $direction, $connector (nothing for all; 'No connector' for
-- mail from and to the internet without one). The period before is the same question with its dates.
-- Columns: direction, tls_version, messages.
select direction, tls_version, sum(messages)::bigint as messages
from flow_days
where
    data_date between $first_date and $last_date
    and ($direction::varchar is null or direction = $direction)
    and ($connector::varchar is null or connector = $connector)
group by all
order by all;
