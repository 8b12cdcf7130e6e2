-- Question: the details table: how many messages each day, by direction, connector and TLS version?
-- Parameters: $first_date, $last_date (both included).
-- Columns: data_date, direction, connector, tls_version, messages, recipients, bytes, is_estimated.
select data_date, direction, connector, tls_version, messages, recipients, bytes, is_estimated
from flow_days
where data_date between $first_date and $last_date
order by data_date, direction, connector, tls_version;
