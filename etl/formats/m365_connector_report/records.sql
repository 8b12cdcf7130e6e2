-- One row per record and recipient of the export, typed: what was used, what a named rule skipped, what was rejected
-- and why. In: the view `dated`, the tables tls_words and cipher_words, session variables.
create or replace temp view records as
with worded as (
    select
        dated.*,
        case lower(trim(direction))
            when 'received' then 'inbound'
            when 'inbound' then 'inbound'
            when 'incoming' then 'inbound'
            when 'in' then 'inbound'
            when '1' then 'inbound'
            when 'sent' then 'outbound'
            when 'outbound' then 'outbound'
            when 'originating' then 'outbound'
            when 'out' then 'outbound'
            when '2' then 'outbound'
            when 'internal' then 'internal'
            when 'intraorg' then 'internal'
        end as way,
        case
            when tls_words.tls_version is not null then tls_words.tls_version
            when trim(dated.tls_version) <> '' and starts_with(lower(trim(dated.tls_version)), 'tls') then 'TLS unknown'
            when trim(dated.tls_version) <> '' and starts_with(lower(trim(dated.tls_version)), 'ssl') then 'TLS unknown'
            else 'Unknown'
        end as version,
        tls_words.word is null and trim(dated.tls_version) <> '' as is_unknown_version,
        cipher_words.tls_cipher as known_cipher,
        cipher_words.word is null and trim(dated.tls_cipher) not in ('', '-', 'none', 'None', 'n/a') as is_unknown_cipher
    from dated
    left join tls_words on tls_words.word = fold_word(dated.tls_version)
    left join cipher_words on cipher_words.word = fold_word(dated.tls_cipher)
),

judged as (
    select
        *,
        case
            when getvariable('has_nul') and contains(concat_ws('', date_time, direction, connector, tls_version,
                tls_cipher, sender, recipient, message_id, network_message_id, bytes), chr(0)) then 'a NUL byte'
            when clock is null then 'a date that is none'
            when data_date is null then 'a date outside 2010 to 2039'
            when way is null then 'an unknown direction'
            when getvariable('has_messages') and coalesce(try_cast(messages as bigint) not between 0 and 1000000000000, true)
                then 'a count that is none'
        end as reason,
        case
            when lower(trim(status)) in ('failed', 'fail', 'expanded', 'expand', 'deferred', 'defer', 'pending', 'rejected',
                'resolved', 'gettingstatus', 'none') then 'not-transferred'
        end as rule
    from worded
)

select
    case when reason is not null then 'rejected' when rule is not null then 'skipped' else 'used' end as outcome,
    coalesce(reason, rule) as reason,
    data_date,
    case when getvariable('date_style') <> 'date' then occurred_at end as occurred_at,
    way as direction,
    case
        when connector is null or trim(connector) = '' then 'No connector'
        when fold_word(connector) in ('noconnector', 'none', 'fromtheinternetwithoutaconnector',
            'totheinternetwithoutaconnector') then 'No connector'
        else trim(connector)
    end as connector,
    case
        when connector_type is null or fold_word(connector_type) in ('', 'noconnector', 'none') then null
        when fold_word(connector_type) = 'onpremises' then 'On-premises'
        else trim(connector_type)
    end as connector_type,
    case
        when lower(trim(forced_tls)) in ('true', 'yes', '1') then true
        when lower(trim(forced_tls)) in ('false', 'no', '0') then false
    end as forced_tls,
    trim(sender) as sender,
    trim(recipient) as recipient,
    version as tls_version,
    case when version = 'No TLS' then 'none' else coalesce(known_cipher, 'Unknown') end as tls_cipher,
    case when version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when version = 'No TLS' then 'none' else 'Unknown' end as tls_auth,
    message_id,
    network_message_id,
    case when try_cast(bytes as bigint) between 0 and 1000000000000 then try_cast(bytes as bigint) end as bytes,
    case when getvariable('has_messages') then try_cast(messages as bigint) end as messages,
    case when is_unknown_version then tls_version end as unknown_version,
    case when is_unknown_cipher then tls_cipher end as unknown_cipher,
    record
from judged;
