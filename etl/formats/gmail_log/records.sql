-- One row per record of a Gmail log, typed: one stage of a message's way, with the hop it tells of and where it goes. Fields
-- of another type than expected are read as text, or as nothing; no join here, it would not keep the records in order.
-- In: the view `lines`, the macros of log_networks.sql, session variables hash_key, tls_states, tls_state_versions.
create or replace temp macro is_true(told) as coalesce(lower(told) in ('true', '1', 'yes'), false);
create or replace temp macro is_false(told) as coalesce(lower(told) in ('false', '0', 'no'), false);

create or replace temp macro service_name(service, selector) as
    nullif(concat_ws(':', nullif(trim(service), ''), nullif(trim(selector), '')), '');

-- Microseconds since 1970, or a time as text.
create or replace temp macro instant_of(told) as
    case
        when try_cast(told as bigint) between 1 and 9999999999999999 then make_timestamp(try_cast(told as bigint))
        when contains(told, '-') then try_cast(told as timestamptz) at time zone 'UTC'
    end;

-- Whom a record goes to: `destination`, an object or many; else `flattened_destinations`, `service:selector:address,…`.
create or replace temp macro destinations_of(told, flattened) as
    case
        when json_type(told) = 'ARRAY' then
            json_transform(told, '[{"address": "VARCHAR", "service": "VARCHAR", "selector": "VARCHAR", "rcpt_response": "VARCHAR"}]')
        when json_type(told) = 'OBJECT' then
            [json_transform(told, '{"address": "VARCHAR", "service": "VARCHAR", "selector": "VARCHAR", "rcpt_response": "VARCHAR"}')]
        when flattened <> '' then list_transform(string_split(flattened, ','), lambda part: {
            address: split_part(part, ':', 3), service: split_part(part, ':', 1), selector: split_part(part, ':', 2),
            rcpt_response: null::varchar
        })
        else []
    end;

create or replace temp view records as
with parsed as (
    select
        line,
        case when json_type(try_cast(line as json)) = 'OBJECT' then json_transform(line, '{
            "event_id": "VARCHAR", "unique_identifier": "VARCHAR", "record_type": "VARCHAR", "time_usec": "VARCHAR",
            "event_info": {"timestamp_usec": "VARCHAR", "success": "VARCHAR", "mail_event_type": "VARCHAR"},
            "message_info": {
                "action_type": "VARCHAR", "rfc2822_message_id": "VARCHAR", "payload_size": "VARCHAR",
                "source": {"address": "VARCHAR", "service": "VARCHAR", "selector": "VARCHAR"}, "destination": "JSON",
                "flattened_destinations": "VARCHAR", "message_set": "JSON", "is_policy_check_for_sender": "VARCHAR",
                "connection_info": {
                    "smtp_tls_state": "VARCHAR", "smtp_tls_version": "VARCHAR", "smtp_tls_cipher": "VARCHAR",
                    "smtp_reply_code": "VARCHAR", "smtp_out_remote_host": "VARCHAR", "is_intra_domain": "VARCHAR"
                }
            },
            "gmail": {
                "event_info": {"timestamp_usec": "VARCHAR", "success": "VARCHAR", "mail_event_type": "VARCHAR"},
                "message_info": {
                    "action_type": "VARCHAR", "rfc2822_message_id": "VARCHAR", "payload_size": "VARCHAR",
                    "source": {"address": "VARCHAR", "service": "VARCHAR", "selector": "VARCHAR"}, "destination": "JSON",
                    "flattened_destinations": "VARCHAR", "message_set": "JSON", "is_policy_check_for_sender": "VARCHAR",
                    "connection_info": {
                        "smtp_tls_state": "VARCHAR", "smtp_tls_version": "VARCHAR", "smtp_tls_cipher": "VARCHAR",
                        "smtp_reply_code": "VARCHAR", "smtp_out_remote_host": "VARCHAR", "is_intra_domain": "VARCHAR"
                    }
                }
            }
        }') end as told
    from lines
),

-- Both layouts as one: the same fields stand at the top, or under `gmail`.
laid as (
    select
        line,
        told is not null as is_object,
        lower(told.record_type) as record_type,
        coalesce(told.event_id, told.unique_identifier) as event_id,
        coalesce(told.gmail.event_info.timestamp_usec, told.event_info.timestamp_usec, told.time_usec) as time_text,
        coalesce(told.gmail.event_info.success, told.event_info.success) as success,
        try_cast(coalesce(told.gmail.event_info.mail_event_type, told.event_info.mail_event_type) as integer) as event_type,
        try_cast(coalesce(told.gmail.message_info.action_type, told.message_info.action_type) as integer) as action,
        trim(coalesce(told.gmail.message_info.rfc2822_message_id, told.message_info.rfc2822_message_id), ' <>') as message_id,
        try_cast(coalesce(told.gmail.message_info.payload_size, told.message_info.payload_size) as bigint) as size_told,
        coalesce(told.gmail.message_info.source.address, told.message_info.source.address) as sender,
        lower(coalesce(told.gmail.message_info.source.service, told.message_info.source.service, '')) as from_service,
        coalesce(told.gmail.message_info.source.selector, told.message_info.source.selector) as from_selector,
        destinations_of(
            coalesce(told.gmail.message_info.destination, told.message_info.destination),
            coalesce(told.gmail.message_info.flattened_destinations, told.message_info.flattened_destinations)
        ) as goes_to,
        coalesce(json_extract_string(
            coalesce(told.gmail.message_info.message_set, told.message_info.message_set), '$[*].type'), []) as sets,
        is_true(coalesce(told.gmail.message_info.is_policy_check_for_sender,
            told.message_info.is_policy_check_for_sender)) as is_for_sender,
        trim(coalesce(told.gmail.message_info.connection_info.smtp_tls_state,
            told.message_info.connection_info.smtp_tls_state)) as state,
        trim(coalesce(told.gmail.message_info.connection_info.smtp_tls_version,
            told.message_info.connection_info.smtp_tls_version)) as version_told,
        trim(coalesce(told.gmail.message_info.connection_info.smtp_tls_cipher,
            told.message_info.connection_info.smtp_tls_cipher)) as cipher_told,
        try_cast(coalesce(told.gmail.message_info.connection_info.smtp_reply_code,
            told.message_info.connection_info.smtp_reply_code) as integer) as reply,
        coalesce(told.gmail.message_info.connection_info.smtp_out_remote_host,
            told.message_info.connection_info.smtp_out_remote_host, '') as out_host,
        is_true(coalesce(told.gmail.message_info.connection_info.is_intra_domain,
            told.message_info.connection_info.is_intra_domain)) as is_intra
    from parsed
),

hops as (
    select
        *,
        instant_of(time_text) as occurred_at,
        is_own_domain(domain_of(sender)) as is_from_inside,
        case
            when action = 1 or starts_with(from_service, 'smtp-in') then
                case
                    when is_for_sender or (list_contains(sets, '8') and not list_contains(sets, '9')) then 'submission'
                    when is_intra then 'internal'
                    else 'inbound'
                end
        end as received,
        action is null and message_id is null and sender is null and len(goes_to) = 0 and state is null as is_empty
    from laid
),

directed as (
    select
        * exclude (goes_to),
        list_transform(goes_to, lambda part: {
            recipient: address_key(lower(nullif(trim(part.address), ''))),
            domain: domain_of(nullif(trim(part.address), '')),
            service: service_name(lower(part.service), part.selector),
            is_refused: regexp_matches(coalesce(part.rcpt_response, ''), '^[45][0-9][0-9]\b'),
            way: case
                when action = 1 then received
                when starts_with(lower(part.service), 'smtp-out') then 'outbound'
                when coalesce(trim(part.service), '') = '' and out_host <> '' then 'outbound'
                when received is not null then received
                when from_service = 'mailing-list-server' then null
                when is_intra then 'internal'
                when is_from_inside and is_own_domain(domain_of(part.address)) then 'internal'
                when is_from_inside and coalesce(trim(part.service), '') = '' then 'outbound'
                when is_from_inside then 'internal'
                when from_service = '' and (coalesce(trim(part.service), '') = '' or starts_with(lower(part.service), 'gmail')) then 'inbound'
            end
        }) as goes_to
    from hops
),

sided as (
    select
        *,
        case
            when action = 1 then received
            when len(list_filter(goes_to, lambda part: part.way = 'outbound')) > 0
                and (received is null or out_host <> '' or len(list_filter(goes_to, lambda part: part.way <> 'outbound')) = 0)
                then 'outbound'
            when received is not null then received
            when len(goes_to) = 0 and (out_host <> '' or (list_contains(sets, '8') and state <> '')) then 'outbound'
        end as side,
        len(list_filter(goes_to, lambda part: part.way is not null)) > 0 as goes_anywhere,
        is_false(success) or coalesce(reply between 400 and 599, false) or (action = 2 and not is_true(success)) as has_failed
    from directed
),

judged as (
    select
        *,
        case
            when not is_object then 'no JSON object'
            when is_empty and time_text is null then 'no record of a Gmail log'
            when is_empty or record_type not in ('', 'gmail') or event_type >= 3 then null
            when occurred_at is null then 'not a date'
            when occurred_at < '2010-01-01' or occurred_at >= '2040-01-01' then 'a date outside 2010 to 2039'
        end as fault,
        case
            when record_type not in ('', 'gmail') then 'other-record'
            when is_empty then 'no-message'
            when event_type >= 3 then 'user-action'
            when has_failed then 'not-transferred'
            when side is null and not goes_anywhere then 'inner-stage'
        end as rule
    from sided
)

select
    case
        when line is null or (not is_object and trim(line) = '') then 'skipped'
        when fault is not null then 'rejected'
        when rule is not null then 'skipped'
        else 'used'
    end as outcome,
    case when line is null or (not is_object and trim(line) = '') then 'blank-line' else coalesce(fault, rule) end as reason,
    case when fault is null and rule is null then 'stage' end as kind,
    case when fault is null then occurred_at end as occurred_at,
    false as is_twice,
    coalesce(fault is null and rule = 'not-transferred' and side = 'outbound', false) as is_failed_hop,
    unhex(md5(getvariable('hash_key') || 'message' || case
        when message_id <> '' then message_id else chr(10) || coalesce(event_id, line) end)) as mail,
    address_key(lower(trim(sender))) as sender,
    domain_of(trim(sender)) as partner_domain,
    coalesce(side, list_filter(goes_to, lambda part: part.way is not null)[1].way) as place,
    side,
    service_name(from_service, from_selector) as from_service,
    case when side = 'outbound' then list_max(list_transform(goes_to, lambda part: part.service)) else service_name(from_service, from_selector) end as service,
    list_filter(goes_to, lambda part: part.way is not null and not part.is_refused) as goes_to,
    side is not null and (state <> '' or version_told <> '' or reply between 200 and 299) as is_smtp,
    case
        when version_told <> '' then version_told
        when state <> '' and not list_contains(getvariable('tls_states'), state) then 'smtp_tls_state ' || state
    end as version_word,
    case when coalesce(version_told, '') = '' then
        getvariable('tls_state_versions')[list_position(getvariable('tls_states'), state)] end as state_version,
    nullif(cipher_told, '') as cipher_word,
    null::varchar as group_word,
    case when size_told between 0 and 1000000000000 then size_told end as size,
    case when fault is null and rule is null then hash(coalesce(event_id, line)) end as line_key
from judged;
