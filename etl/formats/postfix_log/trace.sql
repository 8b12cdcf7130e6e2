-- From the lines around one data date to its trace rows: sessions by daemon and process, messages by queue id.
-- In: the view log_lines (log_window.sql), the tables of reference.sql, logs_tls and data_date. Out: the view `trace`.

-- Queue ids come back: a life ends with `removed`, and a submission (`uid=`) begins one, and so does `client=` once other
-- lines have followed. A message that was refused after `client=` leaves no other line.
create or replace temp table queue_lives as
with suspects as (
    select queue
    from log_lines
    where queue is not null
    group by queue
    having count(*) filter (where kind = 'removed') > 1
        or count(*) filter (where kind in ('client', 'begin')) > 1
        or max(place_in_log) filter (where kind <> 'removed') > min(place_in_log) filter (where kind = 'removed')
),

marked as (
    select
        place_in_log,
        queue,
        lag(kind) over (partition by queue order by place_in_log) as kind_before,
        kind
    from log_lines
    semi join suspects using (queue)
)

select
    place_in_log,
    kind,
    hash(queue, count(*) filter (where kind_before = 'removed' or (kind_before is not null and kind = 'begin')
        or (kind = 'client' and kind_before <> 'client'))
        over (partition by queue order by place_in_log rows unbounded preceding)) as mail
from marked;

-- Where a message has several `client=` lines, the last stands. Only suspects can.
create or replace temp table begun_again as
select place_in_log
from queue_lives
where kind = 'client'
qualify place_in_log < max(place_in_log) over (partition by mail);

create or replace temp view mail_lines as
select log_lines.*, coalesce(queue_lives.mail, log_lines.queue) as mail
from log_lines
left join queue_lives on queue_lives.place_in_log = log_lines.place_in_log
where log_lines.queue is not null;

-- What was accepted: each message that the queue manager took, or that cleanup threw away or holds (and did not refuse
-- after all), which the client is not told. Of these no size is known.
create or replace temp table mails as
select mail, max(size) as size, coalesce(max(partner_domain) filter (kind = 'active'), max(partner_domain)) as sender_domain
from mail_lines
where kind = 'active' or kind = 'held' or kind = 'refused'
group by mail
having bool_or(kind = 'active') or (bool_or(kind = 'held') and not bool_or(kind = 'refused'));

-- What the TLS lines say, each wording looked up once. `suite` is the same for all that name one cipher and group.
create or replace temp table agreements as
select
    hash(handshake) as agreed,
    coalesce(tls_words.tls_version, 'TLS unknown') as tls_version,
    coalesce(cipher_words.tls_cipher, 'Unknown') as tls_cipher,
    coalesce(group_words.tls_group, 'Unknown') as tls_group,
    dense_rank() over (order by coalesce(cipher_words.tls_cipher, 'Unknown'), coalesce(group_words.tls_group, 'Unknown')) as suite
from (select distinct handshake from log_lines where kind in ('tls-in', 'tls-out'))
left join tls_words on tls_words.word = fold_word(version_word(handshake))
left join cipher_words on cipher_words.word = fold_word(cipher_word(handshake))
left join group_words on group_words.word = fold_word(group_word(handshake));

create or replace temp table handshakes as
select
    kind, channel, peer, host, service, place_in_log, occurred_at, is_today, is_reused, tls_auth, tls_version, suite
from (
    select kind, channel, peer, host, service, place_in_log, occurred_at, is_today, is_reused, tls_auth, hash(handshake) as agreed
    from log_lines
    where kind in ('tls-in', 'tls-out')
)
left join agreements using (agreed);

-- Daemons whose silence means something: that logged TLS on this date, or of which the settings say that they would.
create or replace temp table talkers as
select distinct host, service
from handshakes
where is_today;

create or replace temp macro speaks(service_name, talks) as
    case json_type(getvariable('logs_tls')::json)
        when 'BOOLEAN' then getvariable('logs_tls') = 'true'
        when 'ARRAY' then list_contains(from_json(getvariable('logs_tls'), '["VARCHAR"]'), service_name) or talks
        else talks
    end;

-- Inbound: each `client=` line has the newest connect or TLS line of its process before it.
create or replace temp table clients_with_tls as
with sessions as (
    select channel, place_in_log, kind, peer, has_starttls
    from log_lines
    where kind in ('connect', 'disconnect', 'tls-in')
),

clients as (
    select
        log_lines.place_in_log, channel, host, service, queue, coalesce(queue_lives.mail, log_lines.queue) as mail, peer,
        original_peer, place, occurred_at, is_today
    from log_lines
    left join queue_lives on queue_lives.place_in_log = log_lines.place_in_log
    where log_lines.kind = 'client'
),

begun as materialized (
    select
        clients.*,
        before.kind as kind_before,
        before.place_in_log as place_before,
        -- XCLIENT: who connected is a proxy, and its TLS with the client is not told.
        before.kind in ('connect', 'tls-in') and before.peer <> clients.peer as is_proxied
    from clients
    asof left join sessions as before
        on clients.channel = before.channel and clients.place_in_log >= before.place_in_log
),

-- What the session's end says is asked of those alone that have no TLS line.
ended as (
    select begun.*, false as has_starttls
    from begun
    where kind_before = 'tls-in'
    union all
    select
        plain.*,
        coalesce(after.kind = 'disconnect' and after.has_starttls, false) as has_starttls
    from (select * from begun where kind_before is distinct from 'tls-in') as plain
    asof left join sessions as after
        on plain.channel = after.channel and plain.place_in_log <= after.place_in_log
),

ended_with_tls as (
    select
        ended.*,
        handshakes.suite, handshakes.tls_auth,
        case
            when is_proxied then 'Unknown'
            when kind_before = 'tls-in' then handshakes.tls_version
            when ended.has_starttls then 'TLS unknown'
            when kind_before is not null and speaks(ended.service, talkers.service is not null) then 'No TLS'
            else 'Unknown'
        end as tls_version
    from ended
    left join handshakes on handshakes.place_in_log = ended.place_before and not ended.is_proxied
    left join talkers on talkers.host = ended.host and talkers.service = ended.service
)

select place_in_log, channel, host, service, queue, mail, peer, original_peer, place, occurred_at, is_today, tls_version, suite, tls_auth
from ended_with_tls;

-- A filter before the queue: the transaction with the client has no queue id, what the filter hands back names the client. It
-- may hand back one transaction in several parts, one for each recipient with rules of his own: they are one message.
create or replace temp table handed_back as
select
    returned.place_in_log, held.place_in_log as place_held,
    min(returned.mail) over (partition by held.place_in_log) as message,
    held.service, held.place, held.tls_version, held.suite, held.tls_auth
from (select * from clients_with_tls where queue is not null and original_peer is not null and place = 'internal') as returned
asof join (select * from clients_with_tls where queue is null) as held
    on returned.host = held.host and returned.original_peer = held.peer and returned.place_in_log >= held.place_in_log;

-- What the filter took and did not hand back, to quarantine or to discard: the client got its 250 (`proxy-accept:`).
create or replace temp table kept_by_filter as
select accepted.place_in_log, accepted.sender_domain, accepted.recipient, held.service, held.place, held.occurred_at, held.is_today,
    held.tls_version, held.suite, held.tls_auth
from (
    select place_in_log, channel, partner_domain as sender_domain, recipient
    from log_lines
    where kind = 'accepted'
) as accepted
asof join (select * from clients_with_tls where queue is null) as held
    on accepted.channel = held.channel and accepted.place_in_log >= held.place_in_log
where held.place_in_log not in (select place_held from handed_back);

create or replace temp table arrivals as
select
    clients.mail,
    coalesce(handed_back.message, clients.mail) as message,
    clients.occurred_at,
    clients.is_today,
    coalesce(handed_back.place, clients.place) as place,
    coalesce(handed_back.service, clients.service) as service,
    coalesce(handed_back.tls_version, clients.tls_version) as tls_version,
    case when handed_back.place_in_log is null then clients.suite else handed_back.suite end as suite,
    case when handed_back.place_in_log is null then clients.tls_auth else handed_back.tls_auth end as tls_auth
from clients_with_tls as clients
left join handed_back using (place_in_log)
where clients.mail is not null and clients.place_in_log not in (select place_in_log from begun_again);

-- Outbound: the newest TLS line of the process that names the relay, if it was said for this message in this attempt,
-- and of a connection used again (`conn_use=`) where that was: what is used again without such a line is in clear.
create or replace temp table departures as
with sendings as materialized (
    select place_in_log, channel, peer, host, service, place, mail, occurred_at, is_today, partner_domain as domain, recipient,
        outcome = 'used' as is_sent, is_reused, connected_seconds, tls_level
    from mail_lines
    where kind = 'delivery' and place in ('outbound', 'internal')
),

taken as (
    select shakes.place_in_log, shakes.channel, shakes.peer, sendings.mail as first_mail
    from (select place_in_log, channel, peer from handshakes where kind = 'tls-out') as shakes
    asof left join (select place_in_log, channel, peer, mail from sendings) as sendings
        on shakes.channel = sendings.channel and shakes.peer = sendings.peer and shakes.place_in_log <= sendings.place_in_log
),

-- A session that broke off says nothing of the next one of the same attempt, which may be in clear.
broken as (
    select sent.place_in_log, lost.place_in_log as place_lost
    from (select place_in_log, channel, mail from sendings where is_sent and is_today) as sent
    asof join (select place_in_log, channel, mail from mail_lines where kind = 'lost') as lost
        on sent.channel = lost.channel and sent.mail = lost.mail and sent.place_in_log >= lost.place_in_log
),

found as (
    select sent.place_in_log, taken.place_in_log as place_before, taken.first_mail
    from (select place_in_log, channel, peer from sendings where is_sent and is_today) as sent
    asof join taken
        on sent.channel = taken.channel and sent.peer = taken.peer and sent.place_in_log >= taken.place_in_log
    left join broken on broken.place_in_log = sent.place_in_log
    where broken.place_lost is null or broken.place_lost < taken.place_in_log
),

matched as (
    select
        sendings.*,
        case when handshakes.is_reused = sendings.is_reused
            and found.first_mail = sendings.mail
            and handshakes.occurred_at >= sendings.occurred_at - to_seconds(sendings.connected_seconds * 1.05 + 2)
            then handshakes.tls_version end as tls_version,
        handshakes.suite, handshakes.tls_auth
    from sendings
    left join found on found.place_in_log = sendings.place_in_log
    left join handshakes on handshakes.place_in_log = found.place_before
    where sendings.is_sent and sendings.is_today
),

first_lines as (
    select host, min(occurred_at) as begins_at
    from log_lines
    group by host
)

select
    matched.* exclude (tls_version, tls_auth),
    case
        when ends_with(tls_level, ':none') or tls_level = 'none' then 'No TLS'
        when matched.tls_version is not null then matched.tls_version
        when tls_level <> '' and not ends_with(tls_level, '?') and not starts_with(tls_level, '!') then 'TLS unknown'
        when matched.occurred_at - to_seconds(connected_seconds) < first_lines.begins_at - interval 1 second then 'Unknown'
        when speaks(matched.service, talkers.service is not null) then 'No TLS'
        else 'Unknown'
    end as tls_version,
    case
        when matched.tls_version is not null then tls_auth
        when split_part(tls_level, ':', -1) in ('dane', 'dane-only', 'verify', 'secure', 'fingerprint') then 'verified'
    end as tls_auth
from matched
join first_lines using (host)
left join talkers on talkers.host = matched.host and talkers.service = matched.service;

create or replace temp table postfix_trace as
with hops as (
    -- Who the message was for is told by its deliveries, whatever became of them, as addressed before aliases.
    select
        arrivals.occurred_at,
        case arrivals.place when 'inbound' then 'inbound' else arrivals.place end as direction,
        arrivals.service,
        mails.sender_domain as domain,
        arrivals.message as mail,
        receivers.recipient,
        mails.size,
        arrivals.tls_version, arrivals.suite, arrivals.tls_auth
    from arrivals
    join mails using (mail)
    left join (
        select distinct mail, coalesce(original_recipient, recipient) as recipient
        from mail_lines
        where kind = 'delivery' or kind = 'held'
    ) as receivers using (mail)
    where arrivals.is_today

    union all

    select occurred_at, place, service, sender_domain, hash(place_in_log), recipient, null, tls_version, suite, tls_auth
    from kept_by_filter
    where is_today

    union all

    select
        min(departures.occurred_at), departures.place, departures.service, departures.domain, departures.mail, departures.recipient,
        max(mails.size),
        departures.tls_version, departures.suite, departures.tls_auth
    from departures
    left join mails using (mail)
    group by departures.place, departures.service, departures.domain, departures.mail, departures.recipient,
        departures.tls_version, departures.suite, departures.tls_auth
),

suites as (
    select distinct suite, tls_cipher, tls_group
    from agreements
)

select
    getvariable('data_date')::date as data_date,
    occurred_at,
    direction,
    service as connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    coalesce(domain, 'Unknown') as partner_domain,
    tls_version,
    case tls_version when 'No TLS' then 'none' when 'Unknown' then 'Unknown' when 'TLS unknown' then coalesce(tls_cipher, 'Unknown')
        else coalesce(tls_cipher, 'Unknown') end as tls_cipher,
    case when tls_version = 'No TLS' then 'none' else coalesce(tls_group, 'Unknown') end as tls_group,
    case when tls_version = 'No TLS' then 'none' else coalesce(tls_auth, 'Unknown') end as tls_auth,
    mail as message_key,
    recipient as recipient_key,
    size as bytes,
    null::bigint as messages,
    null::bigint as recipients,
    false as is_estimated
from hops
left join suites using (suite);

create or replace temp view trace as
select * from postfix_trace;
