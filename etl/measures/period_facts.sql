-- Question: the facts of a period, in canonical order (all sources and directions).
-- Parameters: $first_date, $last_date (both included).
-- Columns: the grain of a fact, then messages, recipients, bytes, is_estimated.
select
    data_date, source, direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth,
    messages, recipients, bytes, is_estimated
from facts
where data_date between $first_date and $last_date
order by all;
