-- One row per line of the log, typed: which kind of line it is and what trace.sql needs of it. `kind` is null where the
-- line takes no part. Addresses only as keyed hashes, hosts of others only as hashes to join by.
-- A line is `STAMP HOST SERVICE[PID]: FIRST: SECOND: …`. No join here, it would not keep the lines in order, nor a list of
-- five words behind `in`, which becomes one; no regular expression over whole lines, and no `substr` to their end: each
-- costs more than the rest together. A text of one kind of line is null on all others, and so is what is said of it.
-- In: the view `lines`, the macros of log_clock.sql and log_networks.sql, session variable identity_key.

create or replace temp type line_kind as enum (
    'connect', 'disconnect', 'tls-in', 'tls-out', 'client', 'lost', 'delivery', 'held', 'refused', 'accepted', 'active', 'removed', 'begin'
);
create or replace temp type line_outcome as enum ('used', 'skipped', 'rejected');
create or replace temp type line_reason as enum (
    'blank-line', 'journal-note', 'no time stamp that this reader knows', 'not a time stamp', 'a date outside 2010 to 2039',
    'a delivery that is cut off or garbled',
    'not-transferred', 'connection-without-mail', 'local-submission', 'other-program', 'message-header', 'address-probe',
    'notice'
);
create or replace temp type line_place as enum ('inbound', 'outbound', 'internal', 'submission', 'mailbox');
create or replace temp type line_trust as enum ('none', 'untrusted', 'trusted', 'verified', 'Unknown');

-- A part of `delays=`; what is none, or more than a queue's life, says nothing (`nan` is greater than any number).
create or replace temp macro seconds_of(part) as case when part between 0 and 1000000 then part else 0 end;

-- A quoted local part may hold what looks like fields. Its blanks become chr(1), which no line has, so that none is cut
-- there; a quote that nothing ends leaves null. `before` is a regular expression for what the address stands behind.
create or replace temp macro quoted_in(said, before) as regexp_extract(said, '^' || before || '=<("(?:[^"\\]|\\.)*"?)', 1);
create or replace temp macro unbroken(said, quoted) as case
    when quoted = '' then said
    when regexp_full_match(quoted, '"(?:[^"\\]|\\.)*"') then replace(said, quoted, replace(quoted, ' ', chr(1)))
end;
create or replace temp macro without_odd_blanks(said) as unbroken(
    unbroken(said, quoted_in(said, '(?:to|from)')),
    quoted_in(unbroken(said, quoted_in(said, '(?:to|from)')), 'to=<[^ ]*>, orig_to')
);

-- What cleanup says it does with a message, by itself or because a milter told it to.
create or replace temp macro is_action(said, action) as starts_with(said, action) or starts_with(said, 'milter-' || action);

create or replace temp view records as
with cut as (
    select
        line,
        string_split(line, ': ') as parts,
        case when line like '___ __ __:__:__ %' then true when line like '____-__-__%' then false end as is_bsd
    from lines
),

-- `speaker` is `HOST SERVICE[PID]`. Words between, of an envelope that only some lines have, are no part of either.
tagged as (
    select
        line,
        is_bsd,
        parts[1] as head,
        case
            when is_bsd then substr(parts[1], 17)
            when line like '__________ %' then substr(parts[1], instr(substr(line, 12), ' ') + 12)
            else substr(parts[1], instr(line, ' ') + 1)
        end as speaker,
        parts[2] as first_part,
        case when len(parts) > 3 then substr(line, length(parts[1]) + length(parts[2]) + 5) else parts[3] end as second_part
    from cut
),

kinds as (
    select
        *,
        case
            when is_bsd is null or not contains(speaker, '/') then null
            when starts_with(second_part, 'to=<') then 'delivery'::line_kind
            when starts_with(second_part, 'from=<') then case when ends_with(second_part, '(queue active)') then 'active'::line_kind end
            when second_part = 'removed' then 'removed'::line_kind
            when contains(speaker, '/smtpd[') then
                case
                    when starts_with(second_part, 'client=') then 'client'::line_kind
                    when starts_with(first_part, 'connect from ') then 'connect'::line_kind
                    when starts_with(first_part, 'disconnect from ') then 'disconnect'::line_kind
                    when contains(first_part, 'TLS connection established from ') then 'tls-in'::line_kind
                    when first_part = 'proxy-accept' and starts_with(second_part, 'END-OF-MESSAGE: 2') then 'accepted'::line_kind
                end
            when starts_with(second_part, 'message-id=') then null
            when starts_with(second_part, 'uid=') and contains(speaker, '/pickup[') then 'begin'::line_kind
            when contains(speaker, '/cleanup[') then
                case
                    when is_action(second_part, 'discard: ') or is_action(second_part, 'hold: ') then 'held'::line_kind
                    when is_action(second_part, 'reject: ') then 'refused'::line_kind
                end
            when starts_with(second_part, 'lost connection with ') or starts_with(second_part, 'conversation with ')
                or starts_with(second_part, 'Cannot start TLS: ') then 'lost'::line_kind
            when contains(first_part, 'TLS connection ') and contains(speaker, '[')
                and (contains(first_part, ' established to ') or contains(first_part, ' reused to ')) then 'tls-out'::line_kind
        end as line_kind
    from tagged
),

-- `fields` are those of `client=`, of a delivery and of `from=`; `stamp` is one that names its zone.
texts as (
    select
        *,
        string_split(
            case when line_kind between 'client'::line_kind and 'active'::line_kind then
                case when contains(second_part, '=<"') then without_odd_blanks(second_part) else second_part end
            end, ', ') as fields,
        case when line_kind is not null then case when is_bsd then bsd_clock(head) else try_cast(left(head, 19) as timestamp) end end as clock,
        case when line_kind is not null and not is_bsd then
            case when line not like '__________ %' and has_zone(substr(left(head, instr(head, ' ') - 1), 20))
                then left(head, instr(head, ' ') - 1) end
        end as stamp
    from kinds
),

-- `to=<…>[, orig_to=<…>], relay=…[, conn_use=N], delay=N, delays=A/B/C/D[, tls=…], dsn=N, status=… (…)`
relays as (
    select
        *,
        fields[1] as first_field,
        case when line_kind = 'delivery' then case when starts_with(fields[2], 'orig_to=<') then 3 else 2 end end as relay_at
    from texts
),

delays as (
    select
        *,
        fields[relay_at] as relay_field,
        relay_at + 2 + starts_with(fields[relay_at + 1], 'conn_use=')::integer as delays_at
    from relays
),

levels as (
    select *, delays_at + 2 + starts_with(fields[delays_at + 1], 'tls=')::integer as status_at
    from delays
),

attempts as (
    select
        *,
        case when line_kind = 'delivery' then
            case
                when not starts_with(relay_field, 'relay=') or not ends_with(first_field, '>') then null
                when starts_with(fields[status_at], 'status=sent ') then 'sent'
                else split_part(substr(list_filter(fields, lambda field: starts_with(field, 'status='))[1], 8), ' ', 1)
            end
        end as status
    from levels
),

told as (
    select
        *,
        case line_kind
            when 'delivery' then substr(first_field, 5, length(first_field) - 5)
            when 'active' then case when len(fields) = 3 then substr(first_field, 7, length(first_field) - 7)
                else rtrim(substr(array_to_string(fields[:-3], ', '), 7), '>') end
            when 'held' then split_part(split_part(second_part, '; from=<', -1), '> to=<', 1)
            when 'accepted' then split_part(split_part(second_part, '; from=<', -1), '> to=<', 1)
        end as address,
        case when line_kind = 'held' or line_kind = 'accepted' then split_part(split_part(split_part(second_part, '; from=<', -1), '> to=<', 2), '> proto=', 1) end
            as last_receiver,
        case
            when line_kind = 'delivery' then substr(relay_field, 7)
            when line_kind = 'client' then substr(first_field, 8)
            when line_kind = 'connect' then substr(first_part, 14)
            when line_kind = 'tls-in' then split_part(substr(first_part, instr(first_part, ' from ') + 6), ' ', 1)
            when line_kind = 'tls-out' then substr(first_part, instr(first_part, ' to ') + 4)
        end as peer_name,
        case when stamp is not null then try_cast(stamp as timestamptz)::timestamp else to_utc(clock) end as occurred_at
    from attempts
),

parts as (
    select
        *,
        case when line_kind <> 'delivery' or (status <> '' and status <> 'deliverable' and status <> 'undeliverable') then line_kind end as kind,
        is_beyond(occurred_at) as is_beyond,
        left(speaker, greatest(instr(speaker, ' ') - 1, 0)) as host,
        case when line_kind <= 'delivery'::line_kind and line_kind >= 'tls-in'::line_kind
            then split_part(split_part(speaker, ' ', -1), '[', 1) end as service,
        case when line_kind >= 'client'::line_kind and contains(peer_name, '[')
            then substr(left(peer_name, instr(peer_name, ']') - 1), instr(peer_name, '[') + 1) end as peer_ip,
        domain_of(address) as domain,
        case when relay_at = 3 then substr(fields[2], 10, length(fields[2]) - 10) end as original,
        string_split(case when contains(relay_field, '[') then fields[delays_at] end, '/') as delay_parts,
        case when status_at = delays_at + 3 then split_part(substr(fields[delays_at + 1], 5), '/', 1) end as tls_level,
        case when line_kind = 'active' then try_cast(substr(fields[-2], 6) as bigint) end as size
    from told
),

judged as (
    select
        *,
        case
            when line is null then 'blank-line'::line_reason
            when line like '-- %--' then 'journal-note'::line_reason
            when is_bsd is null then 'no time stamp that this reader knows'::line_reason
            when kind is not null and is_beyond then 'a date outside 2010 to 2039'::line_reason
            when kind is not null and occurred_at is null then 'not a time stamp'::line_reason
            when kind = 'delivery' then case when status <> 'sent' then 'not-transferred'::line_reason end
            when kind = 'disconnect' then
                case when contains(first_part, ' commands=') and not contains(first_part, ' data=') and not contains(first_part, ' bdat=')
                    then 'connection-without-mail'::line_reason end
            when kind = 'begin' then 'local-submission'::line_reason
            when kind = 'refused' then 'not-transferred'::line_reason
            when kind is not null then null
            when line_kind = 'delivery' then
                case when status <> '' then 'address-probe'::line_reason else 'a delivery that is cut off or garbled'::line_reason end
            when first_part is not null and not contains(speaker, '/') then 'other-program'::line_reason
            when starts_with(second_part, 'reject: ') or starts_with(second_part, 'milter-reject: ') then 'not-transferred'::line_reason
            when contains(speaker, '/cleanup[') then 'message-header'::line_reason
            else 'notice'::line_reason
        end as reason
    from parts
)

select
    case
        when reason is null then 'used'::line_outcome
        when reason between 'no time stamp that this reader knows'::line_reason and 'a delivery that is cut off or garbled'::line_reason
            then 'rejected'::line_outcome
        else 'skipped'::line_outcome
    end as outcome,
    reason,
    case when not is_beyond then kind end as kind,
    occurred_at,
    occurs_twice(clock) and stamp is null as is_twice,
    case when kind < 'active'::line_kind then host end as host,
    service,
    case when kind < 'active'::line_kind then hash(host, split_part(speaker, ' ', -1)) end as channel,
    case when kind >= 'client'::line_kind and first_part <> 'NOQUEUE' and kind <> 'accepted' then hash(host, first_part) end as queue,
    hash(lower(peer_name)) as peer,
    case when len(fields) > 1 and kind = 'client' then
        case when contains(second_part, ', orig_client=')
                and (not contains(second_part, ', orig_queue_id=') or contains(second_part, ', orig_queue_id=NOQUEUE'))
            then hash(lower(split_part(split_part(second_part, ', orig_client=', 2), ', ', 1))) end
    end as original_peer,
    case kind
        when 'client' then
            case
                when is_internal_service(service) then 'internal'::line_place
                when len(fields) > 1 and contains(second_part, ', sasl_') then 'submission'::line_place
                when contains(service, '/submission') or contains(service, '/smtps/') then 'submission'::line_place
                when len(fields) > 1 and contains(second_part, ', orig_queue_id=') and not contains(second_part, ', orig_queue_id=NOQUEUE')
                    then 'internal'::line_place
                when is_own(peer_ip) then 'internal'::line_place
                else 'inbound'::line_place
            end
        when 'delivery' then
            case
                when peer_ip is null or contains(peer_ip, '/') then 'mailbox'::line_place
                when is_internal_service(service) then 'internal'::line_place
                when not ends_with(service, '/smtp') or is_own(peer_ip) then 'internal'::line_place
                when is_own_domain(domain) then 'internal'::line_place
                else 'outbound'::line_place
            end
    end as place,
    case when kind = 'delivery' or kind = 'held' or kind = 'accepted' or kind = 'active' then domain end as partner_domain,
    case when kind = 'delivery' then address_number(address) when kind = 'held' or kind = 'accepted' then address_number(last_receiver) end as recipient,
    case when original <> '' then address_number(original) end as original_recipient,
    case when size between 0 and 1000000000000 then size end as size,
    case kind when 'delivery' then delays_at > relay_at + 2 when 'tls-out' then contains(first_part, ' TLS connection reused to ') end
        as is_reused,
    case when delay_parts is not null then seconds_of(try_cast(delay_parts[3] as double)) + seconds_of(try_cast(delay_parts[4] as double)) end
        as connected_seconds,
    tls_level,
    case when kind = 'disconnect' then contains(first_part, ' starttls=') and not contains(first_part, ' starttls=0') end as has_starttls,
    case when line_kind = 'tls-in' or line_kind = 'tls-out' then second_part end as handshake,
    case when line_kind = 'tls-in' or line_kind = 'tls-out' then
        case
            when starts_with(first_part, 'Anonymous ') then 'none'::line_trust
            when starts_with(first_part, 'Untrusted ') then 'untrusted'::line_trust
            when starts_with(first_part, 'Trusted ') then 'trusted'::line_trust
            when starts_with(first_part, 'Verified ') then 'verified'::line_trust
            else 'Unknown'::line_trust
        end
    end as tls_auth,
    case when reason = 'other-program' then dropped_in(line) end as dropped_lines,
    case when kind is not null then hash(line) end as line_key
from judged;
