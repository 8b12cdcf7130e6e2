-- One row per line of Exim's mainlog, typed: `2026-11-24 02:55:07[.123][ +0000][ [pid]] ID FLAG ADDRESS FIELD=VALUE …`,
-- or with `Nov 24 02:55:07 exim: ` in place of the stamp, where syslog's is the only one.
-- What others can put into a line (answers behind C=, subjects behind T=, ids behind id=) is cut off before fields are
-- looked up. No join here, it would not keep the lines in order; nor a list of five words behind `in`, which becomes one.
-- In: the view `lines`, the macros of log_clock.sql and log_networks.sql, session variable hash_key.
create or replace temp macro field_of(told, name) as
    case when contains(told, name) then split_part(substr(told, instr(told, name) + strlen(name)), ' ', 1) end;

-- GnuTLS describes what was agreed: `ECDHE_SECP256R1__RSA_SHA256__AES_256_GCM`. As a word of the reference tables it is
-- key exchange, who signed, cipher and MAC; under TLS 1.3 only the cipher.
create or replace temp macro is_signature(word) as
    starts_with(word, 'RSA_') or starts_with(word, 'ECDSA_') or starts_with(word, 'EDDSA') or starts_with(word, 'DSA_');

create or replace temp macro agreed_word(version, agreed) as
    case
        when not contains(agreed, '__') then agreed
        when contains(version, '1.3') then 'TLS1.3' || split_part(agreed, '__', -1)
        when is_signature(split_part(agreed, '__', 2)) then
            split_part(agreed, '_', 1) || '_'
            || replace(split_part(split_part(agreed, '__', 2), '_', 1), 'EDDSA', 'ECDSA') || '_'
            || split_part(agreed, '__', 3) || case when split_part(agreed, '__', 4) <> '' then '_' || split_part(agreed, '__', 4) else '' end
        else split_part(agreed, '_', 1) || '_' || split_part(agreed, '__', 2)
            || case when split_part(agreed, '__', 3) <> '' then '_' || split_part(agreed, '__', 3) else '' end
    end;

create or replace temp macro agreed_group(agreed) as
    case
        when not contains(agreed, '__') or not contains(split_part(agreed, '__', 1), '_') then null
        when starts_with(split_part(split_part(agreed, '__', 1), '_', 2), 'CUSTOM') then null
        else split_part(split_part(agreed, '__', 1), '_', 2)
    end;

-- What stands before the first of some words.
create or replace temp macro before_any(told, words) as
    left(told, list_min(list_transform(words, lambda word: instr(told || word, word))) - 1);

-- Blanks inside quotes become chr(1), which no line has, so that no field is found there: a local part may be quoted and hold
-- anything. `\\` and `\"` inside are set aside first.
create or replace temp macro unbroken(said) as case
    when not contains(said, '"') then said
    else replace(replace(array_to_string(list_transform(
        string_split(replace(replace(said, '\\', chr(3)), '\"', chr(2)), '"'),
        lambda part, place: case when place % 2 = 0 then replace(part, ' ', chr(1)) else part end), '"'), chr(2), '\"'), chr(3), '\\')
end;

create or replace temp view records as
with cut as (
    select
        line,
        line like '____-__-__ __:__:__%' or line like '___ __ __:__:__ exim: %' as is_stamped,
        line like '___ __ __:__:__ exim: %' as is_bsd,
        -- Through syslog, beside what other programs say; Exim's own lines without a stamp of theirs are none of those.
        (line like '___ __ __:__:__ %' or line like '____-__-__T__:__:__%') and not contains(left(line, 80), ' exim') as is_of_others,
        -- Behind the seconds and their fraction.
        case when line like '___ __ __:__:__ exim: %' then substr(line, 23)
            else substr(line, 20 + coalesce(nullif(instr(substr(line, 20, 12), ' '), 0), 1)) end as after_clock
    from lines
),

zoned as (
    select
        *,
        case when after_clock like '+____ %' or after_clock like '-____ %' then left(after_clock, 5) end as zone,
        case when after_clock like '+____ %' or after_clock like '-____ %' then substr(after_clock, 7) else after_clock end as after_zone
    from cut
),

said as (
    select
        *,
        -- `[2/3] …`: it says what was meant to stand in the line before, and may begin with anything.
        starts_with(after_zone, '[') and regexp_matches(left(after_zone, 12), '^\[\d+[/\\]\d+\] ') as is_continuation,
        case when starts_with(after_zone, '[') then substr(after_zone, instr(after_zone, '] ') + 2) else after_zone end as said
    from zoned
),

flagged as (
    select
        *,
        said like '______-______-__ %' or said like '______-___________-____ %' as has_id,
        left(said, instr(said, ' ') - 1) as id,
        substr(said, instr(said, ' ') + 1, 2) as flag,
        substr(said, instr(said, ' ') + 4) as rest
    from said
),

kinds as (
    select
        *,
        case
            when not is_stamped or is_continuation or not has_id then null
            when flag = '<=' then 'arrival'
            when flag in ('=>', '->', '>>') then 'delivery'
            when flag in ('**', '==') then 'attempt'
        end as kind
    from flagged
),

bounded as (
    select
        *,
        -- A quoted sender may hold anything, spaces and fields too.
        case when kind = 'arrival' then
            case when starts_with(rest, '"') then length(regexp_extract(rest, '^"(?:[^"\\]|\\.)*"[^ ]*')) else instr(rest || ' ', ' ') - 1 end
        end as sender_end
    from kinds
),

fields as (
    select
        *,
        -- Sender, DN, id, subject and answer are others' words; what matters stands between them, but for S= and R= T=.
        case kind
            when 'arrival' then substr(left(rest, least(instr(rest || ' id=', ' id='), instr(rest || ' T="', ' T="')) - 1), sender_end + 1)
            when 'delivery' then left(unbroken(rest), instr(unbroken(rest) || ' C="', ' C="') - 1)
        end as told,
        case when kind is not null then case when is_bsd then bsd_clock(line) else try_cast(left(line, 19) as timestamp) end end as clock
    from bounded
),

parts as (
    select
        *,
        case when zone is not null then clock - to_seconds(
            (try_cast(left(zone, 3) as integer) * 3600)
            + (case when starts_with(zone, '-') then -60 else 60 end * try_cast(substr(zone, 4, 2) as integer)))
            else to_utc(clock) end as occurred_at,
        case
            when kind = 'arrival' then left(rest, sender_end)
            when kind = 'delivery' then before_any(told, [' R=', ' F=<', ' P=<'])
            when kind = 'attempt' then before_any(unbroken(rest), [' R=', ' F=<', ' P=<', ' routing defer (', ' defer (', ': '])
        end as address_text,
        field_of(left(told, instr(told || ' DN="', ' DN="') - 1), ' X=') as agreed,
        field_of(left(told, instr(told || ' DN="', ' DN="') - 1), ' CV=') as verified,
        field_of(left(told, instr(told || ' T="', ' T="') - 1), ' P=') as protocol,
        case when kind is not null and contains(told, ' H=') then substr(told, instr(told, ' H=') + 3) end as peer
    from fields
),

addressed as (
    select
        *,
        split_part(agreed, ':', 1) as version_word,
        -- `name (helo) [203.0.113.9]`, `([127.0.0.1]) [203.0.113.9]`, `[203.0.113.9]`: what the client calls itself may be an address.
        split_part(case when starts_with(peer, '[') then substr(peer, 2) else split_part(peer, ' [', 2) end, ']', 1) as peer_ip,
        -- `p01 (list@contoso.example) <team@contoso.example>`: delivered to p01, addressed to the last.
        replace(case
            when kind = 'arrival' then case when address_text = '<>' then '' else address_text end
            when ends_with(address_text, '>') then split_part(split_part(address_text, ' <', 1), ' (', 1)
            else address_text
        end, chr(1), ' ') as address,
        replace(case
            when kind = 'arrival' then null
            when ends_with(address_text, '>') and contains(address_text, ' <')
                then substr(left(address_text, length(address_text) - 1), instr(address_text, ' <') + 2)
            else address_text
        end, chr(1), ' ') as original,
        case when kind = 'arrival' and contains(rest, ' for ') then split_part(rest, ' for ', -1) end as receivers
    from parts
)

select
    case
        when line is null or is_of_others or line like '-- %--' then 'skipped'
        when not is_stamped or (kind is not null and coalesce(is_beyond(occurred_at), true)) then 'rejected'
        when kind is null or kind = 'attempt' or protocol = 'local' or protocol like 'local-%' then 'skipped'
        else 'used'
    end as outcome,
    case
        when line is null then 'blank-line'
        when line like '-- %--' then 'journal-note'
        when is_of_others then 'other-program'
        when not is_stamped then 'no time stamp that this reader knows'
        when kind is not null and occurred_at is null then 'not a time stamp'
        when kind is not null and is_beyond(occurred_at) then 'a date outside 2010 to 2039'
        when protocol = 'local' or protocol like 'local-%' then 'local-submission'
        when is_continuation then 'continuation'
        when has_id and flag in ('**', '==', '*>') then 'not-transferred'
        when kind is not null then null
        when has_id and starts_with(flag, 'Co') and starts_with(said, id || ' Completed') then 'completed'
        when contains(said, ' rejected ') then 'not-transferred'
        when contains(said, 'no MAIL in SMTP connection') then 'connection-without-mail'
        when starts_with(said, 'SMTP connection ') then 'connection'
        else 'notice'
    end as reason,
    case when not is_beyond(occurred_at) then kind end as kind,
    occurred_at,
    zone is null and occurs_twice(clock) as is_twice,
    case when kind is not null then hash(id) end as mail,
    case
        when kind = 'arrival' then
            case
                when not contains(told, ' H=') then 'local'
                when ends_with(protocol, 'a') then 'submission'
                when is_own(peer_ip) then 'internal'
                else 'inbound'
            end
        when kind = 'delivery' then
            case
                when peer is null or peer_ip = '' then 'mailbox'
                when is_own(peer_ip) or is_own_domain(domain_of(address)) then 'internal'
                else 'outbound'
            end
    end as place,
    case
        when kind = 'delivery' then concat_ws('/', field_of(told, ' R='), field_of(told, ' T='))
        when kind = 'arrival' then 'No connector'
    end as service,
    case kind
        when 'arrival' then contains(' esmtps esmtpsa smtps smtpsa utf8esmtps utf8esmtpsa ssmtp ssmtpa essmtp essmtpa utf8ssmtp utf8essmtp utf8essmtpa ', ' ' || protocol || ' ')
        -- Whether a certificate was checked (CV=) is logged of encrypted connections only.
        when 'delivery' then coalesce(contains(' yes no dane ', ' ' || verified || ' '), false)
    end as has_starttls,
    case when kind is not null then domain_of(address) end as partner_domain,
    kind = 'delivery' and flag = '>>' as is_cutthrough,
    -- `r3@contoso.example <R3@contoso.example>`: what was delivered, written small.
    case when kind = 'delivery' then address_key(case when lower(original) = lower(address) then original else address end) end as recipient,
    address_key(original) as original_recipient,
    -- A subject may end with `for me"`: what is no list of addresses to the end of the line is none.
    case when regexp_full_match(receivers, '(?:(?:"(?:[^"\\]|\\.)*"@[^ ]+|[^ "]+) ?)+') then list_distinct(list_transform(
        regexp_extract_all(receivers, '"(?:[^"\\]|\\.)*"@[^ ]+|[^ "]+'), lambda receiver: address_key(receiver))) end as receivers,
    size_of(case when kind = 'arrival' then split_part(split_part(told, ' S=', -1), ' ', 1) else field_of(left(told, instr(told || ' DN="', ' DN="') - 1), ' S=') end) as size,
    version_word,
    agreed_word(version_word, split_part(agreed, ':', 2)) as cipher_word,
    agreed_group(split_part(agreed, ':', 2)) as group_word,
    case
        when agreed is null and verified is null then null
        when verified = 'dane' then 'verified'
        when verified = 'yes' then 'trusted'
        when verified = 'no' and (kind = 'delivery' or contains(told, ' DN="')) then 'untrusted'
        else 'Unknown'
    end as tls_auth,
    case when is_of_others then dropped_in(line) end as dropped_lines,
    case when kind is not null then hash(line) end as line_key
from addressed;
