-- Trace rows as they are staged: base.RECORD_COLUMNS, and the session over SMTP that the event was part of (`line_key` is
-- what `explain` knows them by). Addresses and message ids only as keyed hashes, subjects dropped. In: the view `told` (told_many.sql), hash_key.
create or replace temp view trace_rows as
with partners as (
    select
        *,
        case direction when 'outbound' then told_recipient when 'internal' then case when is_receiving then sender else told_recipient end
            else sender end as partner
    from told
)

select
    outcome,
    reason,
    data_date,
    occurred_at,
    case when direction = 'outbound' and not is_leaving and is_own_domain(domain_of(told_recipient)) then 'internal' else direction end
        as direction,
    connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    case
        when partner = '<>' then '<>'
        when partner is null or partner = '' then 'Unknown'
        else domain_of(trim(partner, '<> '))
    end as partner_domain,
    'Unknown' as tls_version,
    'Unknown' as tls_cipher,
    'Unknown' as tls_group,
    'Unknown' as tls_auth,
    case
        when network_message_id <> '' then keyed('n', lower(network_message_id))
        when message_id <> ''
            then keyed('m', message_id || chr(10) || coalesce(lower(sender), ''))
        when internal_message_id <> '' then keyed('i', internal_message_id)
        else keyed('r', concat_ws(chr(10), occurred_at, direction, connector, sender, recipient, bytes))
    end as message_key,
    case when told_recipient <> '' then address_key(told_recipient) end as recipient_key,
    bytes,
    null::bigint as messages,
    null::bigint as recipients,
    false as is_estimated,
    ordinal,
    null::varchar as unknown_version,
    null::varchar as unknown_cipher,
    session,
    is_receiving,
    message_key::varchar as line_key,
    record
from partners;
