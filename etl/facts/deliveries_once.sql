-- Trace rows that agree in source, data date, direction, connector, message identity and recipient are one delivery.
-- The one that says most of TLS stands: a version over `TLS unknown` over `Unknown`, then with cipher over without,
-- then the greatest in byte order; size is the largest stated. Rows without an identity each stand for themselves,
-- and so do those that nothing in `told_twice` speaks for.
create or replace temp table deliveries_merged as
select
    direction,
    connector,
    message_key,
    recipient_key,
    best.partner_domain as partner_domain,
    best.protection as protection,
    bytes,
    null::bigint as messages,
    null::bigint as recipients,
    is_estimated
from (
    select
        direction,
        connector,
        message_key,
        recipient_key,
        max(struct_pack(
            says := case tls_version when 'Unknown' then 0 when 'TLS unknown' then 1 else 2 end,
            with_cipher := tls_cipher not in ('Unknown', 'none'),
            protection := protection,
            partner_domain := partner_domain
        )) as best,
        max(bytes) as bytes,
        bool_or(is_estimated) as is_estimated
    from protected_trace
    where message_key is not null
        and hash(direction, connector, message_key, recipient_key) in (select delivery from told_twice)
    group by direction, connector, message_key, recipient_key
);

create or replace temp view deliveries as
select
    direction, connector, message_key, recipient_key, partner_domain, protection, bytes, messages, recipients, is_estimated
from protected_trace
where message_key is null
    or hash(direction, connector, message_key, recipient_key) not in (select delivery from told_twice)
union all by name
select * from deliveries_merged;

set variable duplicates = (select sum(times) from told_twice)::bigint - (select count(*) from deliveries_merged);
