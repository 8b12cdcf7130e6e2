-- The same facts from the same file in one query: read, de-duplicate, aggregate. What the whole chain is held against.
with traces as (
    select
        case directionality when 'Received' then 'inbound' when 'Sent' then 'outbound' end as direction,
        coalesce(nullif(connector_name, ''), 'No connector') as connector,
        lower(split_part(case directionality when 'Received' then sender_address else recipient_address end, '@', 2))
            as partner_domain,
        case tls_version when 'No Tls' then 'No TLS' when 'TLS1.0' then 'TLS 1.0' when 'TLS1.2' then 'TLS 1.2'
            when 'TLS1.3' then 'TLS 1.3' else 'Unknown' end as tls_version,
        case when tls_version = 'No Tls' then 'none' else coalesce(nullif(tls_cipher, ''), 'Unknown') end as tls_cipher,
        network_message_id,
        lower(recipient_address) as recipient,
        total_bytes::bigint as bytes,
        case
            when date_time_utc::timestamp >= timestamp '2026-11-15 23:00:00'
                and date_time_utc::timestamp < timestamp '2026-11-16 23:00:00' then date '2026-11-16'
        end as data_date
    from read_csv(
        $file, header = true, delim = ',', quote = '"', escape = '"', auto_detect = false, columns = {
            'date_time_utc': 'VARCHAR', 'directionality': 'VARCHAR', 'connector_name': 'VARCHAR',
            'connector_type': 'VARCHAR', 'forced_tls': 'VARCHAR', 'tls_version': 'VARCHAR', 'tls_cipher': 'VARCHAR',
            'sender_address': 'VARCHAR', 'recipient_address': 'VARCHAR', 'message_id': 'VARCHAR',
            'network_message_id': 'VARCHAR', 'delivery_status': 'VARCHAR', 'total_bytes': 'VARCHAR',
            'message_subject': 'VARCHAR'
        }
    )
    where delivery_status not in ('Failed', 'Expanded')
),

deliveries as (
    select
        data_date, direction, connector, network_message_id, recipient,
        max(struct_pack(
            says := case tls_version when 'Unknown' then 0 else 2 end, with_cipher := tls_cipher not in ('Unknown', 'none'),
            tls_version := tls_version, tls_cipher := tls_cipher, partner_domain := partner_domain
        )) as best,
        max(bytes) as bytes
    from traces
    group by all
),

transfers as (
    select
        data_date, direction, connector, network_message_id, best.partner_domain as partner_domain,
        best.tls_version as tls_version, best.tls_cipher as tls_cipher, count(*) as recipients, max(bytes) as bytes
    from deliveries
    group by all
)

select
    data_date, direction, connector, partner_domain, tls_version, tls_cipher,
    count(*)::bigint as messages, sum(recipients)::bigint as recipients, sum(bytes)::bigint as bytes
from transfers
group by all
order by all;
