-- One row per line of the log, typed: which kind of line it is and what trace.sql needs of it. `kind` is null where the
-- line takes no part. Addresses only as keyed hashes, hosts of others only as hashes to join by.
-- A line is `STAMP HOST SERVICE[PID]: FIRST: SECOND: …`. No join here, it would not keep the lines in order, nor a list of
-- five words behind `in`, which becomes one; no regular expression and no split_part over whole lines: both cost more
-- than the rest together.
-- In: the view `lines`, the macros of log_clock.sql and log_networks.sql, session variable hash_key.

-- A part of `delays=`; what is none, or more than a queue's life, says nothing (`nan` is greater than any number).
create or replace temp macro seconds_of(word) as
    case when try_cast(word as double) between 0 and 1000000 then try_cast(word as double) else 0 end;

create or replace temp view records as
with cut as (
    select
        line,
        nullif(instr(line, ': '), 0) as head_end,
        line like '____-__-__%' as is_iso,
        line like '___ __ __:__:__ %' as is_bsd
    from lines
),

tagged as (
    select
        line,
        is_iso,
        is_bsd,
        left(line, head_end - 1) as head,
        case
            when is_bsd then substr(left(line, head_end - 1), 17)
            when line like '__________ %' then substr(left(line, head_end - 1), instr(substr(line, 12), ' ') + 12)
            else substr(left(line, head_end - 1), instr(line, ' ') + 1)
        end as speaker,
        substr(line, head_end + 2) as said
    from cut
),

named as (
    select
        * exclude (speaker),
        left(speaker, instr(speaker, ' ') - 1) as host,
        speaker,
        substr(left(speaker, instr(speaker, '[') - 1), instr(speaker, ' ') + 1) as service,
        case when contains(said, ': ') then left(said, instr(said, ': ') - 1) else said end as first_part,
        case when contains(said, ': ') then substr(said, instr(said, ': ') + 2) end as second_part
    from tagged
),

kinds as (
    select
        *,
        case
            when not (is_iso or is_bsd) or not contains(service, '/') then null
            when second_part = 'removed' then 'removed'
            when starts_with(second_part, 'uid=') and ends_with(service, '/pickup') then 'begin'
            when starts_with(second_part, 'to=<') then
                case when contains(second_part, ' status=') and not contains(second_part, ' status=deliverable')
                    and not contains(second_part, ' status=undeliverable') then 'delivery' end
            when starts_with(second_part, 'from=<') then case when ends_with(second_part, '(queue active)') then 'active' end
            when ends_with(service, '/smtpd') then
                case
                    when starts_with(second_part, 'client=') then 'client'
                    when starts_with(first_part, 'connect from ') then 'connect'
                    when starts_with(first_part, 'disconnect from ') then 'disconnect'
                    when contains(first_part, 'TLS connection established from ') then 'tls-in'
                end
            when contains(first_part, 'TLS connection established to ') then 'tls-out'
            when contains(first_part, 'TLS connection reused to ') then 'tls-out'
        end as kind
    from named
),

related as (
    select
        *,
        case when kind = 'delivery' then substr(second_part, instr(second_part, '>, relay=') + 9) end as from_relay,
        -- `to=<ADDRESS` or `to=<ADDRESS>, orig_to=<ORIGINAL`; a quoted local part may hold `>` too.
        case when kind = 'delivery' then left(second_part, instr(second_part || '>, relay=', '>, relay=') - 1) end as receivers
    from kinds
),

-- What follows the words that make the line's kind. `told` is what comes before the other server's answer.
fields as (
    select
        *,
        case
            when kind is null then null
            when is_bsd then stamp_date(head) + try_cast(substr(head, 8, 8) as time)
            else try_cast(left(head, 19) as timestamp)
        end as clock,
        kind is not null and is_iso and line not like '__________ %' and has_zone(substr(left(head, instr(head, ' ') - 1), 20)) as has_zone,
        case when kind <> 'connect' and kind <> 'disconnect' and kind <> 'tls-in' and kind <> 'tls-out' then first_part end as queue_id,
        case kind
            when 'delivery' then left(from_relay, instr(from_relay, ' (') - 1)
            when 'client' then substr(second_part, 8)
            when 'tls-in' then second_part
            when 'tls-out' then second_part
        end as told,
        case kind
            when 'delivery' then substr(left(receivers, instr(receivers || '>, orig_to=<', '>, orig_to=<') - 1), 5)
            when 'active' then substr(left(second_part, length(second_part) - length(split_part(second_part, '>, size=', -1)) - 8), 7)
        end as address,
        case when contains(receivers, '>, orig_to=<') then substr(receivers, instr(receivers, '>, orig_to=<') + 12) end as original
    from related
),

parts as (
    select
        *,
        case when has_zone then try_cast(left(head, instr(head, ' ') - 1) as timestamptz)::timestamp else to_utc(clock) end as occurred_at,
        case
            when kind in ('client', 'delivery') then left(told, instr(told || ',', ',') - 1)
            when kind = 'tls-out' then substr(first_part, instr(first_part, ' to ') + 4)
        end as peer_name,
        case when kind = 'delivery' then substr(told, instr(told, ' status=') + 8) end as status,
        case when kind = 'delivery' then substr(told, instr(told, ', delays=') + 9) end as delays,
        case when kind in ('tls-in', 'tls-out') then left(told, instr(told, ' with cipher ') - 1) end as version_word,
        case when kind in ('tls-in', 'tls-out') then left(substr(told, instr(told, ' with cipher ') + 13), instr(substr(told, instr(told, ' with cipher ') + 13) || ' ', ' ') - 1) end as cipher_word,
        case when kind in ('tls-in', 'tls-out') and contains(told, ' key-exchange ') then substr(told, instr(told, ' key-exchange ') + 14) end
            as exchange
    from fields
),

judged as (
    select
        *,
        substr(left(peer_name, instr(peer_name, ']') - 1), instr(peer_name, '[') + 1) as peer_ip,
        case
            when line is null then 'blank-line'
            when not (is_iso or is_bsd) then 'no time stamp that this reader knows'
            when kind is not null and is_beyond(occurred_at) then 'a date outside 2010 to 2039'
            when kind = 'delivery' and occurred_at is not null then case when status <> 'sent' then 'not-transferred' end
            when kind = 'disconnect' and occurred_at is not null then
                case when contains(first_part, ' commands=') and not contains(first_part, ' data=') and not contains(first_part, ' bdat=')
                    then 'connection-without-mail' end
            when kind is not null and occurred_at is null then 'a time stamp that is none'
            when kind = 'begin' then 'local-submission'
            when kind is not null then null
            when not contains(service, '/') then 'other-program'
            when starts_with(second_part, 'reject: ') or starts_with(second_part, 'milter-reject: ') then 'not-transferred'
            when ends_with(service, '/cleanup') then 'message-header'
            when starts_with(second_part, 'to=<') then 'address-probe'
            else 'notice'
        end as reason
    from parts
)

select
    case
        when reason is null then 'used'
        when reason in ('no time stamp that this reader knows', 'a time stamp that is none', 'a date outside 2010 to 2039') then 'rejected'
        else 'skipped'
    end as outcome,
    reason,
    case when not is_beyond(occurred_at) then kind end as kind,
    occurred_at,
    occurs_twice(clock) and not has_zone as is_twice,
    case when kind not in ('active', 'removed', 'begin') then host end as host,
    case when kind in ('client', 'delivery', 'tls-in', 'tls-out') then service end as service,
    case when kind not in ('active', 'removed', 'begin') then hash(speaker) end as channel,
    case when queue_id <> 'NOQUEUE' then hash(host, queue_id) end as queue,
    hash(peer_name) as peer,
    case when kind = 'client' and contains(told, ', orig_client=')
        and (not contains(told, ', orig_queue_id=') or contains(told, ', orig_queue_id=NOQUEUE'))
        then hash(split_part(split_part(told, ', orig_client=', 2), ', ', 1)) end as original_peer,
    case kind
        when 'client' then
            case
                when is_internal_service(service) then 'internal'
                when contains(told, ', sasl_') then 'submission'
                when contains(service, '/submission') or contains(service, '/smtps/') then 'submission'
                when contains(told, ', orig_queue_id=') and not contains(told, ', orig_queue_id=NOQUEUE') then 'internal'
                when is_own(peer_ip) then 'internal'
                else 'inbound'
            end
        when 'delivery' then
            case
                when not contains(peer_name, '[') or contains(peer_ip, '/') then 'mailbox'
                when is_internal_service(service) then 'internal'
                when not ends_with(service, '/smtp') or is_own(peer_ip) then 'internal'
                when is_own_domain(domain_of(address)) then 'internal'
                else 'outbound'
            end
    end as place,
    case when kind in ('delivery', 'active') then domain_of(address) end as partner_domain,
    case when kind = 'delivery' then address_key(address) end as recipient,
    case when original <> '' then address_key(original) end as original_recipient,
    case when kind = 'active' then size_of(split_part(split_part(second_part, '>, size=', -1), ',', 1)) end as size,
    status = 'sent' as is_sent,
    case when kind = 'delivery' then contains(told, ', conn_use=') end as is_reused,
    case when kind = 'delivery' then seconds_of(split_part(delays, '/', 3)) + seconds_of(split_part(split_part(delays, '/', 4), ',', 1)) end
        as connected_seconds,
    case when kind = 'delivery' and contains(told, ', tls=') then split_part(split_part(split_part(told, ', tls=', 2), ',', 1), '/', 1) end
        as tls_level,
    case when kind = 'disconnect' then contains(first_part, ' starttls=') and not contains(first_part, ' starttls=0') end as has_starttls,
    version_word,
    cipher_word,
    -- `key-exchange X25519 …`, `key-exchange ECDHE (prime256v1) …`, `key-exchange DHE (2048 bits) …`
    case
        when exchange is null then null
        when starts_with(split_part(exchange, ' ', 2), '(') then
            case when starts_with(exchange, 'DH') then 'ffdhe' else '' end || split_part(split_part(split_part(exchange, '(', 2), ')', 1), ' ', 1)
        else split_part(exchange, ' ', 1)
    end as group_word,
    case
        when version_word is null then null
        when starts_with(first_part, 'Anonymous ') then 'none'
        when starts_with(first_part, 'Untrusted ') then 'untrusted'
        when starts_with(first_part, 'Trusted ') then 'trusted'
        when starts_with(first_part, 'Verified ') then 'verified'
        else 'Unknown'
    end as tls_auth,
    case when kind is not null then hash(line) end as line_key
from judged;
