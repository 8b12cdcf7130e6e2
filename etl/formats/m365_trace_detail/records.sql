-- One row per event, typed: the hop that crossed the border is used, every other event is skipped by a named rule.
-- custom_data is `S:key=value;'S:key=a=b;c=d'`: items between semicolons, one that holds semicolons or apostrophes in
-- single quotes, its apostrophes doubled (other writers do not double them); a key's last dotted part is its name; a value
-- begins behind the first `=`. It is taken apart for used events only.
-- In: the view `dated`, the macros of told_words.sql, tls_words, cipher_words, session variables.
create or replace temp macro items_of(told) as
    list_transform(
        regexp_extract_all(told, '(?s)''(?:[^'']|'''')*''\s*(?:;|$)|''.*?''\s*(?:;|$)|[^;]+'),
        lambda item: regexp_replace(
            replace(regexp_replace(trim(rtrim(trim(item), '; ')), '^''|''$', '', 'g'), '''''', ''''), '^[sS]:', ''
        )
    );

create or replace temp macro value_of(items, key) as
    list_transform(
        list_filter(items, lambda item: contains(item, '=') and lower(split_part(split_part(item, '=', 1), '.', -1)) = key),
        lambda item: substr(item, instr(item, '=') + 1)
    )[1];

-- `Name=Fabrikam partner;ConnectorType=Partner;…`: the name may hold what it likes but `;Word=`.
create or replace temp macro name_in(told) as
    nullif(trim(case
        when regexp_matches(told, '(?i)(?:^|;)\s*Name=')
            then regexp_extract(told, '(?s)(?:^|;)\s*(?i:Name)=(.*?)\s*(?:;\s*[A-Z][A-Za-z]{2,}=.*)?;?$', 1)
        when not contains(told, '=') then told
    end), '');

create or replace temp view records as
with events as (
    select
        * exclude (source, event_id),
        upper(trim(source)) as origin,
        upper(trim(event_id)) as event,
        case fold_word(direction)
            when 'incoming' then 'inbound'
            when 'inbound' then 'inbound'
            when '1' then 'inbound'
            when 'originating' then 'outbound'
            when 'outbound' then 'outbound'
            when '2' then 'outbound'
        end as told_way
    from dated
),

hops as (
    select
        *,
        case
            when origin = 'SMTP' and event = 'RECEIVE' then 'inbound'
            when origin = 'SMTP' and event = 'SENDEXTERNAL' then 'outbound'
        end as way
    from events
),

taken_apart as (
    select *, case when way is not null then items_of(custom_data) end as items
    from hops
),

told_connectors as (
    select
        *,
        trim(value_of(items, 'tlsversion')) as version_word,
        trim(value_of(items, 'tlscipher')) as cipher_word,
        case way
            when 'inbound' then value_of(items, 'inboundconnectordata')
            when 'outbound' then value_of(items, 'tenantoutboundconnectorcustomdata')
        end as connector_told,
        value_of(items, 'connectortype') as type_beside
    from taken_apart
),

named as (
    select
        *,
        coalesce(
            name_in(connector_told),
            case when getvariable('takes_connector_id') and way is not null then nullif(trim(connector_id), '') end
        ) as name,
        coalesce(nullif(regexp_extract(connector_told, '(?i)(?:^|;)\s*ConnectorType=([^;]*)', 1), ''), type_beside) as type_told
    from told_connectors
),

judged as (
    select
        named.*,
        case
            when tls_words.tls_version is not null then tls_words.tls_version
            when regexp_matches(fold_word(version_word), '^(spprot|tls|ssl)') then 'TLS unknown'
            else 'Unknown'
        end as version,
        tls_words.word is null and version_word <> '' as is_unknown_version,
        cipher_words.tls_cipher as known_cipher,
        cipher_words.word is null and version_word <> '' and cipher_word <> '' as is_unknown_cipher,
        case
            when getvariable('has_nul') and contains(concat_ws('', date_time, origin, event, sender, recipient, message_id,
                network_message_id, bytes, custom_data), chr(0)) then 'a NUL byte'
            when clock is null then 'not a date'
            when data_date is null then 'a date outside 2010 to 2039'
        end as reason,
        case
            when way = 'outbound' and regexp_matches(trim(status), '^[45][0-9][0-9]\b') then 'not-transferred'
            -- A mailbox's mail on its way to the edge: the service hands it to itself.
            when way = 'inbound' and told_way = 'outbound' and name is null then 'intra-service'
            when way is not null then null
            when event in ('FAIL', 'DEFER', 'BADMAIL', 'DROP', 'POISONMESSAGE', 'SUBMITFAIL', 'SUBMITDEFER', 'DELIVERFAIL',
                'HAREDIRECTFAIL', 'THROTTLE', 'PROCESSFAIL') then 'not-transferred'
            when event in ('DELIVER', 'DUPLICATEDELIVER', 'DUPLICATEREDIRECT', 'PROCESS') then 'mailbox-delivery'
            when event = 'SUBMIT' or (origin = 'STOREDRIVER' and event = 'RECEIVE') then 'mailbox-submission'
            when event in ('EXPAND', 'DUPLICATEEXPAND', 'RESOLVE', 'REDIRECT') then 'expanded'
            when event = 'AGENTINFO' then 'agent-info'
            when event in ('SEND', 'TRANSFER', 'RESUBMIT', 'HARECEIVE', 'HAREDIRECT', 'HADISCARD', 'NOTIFYMAPI') then 'intra-service'
            else 'other-event'
        end as rule
    from named
    left join tls_words on tls_words.word = fold_word(version_word)
    left join cipher_words on cipher_words.word = fold_word(cipher_word)
)

select
    case when reason is not null then 'rejected' when rule is not null then 'skipped' else 'used' end as outcome,
    coalesce(reason, rule) as reason,
    data_date,
    case when getvariable('date_style') <> 'date' then occurred_at end as occurred_at,
    way as direction,
    coalesce(name, 'No connector') as connector,
    case when name is not null then type_of(type_told) end as connector_type,
    null::boolean as forced_tls,
    -- The envelope's sender; the other is the header's.
    coalesce(nullif(trim(return_path), ''), trim(sender)) as sender,
    trim(recipient) as recipient,
    version as tls_version,
    case when version = 'No TLS' then 'none' else coalesce(known_cipher, 'Unknown') end as tls_cipher,
    case when version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when version = 'No TLS' then 'none' else 'Unknown' end as tls_auth,
    message_id,
    network_message_id,
    case when try_cast(bytes as bigint) between 0 and 1000000000000 then try_cast(bytes as bigint) end as bytes,
    null::bigint as messages,
    case when is_unknown_version then version_word end as unknown_version,
    case when is_unknown_cipher then cipher_word end as unknown_cipher,
    record
from judged;
