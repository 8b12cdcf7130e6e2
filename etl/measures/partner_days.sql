-- Question: on which first and last day of a period did partners have mail below TLS 1.2?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector (nothing over all connectors), partner_domain, first_date, last_date.
select direction, connector, partner_domain, min(data_date) as first_date, max(data_date) as last_date
from mail_flow
where
    data_date between $first_date and $last_date
    and is_below_modern(tls_version)
group by grouping sets ((direction, connector, partner_domain), (direction, partner_domain))
order by all;
