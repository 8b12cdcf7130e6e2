-- One row per line of a protocol log, typed: which kind of line it is and what sessions.sql needs of it. `kind` is null
-- where the line says nothing of its own. Addresses only as keyed hashes. No join here, it would not keep the lines in
-- order; nor a list of five words behind `in`, which becomes one.
-- In: the view `lines`, `places`, `widths` and `sides` of each part of the file, the macros of log_networks.sql, hash_key.

-- The fields of a line. Quotes are rare; what they hold may have commas.
create or replace temp macro fields_of(line) as
    case
        when not contains(line, '"') then string_split(line, ',')
        else list_transform(
            string_split(array_to_string(list_transform(
                string_split(replace(line, '""', chr(2)), '"'),
                lambda part, place: case when place % 2 = 0 then replace(part, ',', chr(3)) else part end), ''), ','),
            lambda field: replace(replace(field, chr(3), ','), chr(2), '"'))
    end;

-- The address of a path `<a@b> SIZE=1 AUTH=<>` or `a@b SIZE=1`; empty for the null sender.
create or replace temp macro path_address(path) as
    case
        when not starts_with(ltrim(path), '<') then split_part(ltrim(path), ' ', 1)
        when contains(path, '> ') then substr(left(path, instr(path, '> ') - 1), instr(path, '<') + 1)
        else rtrim(substr(path, instr(path, '<') + 1), '>')
    end;

-- `192.0.2.1:25` and `[2001:db8::1]:25` without the port.
create or replace temp macro endpoint_ip(endpoint) as
    case
        when starts_with(endpoint, '[') then substr(split_part(endpoint, ']', 1), 2)
        when contains(endpoint, ':') and instr(substr(endpoint, instr(endpoint, ':') + 1), ':') = 0 then split_part(endpoint, ':', 1)
        else endpoint
    end;

create or replace temp view records as
with placed as (
    select
        rtrim(ltrim(line, chr(65279))) as line,
        list_position(getvariable('path')::varchar[], filename) as part
    from lines
),

cut as (
    select
        line,
        part,
        case when not starts_with(line, '#') then fields_of(line) end as fields,
        (length(line) - length(replace(line, '"', ''))) % 2 = 1 as is_open
    from placed
),

named as (
    select
        line,
        is_open,
        getvariable('sides')[part] as side,
        getvariable('widths')[part] as width,
        len(fields) as told,
        try_cast(fields[getvariable('places')[part][1]] as timestamptz)::timestamp as occurred_at,
        trim(fields[getvariable('places')[part][2]]) as connector,
        upper(trim(fields[getvariable('places')[part][3]])) as session_id,
        try_cast(fields[getvariable('places')[part][4]] as bigint) as sequence,
        endpoint_ip(fields[getvariable('places')[part][5]]) as local_ip,
        endpoint_ip(fields[getvariable('places')[part][6]]) as remote_ip,
        fields[getvariable('places')[part][7]] as event,
        -- A comma that ought to have stood in quotes makes more fields: what was said is all the rest.
        trim(case
            when len(fields) > getvariable('widths')[part] then array_to_string(fields[getvariable('places')[part][8]:], ',')
            else fields[getvariable('places')[part][8]]
        end) as said
    from cut
),

checked as (
    select
        *,
        case
            when starts_with(line, '#') then 'header-line'
            when line is null or line = '' then 'blank-line'
            when is_open then 'a quote that is not closed'
            when told < width then 'too few fields'
            when occurred_at is null then 'no time stamp that this reader knows'
            when is_beyond(occurred_at) then 'a date outside 2010 to 2039'
            when session_id = '' or connector = '' then 'no connector or session'
            when sequence is null or sequence < 0 then 'not a sequence number'
            when strlen(event) <> 1 or not contains('+-<>*', event) then 'not an event'
        end as fault
    from named
),

sided as (
    select
        *,
        case
            when fault is not null or event not in ('<', '>') then null
            when side <> '' then (event = '<') = (side = 'receive')
            else not (left(said, 3) between '200' and '599' and substr(said, 4, 1) in ('', ' ', '-'))
        end as is_command,
        upper(left(said, 200)) as words
    from checked
),

kinds as (
    select
        *,
        case
            when fault is not null then null
            when event = '*' then
                case
                    when contains(line, 'TLS protocol ') and contains(line, ' negotiation succeeded') then 'tls'
                    when contains(line, ' will now be ') and contains(line, ' proxied') then 'blind'
                    when contains(line, ' session id ') and (contains(line, 'proxy') or contains(line, 'Proxied')) then 'link'
                end
            when event = '+' then 'begin'
            when event = '-' then null
            when is_command then
                case
                    when starts_with(words, 'MAIL FROM:') then 'mail'
                    when starts_with(words, 'RCPT TO:') then 'rcpt'
                    when words = 'DATA' or starts_with(words, 'DATA ') then 'data'
                    when starts_with(words, 'BDAT ') then 'bdat'
                    when words = 'STARTTLS' or starts_with(words, 'STARTTLS ') then 'starttls'
                    when starts_with(words, 'X-ANONYMOUSTLS') then 'hop-tls'
                    when starts_with(words, 'XPROXYTO ') then 'hop-out'
                    when starts_with(words, 'XPROXY ') then 'hop-client'
                    when starts_with(words, 'XPROXY') or starts_with(words, 'X-EXPS') then 'hop'
                    when starts_with(words, 'AUTH ') then 'auth'
                    when words = 'QUIT' or starts_with(words, 'QUIT ') then 'quit'
                    -- What a client answers to 334, where it is logged, and the end of data are no commands.
                    when words not in ('', '.') and not starts_with(words, '<') then 'command'
                end
            when try_cast(left(said, 3) as integer) is not null and substr(said, 4, 1) <> '-' and said not like '3%' then 'answer'
            -- The first lines of an answer, and a request to go on, answer nothing yet.
            when said <> '' then 'part-answer'
        end as kind,
        case when fault is null and event in ('<', '>') then is_command = (event = '<') end as is_receiving
    from sided
)

select
    case
        when kind is not null then 'used'
        when fault is null or fault in ('header-line', 'blank-line') then 'skipped'
        else 'rejected'
    end as outcome,
    case
        when fault is not null then fault
        when kind is not null then null
        when event = '-' then 'disconnection'
        else 'notice'
    end as reason,
    kind,
    occurred_at,
    false as is_twice,
    case when fault is null then hash(session_id) end as session,
    case when fault is null then hash(connector, session_id) end as connection,
    case when fault is null then sequence end as sequence,
    is_receiving,
    case when fault is null then connector end as service,
    case when kind in ('mail', 'rcpt') and (is_internal_service(connector) or is_internal_service(split_part(connector, '\', -1)))
        then 'internal' end as place,
    case when kind in ('mail', 'rcpt') then is_own(remote_ip) or (remote_ip = local_ip and remote_ip <> '') end as is_own_peer,
    case when kind in ('mail', 'rcpt') then domain_of(path_address(substr(said, instr(said, ':') + 1))) end as partner_domain,
    case when kind = 'rcpt' then is_own_domain(domain_of(path_address(substr(said, instr(said, ':') + 1)))) end as is_own_recipient,
    case when kind = 'rcpt' then address_key(path_address(substr(said, instr(said, ':') + 1))) end as recipient,
    case
        when kind = 'mail' and contains(words, ' SIZE=')
            then nullif(size_of(split_part(split_part(words, ' SIZE=', 2), ' ', 1)), 0)
        when kind = 'bdat' then size_of(split_part(words, ' ', 2))
        -- `250 2.6.0 <…> [InternalId=…, Hostname=…] 14033 bytes in 0.274, 49.929 KB/sec Queued mail for delivery`
        when kind = 'answer' and contains(said, ' bytes in ') then size_of(split_part(split_part(said, ' bytes in ', 1), ' ', -1))
    end as size,
    case when kind = 'bdat' then contains(words, ' LAST') when kind = 'data' then true end as is_last,
    case when kind = 'answer' then try_cast(left(said, 3) as integer) end as code,
    -- What an answer can only be the answer to; others fit any command.
    case
        when kind is distinct from 'answer' then null
        when contains(said, 'Queued mail for delivery') then 'data'
        when starts_with(said, '221') then 'quit'
        when starts_with(said, '220') then 'starttls'
        when starts_with(said, '235') then 'auth'
        when is_receiving and starts_with(said, '250 2.1.0 ') then 'mail'
        when is_receiving and starts_with(said, '250 2.1.5 ') then 'rcpt'
    end as answer_to,
    case
        when kind is distinct from 'answer' or not starts_with(said, '250') then null
        when contains(said, '[InternalId=') then hash(split_part(split_part(split_part(said, '[InternalId=', 2), ',', 1), ']', 1))
        when said like '250 2.6.0 <%' then hash(getvariable('hash_key'), split_part(split_part(said, '<', 2), '>', 1))
    end as mail,
    -- The other sessions that a line names: the one proxied, the one that proxies.
    case
        when kind = 'link' then list_transform(
            regexp_extract_all(line, '(?i) session id ([0-9a-f]{8,})', 1), lambda named: hash(upper(named)))
        when starts_with(kind, 'hop') and contains(words, ' SID=') then [hash(split_part(split_part(words, ' SID=', 2), ' ', 1))]
        when kind = 'hop-out' and contains(words, ' SESSIONID=')
            then [hash(split_part(split_part(words, ' SESSIONID=', 2), ' ', 1))]
    end as named_sessions,
    case when kind = 'tls' then split_part(split_part(line, 'TLS protocol ', 2), ' negotiation', 1) end as version_word,
    case when kind = 'tls' and contains(line, 'bulk encryption algorithm ')
        then regexp_extract(split_part(line, 'bulk encryption algorithm ', 2), '^[^ ,"]*') end as cipher_word,
    null::varchar as group_word,
    case when fault is null then hash(line) end as line_key
from kinds;
