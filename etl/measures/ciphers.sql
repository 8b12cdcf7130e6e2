-- Question: under which TLS versions, ciphers and groups did messages go, by direction and connector?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector, tls_version, tls_cipher, tls_auth, messages.
select direction, connector, tls_version, tls_cipher, tls_auth, sum(messages)::bigint as messages
from mail_flow
where data_date between $first_date and $last_date
group by all
order by all;
