-- Question: how many messages did a partner domain have in a period, by direction and TLS version, and when was each
-- version first and last seen up to the period's end?
-- Parameters: $first_date, $last_date (the period, both included); $domain; $below: whether the domains below it count
-- as well.
-- Columns: direction, tls_version, messages, first_date, last_date.
select
    direction,
    tls_version,
    coalesce(sum(messages) filter (where data_date >= $first_date), 0)::bigint as messages,
    min(data_date) as first_date,
    max(data_date) as last_date
from mail_flow
where
    data_date <= $last_date
    and (partner_domain = $domain or ($below and ends_with(partner_domain, '.' || $domain)))
group by all
order by all;
