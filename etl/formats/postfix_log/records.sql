-- One row per line of the log, typed: which kind of line it is and what trace.sql needs of it. `kind` is null where the
-- line takes no part. Addresses only as keyed hashes, hosts of others only as hashes to join by.
-- In: the view `lines`, the macros of log_clock.sql and log_networks.sql, session variables hash_key, own_domains,
-- internal_services. No join: it would not keep the lines in order.
create or replace temp view records as
with cut as (
    select
        line,
        split_part(line, ': ', 1) as head,
        substr(line, 5, 1) = '-' and substr(line, 8, 1) = '-' as is_iso,
        substr(line, 4, 1) = ' ' and substr(line, 10, 1) = ':' and substr(line, 13, 1) = ':' as is_bsd
    from lines
),

tagged as (
    select
        *,
        split_part(head, ' ', -1) as tag,
        substr(line, length(head) + 3) as said
    from cut
),

named as (
    select
        *,
        split_part(tag, '[', 1) as service,
        split_part(split_part(tag, '[', 1), '/', -1) as daemon
    from tagged
),

kinds as (
    select
        *,
        case
            when not contains(service, '/') or not (is_iso or is_bsd) then null
            when daemon = 'smtpd' then
                case
                    when starts_with(said, 'connect from ') then 'connect'
                    when starts_with(said, 'disconnect from ') then 'disconnect'
                    when contains(said, 'TLS connection established from ') then 'tls-in'
                    when contains(said, ': client=') and not contains(split_part(said, ': client=', 1), ' ') then 'client'
                end
            when contains(said, ': to=<') then
                case
                    when contains(said, ' status=') and not contains(said, ' status=deliverable')
                        and not contains(said, ' status=undeliverable') then 'delivery'
                end
            when ends_with(said, ': removed') and not contains(split_part(said, ': removed', 1), ' ') then 'removed'
            when contains(said, ': from=<') then case when ends_with(said, '(queue active)') then 'active' end
            when contains(said, 'TLS connection established to ') then 'tls-out'
            when contains(said, 'TLS connection reused to ') then 'tls-out'
        end as kind
    from named
),

stamped as (
    select
        *,
        case
            when kind is null then null
            when is_bsd then stamp_date(line) + try_cast(substr(line, 8, 8) as time)
            else try_cast(substr(line, 1, 19) as timestamp)
        end as clock,
        kind is not null and is_iso and has_zone(substr(split_part(line, ' ', 1), 20)) as has_zone
    from kinds
),

dated as (
    select
        *,
        case when has_zone then try_cast(split_part(line, ' ', 1) as timestamptz)::timestamp else to_utc(clock) end as occurred_at,
        occurs_twice(clock) and not has_zone as is_twice
    from stamped
),

-- What follows the words that make the line's kind.
parts as (
    select
        *,
        split_part(head, ' ', -2) as host,
        case when kind in ('client', 'delivery', 'active', 'removed') then split_part(said, ': ', 1) end as queue_id,
        case
            when kind = 'client' then split_part(said, ': client=', 2)
            when kind = 'delivery' then substr(said, instr(said, '>, relay=') + 9)
            when kind = 'tls-in' then split_part(said, ' from ', 2)
            when kind = 'tls-out' then split_part(said, ' to ', 2)
        end as rest
    from dated
),

fields as (
    select
        *,
        case kind
            when 'client' then split_part(rest, ', ', 1)
            when 'delivery' then split_part(rest, ', ', 1)
            when 'tls-out' then split_part(rest, ': ', 1)
        end as peer_name,
        case
            when kind = 'delivery' then split_part(rest, ' (', 1)
            when kind in ('tls-in', 'tls-out') then substr(said, instr(said, ': ') + 2)
        end as told,
        case
            when kind = 'delivery' then split_part(split_part(said, ': to=<', 2), '>', 1)
            when kind = 'active' then split_part(split_part(said, ': from=<', 2), '>, size=', 1)
        end as address,
        case when kind = 'delivery' and contains(said, '>, orig_to=<')
            then split_part(split_part(said, '>, orig_to=<', 2), '>', 1) end as original,
        case when kind = 'delivery' then split_part(split_part(split_part(rest, ' (', 1), ', delays=', 2), ',', 1) end as delays,
        case when kind = 'delivery' then split_part(split_part(rest, ' (', 1), ' status=', 2) end as status
    from parts
),

words as (
    select
        *,
        split_part(split_part(peer_name, '[', 2), ']', 1) as peer_ip,
        case when kind in ('tls-in', 'tls-out') then split_part(split_part(told, ' with cipher ', 1), ': ', -1) end as version_word,
        case when kind in ('tls-in', 'tls-out') then split_part(split_part(told, ' with cipher ', 2), ' ', 1) end as cipher_word,
        case when kind in ('tls-in', 'tls-out') and contains(told, ' key-exchange ') then
            case
                when starts_with(split_part(split_part(told, ' key-exchange ', 2), ' ', 2), '(')
                    then replace(split_part(split_part(split_part(told, ' key-exchange ', 2), '(', 2), ')', 1), ' bits', '')
                else split_part(split_part(told, ' key-exchange ', 2), ' ', 1)
            end
        end as group_word
    from fields
)

select
    case
        when line is null then 'skipped'
        when not (is_iso or is_bsd) then 'rejected'
        when kind is not null and occurred_at is null then 'rejected'
        when kind is null then 'skipped'
        when kind = 'delivery' and status <> 'sent' then 'skipped'
        when kind = 'disconnect' and not contains(said, ' data=') and not contains(said, ' bdat=') and contains(said, ' commands=')
            then 'skipped'
        else 'used'
    end as outcome,
    case
        when line is null then 'blank-line'
        when not (is_iso or is_bsd) then 'no time stamp that this reader knows'
        when kind is not null and occurred_at is null then 'a time stamp that is none'
        when kind = 'delivery' then case when status <> 'sent' then 'not-transferred' end
        when kind = 'disconnect' and not contains(said, ' data=') and not contains(said, ' bdat=') and contains(said, ' commands=')
            then 'connection-without-mail'
        when kind is not null then null
        when not contains(service, '/') then 'other-program'
        when contains(said, ': reject: ') or contains(said, ': milter-reject: ') then 'not-transferred'
        when daemon = 'cleanup' then 'message-header'
        when daemon = 'pickup' then 'local-submission'
        when contains(said, ' status=deliverable') or contains(said, ' status=undeliverable') then 'address-probe'
        else 'notice'
    end as reason,
    case when occurred_at is not null then kind end as kind,
    occurred_at,
    is_twice,
    case when kind is not null then host end as host,
    case when kind is not null then service end as service,
    case when kind in ('connect', 'disconnect', 'tls-in', 'tls-out', 'client', 'delivery') then hash(host, tag) end as channel,
    case when queue_id <> 'NOQUEUE' then hash(host, queue_id) end as queue,
    case when kind in ('client', 'tls-out', 'delivery') then hash(peer_name) end as peer,
    case when kind = 'client' and contains(rest, ', orig_client=')
        and not (contains(rest, ', orig_queue_id=') and not contains(rest, ', orig_queue_id=NOQUEUE'))
        then hash(split_part(split_part(rest, ', orig_client=', 2), ', ', 1)) end as original_peer,
    case
        when kind = 'client' then
            case
                when list_has_any(getvariable('internal_services')::varchar[], list_append(string_split(service, '/'), service))
                    then 'internal'
                when contains(rest, ', sasl_') then 'submission'
                when contains(service, '/submission') or contains(service, '/smtps/') then 'submission'
                when contains(rest, ', orig_queue_id=') and not contains(rest, ', orig_queue_id=NOQUEUE') then 'internal'
                when is_own(peer_ip) then 'internal'
                else 'inbound'
            end
        when kind = 'delivery' then
            case
                when daemon not in ('smtp', 'lmtp') or peer_ip = '' or contains(peer_ip, '/') then 'mailbox'
                when list_has_any(getvariable('internal_services')::varchar[], list_append(string_split(service, '/'), service))
                    then 'internal'
                when daemon = 'lmtp' or is_own(peer_ip) then 'internal'
                when list_contains(getvariable('own_domains')::varchar[], domain_of(address)) then 'internal'
                else 'outbound'
            end
    end as place,
    case when kind in ('delivery', 'active') then domain_of(address) end as domain,
    case when kind = 'delivery' then unhex(md5(getvariable('hash_key') || 'address' || lower(address))) end as recipient,
    case when original <> '' then unhex(md5(getvariable('hash_key') || 'address' || lower(original))) end as original_recipient,
    case when kind = 'active' then try_cast(split_part(split_part(said, '>, size=', 2), ',', 1) as bigint) end as size,
    case when kind = 'delivery' then status = 'sent' end as is_sent,
    case when kind = 'delivery' then contains(told, ', conn_use=') end as is_reused,
    case when kind = 'delivery' then coalesce(try_cast(split_part(delays, '/', 3) as double), 0)
        + coalesce(try_cast(split_part(delays, '/', 4) as double), 0) end as connected_seconds,
    case when kind = 'delivery' and contains(told, ', tls=') then split_part(split_part(split_part(told, ', tls=', 2), ',', 1), '/', 1) end
        as tls_level,
    case when kind = 'disconnect' then contains(said, ' starttls=') and not contains(said, ' starttls=0') end as has_starttls,
    version_word,
    cipher_word,
    case when regexp_full_match(group_word, '[0-9]+') then 'ffdhe' || group_word else group_word end as group_word,
    case
        when version_word is null then null
        when starts_with(said, 'Anonymous ') then 'none'
        when starts_with(said, 'Untrusted ') then 'untrusted'
        when starts_with(said, 'Trusted ') then 'trusted'
        when starts_with(said, 'Verified ') then 'verified'
        else 'Unknown'
    end as tls_auth,
    case when kind is not null then hash(line) end as line_key
from words;
