-- A day of traces of the format m365_connector_report: $rows records from $domains partner domains, two recipients in
-- three messages of ten, 2 % of the records told twice. The same for the same numbers.
copy (
    with numbered as (
        select
            record,
            case when record % 50 = 0 then record - 1 else record end as told
        from range(1, $rows + 1) as made (record)
    ),

    drawn as (
        select
            *,
            told - (told % 10) // 7 as message,
            hash(told - (told % 10) // 7) as dice
        from numbered
    )

    select
        strftime(
            timestamp '2026-11-15 23:00:00' + to_milliseconds((message * 86399000 // $rows)::bigint), '%Y-%m-%dT%H:%M:%S.%gZ'
        ) as date_time_utc,
        case when dice % 2 = 0 then 'Received' else 'Sent' end as directionality,
        case when dice % 23 < 11 then '' else 'Connector ' || (dice % 23) end as connector_name,
        case when dice % 23 < 11 then 'NoConnector' when dice % 3 = 0 then 'Partner' else 'OnPremises' end as connector_type,
        case when dice % 5 = 0 then 'True' else 'False' end as forced_tls,
        case when dice % 37 < 2 then 'No Tls' when dice % 37 < 4 then 'TLS1.0' when dice % 37 < 24 then 'TLS1.2'
            when dice % 37 = 24 then '' else 'TLS1.3' end as tls_version,
        case when dice % 37 between 4 and 23 then 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'
            when dice % 37 > 24 then 'TLS_AES_256_GCM_SHA384' else '' end as tls_cipher,
        'user' || (dice % 100000) || '@' || case when dice % 2 = 0
            then 'partner' || ((dice // 64) % $domains) || '.example' else 'contoso.example' end as sender_address,
        'person' || told || '@' || case when dice % 2 = 0
            then 'contoso.example' else 'partner' || ((dice // 64) % $domains) || '.example' end as recipient_address,
        '<' || message || '.' || dice || '@mx.example>' as message_id,
        substr(md5(message::varchar), 1, 8) || '-' || substr(md5(message::varchar), 9, 4) || '-4d0e-9b1c-'
            || substr(md5(message::varchar), 13, 12) as network_message_id,
        'Delivered' as delivery_status,
        2000 + dice % 200000 as total_bytes,
        'Re: Order ' || (dice % 10000) as message_subject
    from drawn
) to (getvariable('file')) (format csv, header true);
