-- Transfers of one source and data date, summed at the grain of the facts. A transfer is a message through one
-- connector, in one direction, to or from one partner domain, under one TLS version, cipher, group and authentication;
-- `messages` counts transfers, `recipients` deliveries, `bytes` each transfer's size once. In: deliveries, cells.
insert into day_facts
with placed as (
    select
        hash(getvariable('salt'), direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth)
            as cell,
        message_key,
        bytes,
        messages,
        recipients,
        is_estimated
    from deliveries
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
    cells.direction,
    cells.connector,
    cells.partner_domain,
    cells.tls_version,
    cells.tls_cipher,
    cells.tls_group,
    cells.tls_auth,
    summed.messages,
    summed.recipients,
    summed.bytes,
    summed.is_estimated
from summed
join cells on cells.cell = summed.cell;
