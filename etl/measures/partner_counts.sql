-- Question: with how many partners was mail exchanged over each connector, and how many of them went without TLS, or
-- with deprecated TLS?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector, partners, plaintext_partners, deprecated_partners.
select
    direction,
    connector,
    count(distinct partner_domain) as partners,
    count(distinct partner_domain) filter (where tls_version = 'No TLS') as plaintext_partners,
    count(distinct partner_domain)
        filter (where is_deprecated(tls_version)) as deprecated_partners
from mail_flow
where data_date between $first_date and $last_date
group by all
order by all;
