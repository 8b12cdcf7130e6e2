-- Question: which partners sent or received mail without TLS or below TLS 1.2, over which connector, and how much?
-- Parameters: $first_date, $last_date (both included); $most: at most so many partners of each direction and
-- connector, and of each direction over all connectors (connector is nothing there), most such messages first.
-- Columns: direction, connector, partner_domain, tls_version, messages, below (messages below TLS 1.2 of the partner),
-- place (1 for the most), partners (with such mail), all of them per direction and connector.
with sums as (
    select direction, connector, partner_domain, tls_version, sum(messages)::bigint as messages
    from mail_flow
    where data_date between $first_date and $last_date
    group by grouping sets (
        (direction, connector, partner_domain, tls_version), (direction, partner_domain, tls_version)
    )
),

lines as (
    select
        direction,
        connector,
        partner_domain,
        sum(messages) filter (where is_below_modern(tls_version))::bigint as below
    from sums
    group by all
    having below > 0
),

placed as (
    select
        *,
        row_number() over (partition by direction, connector order by below desc, partner_domain) as place,
        count(*) over (partition by direction, connector) as partners
    from lines
)

select
    placed.direction,
    placed.connector,
    placed.partner_domain,
    sums.tls_version,
    sums.messages,
    placed.below,
    placed.place,
    placed.partners
from placed
inner join sums
    on
        sums.direction = placed.direction
        and sums.connector is not distinct from placed.connector
        and sums.partner_domain = placed.partner_domain
where placed.place <= $most
order by placed.direction, placed.connector nulls first, placed.place, sums.tls_version;
