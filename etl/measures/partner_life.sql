-- Question: since when, and when last, before a period, had its partners below TLS 1.2 such mail?
-- Parameters: $first_date, $last_date (the period, both included); $most: partners of each direction and connector,
-- and of each direction over all connectors, most such messages in the period first.
-- Columns: direction, connector (nothing over all connectors), partner_domain, first_date, last_date.
with below as (
    select data_date, direction, connector, partner_domain, messages
    from mail_flow
    where is_below_modern(tls_version) and data_date <= $last_date
),

now as (
    select
        direction,
        connector,
        partner_domain,
        row_number() over (
            partition by direction, connector order by sum(messages) desc, partner_domain
        ) as place
    from below
    where data_date >= $first_date
    group by grouping sets ((direction, connector, partner_domain), (direction, partner_domain))
),

earlier as (
    select direction, connector, partner_domain, min(data_date) as first_date, max(data_date) as last_date
    from below
    where data_date < $first_date
    group by grouping sets ((direction, connector, partner_domain), (direction, partner_domain))
)

select now.direction, now.connector, now.partner_domain, earlier.first_date, earlier.last_date
from now
inner join earlier
    on
        earlier.direction = now.direction
        and earlier.connector is not distinct from now.connector
        and earlier.partner_domain = now.partner_domain
where now.place <= $most
order by now.direction, now.connector nulls first, now.partner_domain;
