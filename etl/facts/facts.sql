-- Transfers of one source and data date, summed at the grain of the facts, in canonical order. A transfer is a message
-- through one connector, in one direction, to or from one partner domain, under one TLS version, cipher, group and
-- authentication; `messages` counts transfers, `recipients` deliveries, `bytes` each transfer's size once.
-- In: deliveries; paths, partners and protections, of which each cell is a number.
insert into day_facts by name
with placed as (
    select
        (path * getvariable('partner_count') + partner) * getvariable('protection_count') + protections.number as cell,
        message_key,
        bytes,
        messages,
        recipients,
        is_estimated
    from deliveries
    left join paths
        on paths.direction is not distinct from deliveries.direction
        and paths.connector is not distinct from deliveries.connector
    left join partners on partners.partner_domain is not distinct from deliveries.partner_domain
    left join protections on protections.protection is not distinct from deliveries.protection
),

transfers as (
    select
        cell,
        1::bigint as messages,
        count(*)::bigint as recipients,
        max(bytes) as bytes,
        bool_or(is_estimated) as is_estimated
    from placed
    where message_key is not null
    group by cell, message_key

    union all

    select
        cell,
        coalesce(messages, 1),
        case when messages is null then 1 else recipients end,
        bytes,
        is_estimated
    from placed
    where message_key is null
),

summed as (
    select
        cell,
        sum(messages)::bigint as messages,
        sum(recipients)::bigint as recipients,
        sum(bytes)::bigint as bytes,
        bool_or(is_estimated) as is_estimated
    from transfers
    group by cell
    having sum(messages) > 0
)

select
    getvariable('data_date')::date as data_date,
    getvariable('source') as source,
    paths.direction,
    paths.connector,
    partners.partner_domain,
    protections.* exclude (protection, number),
    summed.messages,
    summed.recipients,
    summed.bytes,
    summed.is_estimated
from summed
join paths on paths.path = summed.cell // getvariable('protection_count') // getvariable('partner_count')
join partners on partners.partner = summed.cell // getvariable('protection_count') % getvariable('partner_count')
join protections on protections.number = summed.cell % getvariable('protection_count')
order by summed.cell;
