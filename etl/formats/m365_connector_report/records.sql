-- One row per record of the export, typed: what was used, what a named rule skipped, what was rejected and why.
-- The few ways in which a file spells what comes again and again are found first and read once each, not once a record.
-- In: the view `dated` over `raw`, the tables tls_words and cipher_words, session variables.
create or replace temp table spellings as
with spelled as (
    select distinct direction, connector, connector_type, forced_tls, tls_version, tls_cipher, status from raw
),

worded as (
    select
        spelled.*,
        case
            when tls_words.tls_version is not null then tls_words.tls_version
            when starts_with(lower(trim(spelled.tls_version)), 'tls') then 'TLS unknown'
            when starts_with(lower(trim(spelled.tls_version)), 'ssl') then 'TLS unknown'
            else 'Unknown'
        end as version,
        tls_words.word is null and trim(spelled.tls_version) <> '' as is_unknown_version,
        cipher_words.tls_cipher as known_cipher,
        cipher_words.word is null and trim(spelled.tls_cipher) not in ('', '-', 'none', 'None', 'n/a') as is_unknown_cipher
    from spelled
    left join tls_words on tls_words.word = fold_word(spelled.tls_version)
    left join cipher_words on cipher_words.word = fold_word(spelled.tls_cipher)
)

select
    direction,
    connector,
    connector_type,
    forced_tls,
    tls_version,
    tls_cipher,
    status,
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
        when lower(trim(status)) in ('failed', 'fail', 'expanded', 'expand', 'deferred', 'defer', 'pending', 'rejected',
            'resolved', 'gettingstatus', 'none') then 'not-transferred'
    end as rule,
    case
        when connector is null or trim(connector) = '' then 'No connector'
        when fold_word(connector) in ('noconnector', 'none', 'fromtheinternetwithoutaconnector',
            'totheinternetwithoutaconnector') then 'No connector'
        else trim(connector)
    end as connector_name,
    case
        when connector_type is null or fold_word(connector_type) in ('', 'noconnector', 'none') then null
        when fold_word(connector_type) = 'onpremises' then 'On-premises'
        else trim(connector_type)
    end as type_name,
    case
        when lower(trim(forced_tls)) in ('true', 'yes', '1') then true
        when lower(trim(forced_tls)) in ('false', 'no', '0') then false
    end as is_forced,
    version,
    case when version = 'No TLS' then 'none' else coalesce(known_cipher, 'Unknown') end as cipher,
    case when version = 'No TLS' then 'none' else 'Unknown' end as untold,
    case when is_unknown_version then tls_version end as unknown_version,
    case when is_unknown_cipher then tls_cipher end as unknown_cipher
from worded;

create or replace temp view records as
with worded as (
    select
        dated.*,
        spellings.* exclude (direction, connector, connector_type, forced_tls, tls_version, tls_cipher, status)
    from dated
    left join spellings
        on spellings.direction is not distinct from dated.direction
        and spellings.connector is not distinct from dated.connector
        and spellings.connector_type is not distinct from dated.connector_type
        and spellings.forced_tls is not distinct from dated.forced_tls
        and spellings.tls_version is not distinct from dated.tls_version
        and spellings.tls_cipher is not distinct from dated.tls_cipher
        and spellings.status is not distinct from dated.status
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
        end as reason
    from worded
)

select
    case when reason is not null then 'rejected' when rule is not null then 'skipped' else 'used' end as outcome,
    coalesce(reason, rule) as reason,
    data_date,
    case when getvariable('date_style') <> 'date' then occurred_at end as occurred_at,
    way as direction,
    connector_name as connector,
    type_name as connector_type,
    is_forced as forced_tls,
    trim(sender) as sender,
    trim(recipient) as recipient,
    version as tls_version,
    cipher as tls_cipher,
    untold as tls_group,
    untold as tls_auth,
    message_id,
    network_message_id,
    case when try_cast(bytes as bigint) between 0 and 1000000000000 then try_cast(bytes as bigint) end as bytes,
    case when getvariable('has_messages') then try_cast(messages as bigint) end as messages,
    unknown_version,
    unknown_cipher,
    record
from judged;
