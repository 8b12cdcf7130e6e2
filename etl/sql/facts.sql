-- Transfers of one source and data date, summed at the grain of the facts. A transfer is a message through one
-- connector, in one direction, to or from one partner domain, under one TLS version, cipher, group and authentication;
-- `messages` counts transfers, `recipients` deliveries, `bytes` each transfer's size once.
insert into day_facts
with transfers as (
    select
        direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth,
        1::bigint as messages,
        count(*)::bigint as recipients,
        max(bytes) as bytes,
        bool_or(is_estimated) as is_estimated
    from deliveries
    where message_key is not null
    group by direction, connector, message_key, partner_domain, tls_version, tls_cipher, tls_group, tls_auth

    union all

    select
        direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth,
        coalesce(messages, 1),
        case when messages is null then 1 else recipients end,
        bytes,
        is_estimated
    from deliveries
    where message_key is null
)

select
    getvariable('data_date')::date as data_date,
    getvariable('source') as source,
    direction,
    connector,
    partner_domain,
    tls_version,
    tls_cipher,
    tls_group,
    tls_auth,
    sum(messages)::bigint as messages,
    sum(recipients)::bigint as recipients,
    sum(bytes)::bigint as bytes,
    bool_or(is_estimated) as is_estimated
from transfers
group by direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth
having sum(messages) > 0;
