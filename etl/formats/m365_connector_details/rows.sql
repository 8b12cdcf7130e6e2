-- Trace rows (base.RECORD_COLUMNS): one for each TLS version that a record tells of, and for a record of no mail, or one
-- that is not used, one row. Nobody's address is in such an export.
create or replace temp view trace_rows as
with spread as (
    select
        *,
        unnest(case when outcome = 'used' and len(parts) > 0 then parts else [{version: 'Unknown', messages: 0}] end) as part,
        generate_subscripts(
            case when outcome = 'used' and len(parts) > 0 then parts else [{version: 'Unknown', messages: 0}] end, 1
        ) as ordinal
    from records
)

select
    outcome,
    reason,
    data_date,
    null::timestamp as occurred_at,
    direction,
    connector,
    connector_type,
    forced_tls,
    'Unknown' as partner_domain,
    part.version as tls_version,
    case when part.version = 'No TLS' then 'none' else 'Unknown' end as tls_cipher,
    case when part.version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when part.version = 'No TLS' then 'none' else 'Unknown' end as tls_auth,
    null::uuid as message_key,
    null::uuid as recipient_key,
    null::bigint as bytes,
    part.messages::bigint as messages,
    null::bigint as recipients,
    true as is_estimated,
    ordinal::integer as ordinal,
    null::varchar as unknown_version,
    null::varchar as unknown_cipher,
    record
from spread;
