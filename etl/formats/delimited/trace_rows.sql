-- Trace rows as they are staged (base.RECORD_COLUMNS): domains kept, addresses and message ids only as 128 bits of a
-- keyed hash, subjects dropped. Without identity a record is one message to each of its partners. Where the export has no
-- word for the direction, own domains tell it. In: the view `told`, session variables hash_key, has_identity, own_domains.
create or replace temp view trace_rows as
with directed as (
    select * replace (
        coalesce(direction, (case
            when outcome <> 'used' then null
            when is_own_address(sender) then case when is_own_address(told_recipient) then 'internal' else 'outbound' end
            when is_own_address(told_recipient) or told_recipient is null or told_recipient = '' then 'inbound'
            else 'outbound'
        end)::direction_word) as direction
    )
    from told
),

partners as (
    select
        *,
        case direction when 'inbound' then sender else told_recipient end as partner
    from directed
)

select
    outcome,
    reason,
    data_date,
    occurred_at,
    direction,
    connector,
    connector_type,
    forced_tls,
    address_domain(partner) as partner_domain,
    tls_version,
    tls_cipher,
    tls_group,
    tls_auth,
    case
        when not getvariable('has_identity') then null
        when network_message_id <> ''
            then keyed('n', lower(network_message_id))
        when message_id <> ''
            then keyed('m', message_id || chr(10) || coalesce(lower(sender), ''))
        else keyed('r', concat_ws(chr(10), data_date, occurred_at, direction, connector, sender, recipient, tls_version,
            tls_cipher, bytes))
    end as message_key,
    case
        when getvariable('has_identity') and told_recipient is not null then keyed('a', lower(told_recipient))
    end as recipient_key,
    case when getvariable('has_identity') or not repeats_partner then bytes end as bytes,
    case when repeats_partner and not getvariable('has_identity') then 0 else messages end as messages,
    case when repeats_partner and not getvariable('has_identity') and messages is null then 1 end::bigint as recipients,
    false as is_estimated,
    ordinal,
    unknown_version,
    unknown_cipher,
    record
from partners;
