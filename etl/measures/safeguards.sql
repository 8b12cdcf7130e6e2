-- Question: under which TLS version, cipher, group and authentication did messages go, by direction?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, tls_version, tls_cipher, tls_group, tls_auth, messages.
select direction, tls_version, tls_cipher, tls_group, tls_auth, sum(messages)::bigint as messages
from mail_flow
where data_date between $first_date and $last_date
group by all
order by all;
