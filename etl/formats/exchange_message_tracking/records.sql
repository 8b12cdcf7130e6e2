-- One row per event, typed: which of them tell of a hop over SMTP, and which way. In: the view `dated`, the macros of
-- log_networks.sql.
create or replace temp view records as
with worded as (
    select
        dated.* exclude (source, event, direction, connector, recipient),
        upper(trim(source)) as origin,
        upper(trim(event)) as event,
        lower(trim(direction)) as word,
        coalesce(nullif(trim(connector), ''), 'No connector') as connector,
        recipient as addresses,
        -- Who connected: a frontend's hub says in another field whom the frontend heard.
        coalesce(nullif(trim(original_client_ip), ''), trim(client_ip)) as client,
        trim(client_ip) as hop_client,
        trim(server_ip) as hop_server
    from dated
),

judged as (
    select
        *,
        case
            when starts_with(date_time, '#') then null
            when getvariable('has_nul') and contains(concat_ws('', date_time, origin, event, connector, addresses, sender), chr(0)) then 'a NUL byte'
            when clock is null then 'not a date'
            when data_date is null then 'a date outside 2010 to 2039'
            when coalesce(origin, '') = '' or coalesce(event, '') = '' then 'no source or event'
        end as fault,
        case
            when starts_with(date_time, '#') then 'header-line'
            when starts_with(event, 'HA') then 'shadow-copy'
            when event in ('FAIL', 'DEFER', 'BADMAIL', 'POISONMESSAGE', 'DROP', 'REJECT') then 'not-transferred'
            when origin = 'STOREDRIVER' then 'mailbox'
            when origin <> 'SMTP' or event not in ('RECEIVE', 'SEND', 'SENDEXTERNAL') then 'other-event'
        end as rule
    from worded
)

select
    case when fault is not null then 'rejected' when rule is not null then 'skipped' else 'used' end as outcome,
    coalesce(fault, rule) as reason,
    data_date,
    occurred_at,
    event = 'RECEIVE' as is_receiving,
    -- An Edge server hands inbound mail to the inside with the same word.
    event = 'SENDEXTERNAL' and word <> 'incoming' as is_leaving,
    case
        when rule is not null or fault is not null then null
        when is_internal_service(connector) or is_internal_service(split_part(connector, '\', -1)) then 'internal'
        when event = 'SENDEXTERNAL' then 'outbound'
        when event = 'SEND' then case when is_own(hop_server) or hop_server = hop_client then 'internal' else 'outbound' end
        when word = 'originating' then case when is_own(client) or client = hop_server then 'internal' else 'submission' end
        when is_own(client) then 'internal'
        else 'inbound'
    end as direction,
    connector,
    case
        when getvariable('has_return_path') and trim(return_path) <> '' then trim(return_path)
        else trim(sender)
    end as sender,
    -- `a;b` with `250 2.1.5 Ok;550 5.1.1 no`: a status for each, or none that can be told apart. A semicolon inside an
    -- address would part it where the list is spread out.
    case
        when contains(addresses, ';') or contains(addresses, '''') or contains(recipient_status, ';')
            then array_to_string(list_transform(
                list_zip(members_of(addresses), case
                    when len(members_of(addresses)) = len(members_of(recipient_status)) then members_of(recipient_status)
                    else []::varchar[] end),
                lambda told: replace(trim(told[1]), ';', chr(31))
                    || case when left(ltrim(told[2]), 1) in ('4', '5') and trim(told[1]) <> '' then '##fail' else '' end), ';')
        else trim(addresses)
            || case when left(ltrim(recipient_status, ' '''), 1) in ('4', '5') and trim(addresses) <> '' then '##fail' else '' end
    end as recipient,
    trim(network_message_id) as network_message_id,
    trim(message_id) as message_id,
    case when trim(internal_message_id) not in ('', '0') then concat_ws(chr(10), lower(server), trim(internal_message_id)) end
        as internal_message_id,
    case when regexp_full_match(trim(split_part(source_context, ';', 1)), '[0-9A-Fa-f]{8,32}')
        then hash(upper(trim(split_part(source_context, ';', 1)))) end as session,
    case when try_cast(bytes as bigint) between 0 and 1000000000000 then try_cast(bytes as bigint) end as bytes,
    record
from judged;
