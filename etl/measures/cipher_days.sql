-- Question: under which TLS versions and ciphers did messages go each day, by direction and connector?
-- Parameters: $first_date, $last_date (both included).
-- Columns: data_date, direction, connector, tls_version, tls_cipher, messages.
select data_date, direction, connector, tls_version, tls_cipher, sum(messages)::bigint as messages
from mail_flow
where data_date between $first_date and $last_date
group by all
order by all;
