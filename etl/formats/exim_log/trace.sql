-- From the lines around one data date to its trace rows: a line tells its own TLS; the arrival tells size and receivers.
-- Run once for each part of the messages, whose joins would else need memory by the size of the log.
-- In: the view log_lines (log_window.sql), the tables of reference.sql, data_date; silence_speaks, and `part` of `parts`
-- (trace_begin.sql). Out: the view `trace`.

create or replace temp view part_lines as
select *
from log_lines
where mail % getvariable('parts')::ubigint = getvariable('part')::ubigint;

-- Cutthrough: the recipients of a message share one connection, whose TLS the line of one of them tells.
create or replace temp table cutthroughs as
select
    mail, true as is_cutthrough,
    max(version_word) as version_word, max(cipher_word) as cipher_word, max(group_word) as group_word, max(tls_auth) as tls_auth,
    bool_or(has_starttls) as has_starttls
from part_lines
where is_cutthrough
group by mail;

create or replace temp view told_tls as
select
    part_lines.* exclude (version_word, cipher_word, group_word, tls_auth, has_starttls),
    case when cutthroughs.mail is null then part_lines.version_word else cutthroughs.version_word end as version_word,
    case when cutthroughs.mail is null then part_lines.cipher_word else cutthroughs.cipher_word end as cipher_word,
    case when cutthroughs.mail is null then part_lines.group_word else cutthroughs.group_word end as group_word,
    case when cutthroughs.mail is null then part_lines.tls_auth else cutthroughs.tls_auth end as tls_auth,
    case when cutthroughs.mail is null then part_lines.has_starttls else cutthroughs.has_starttls end as has_starttls
from part_lines
left join cutthroughs using (mail, is_cutthrough);

create or replace temp table exim_lines as
select
    told_tls.* exclude (version_word, cipher_word, group_word),
    case
        when version_word <> '' then coalesce(tls_words.tls_version, 'TLS unknown')
        when has_starttls then 'TLS unknown'
        when kind = 'arrival' and has_starttls is not null then 'No TLS'
        when getvariable('silence_speaks') then 'No TLS'
        else 'Unknown'
    end as tls_version,
    coalesce(cipher_words.tls_cipher, 'Unknown') as tls_cipher,
    coalesce(group_words.tls_group, 'Unknown') as tls_group
from told_tls
left join tls_words on tls_words.word = fold_word(version_word)
left join cipher_words on cipher_words.word = fold_word(cipher_word)
left join group_words on group_words.word = fold_word(group_word);

create or replace temp table part_trace as
with arrivals as (
    select mail, max(size) as size
    from exim_lines
    where kind = 'arrival'
    group by mail
),

-- Whom a message was for: the arrival says so (`received_recipients`), else its deliveries, whatever became of them, as
-- addressed before aliases.
receivers as (
    select mail, unnest(receivers) as recipient
    from exim_lines
    where kind = 'arrival' and receivers is not null
    union
    select deliveries.mail, deliveries.original_recipient
    from exim_lines as deliveries
    where deliveries.kind in ('delivery', 'attempt')
        and deliveries.mail not in (select mail from exim_lines where kind = 'arrival' and receivers is not null)
),

hops as (
    select
        lines.occurred_at, lines.place, lines.service, lines.partner_domain, lines.mail, receivers.recipient, lines.size,
        lines.tls_version, lines.tls_cipher, lines.tls_group, lines.tls_auth
    from exim_lines as lines
    left join receivers using (mail)
    where lines.kind = 'arrival' and lines.place <> 'local' and lines.is_today

    union all

    select
        min(lines.occurred_at), lines.place, lines.service, lines.partner_domain, lines.mail, lines.recipient,
        coalesce(max(lines.size), max(arrivals.size)),
        lines.tls_version, lines.tls_cipher, lines.tls_group, lines.tls_auth
    from exim_lines as lines
    left join arrivals using (mail)
    where lines.kind = 'delivery' and lines.place in ('outbound', 'internal') and lines.is_today
    group by all
)

select
    getvariable('data_date')::date as data_date,
    occurred_at,
    place as direction,
    coalesce(nullif(service, ''), 'No connector') as connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    coalesce(partner_domain, 'Unknown') as partner_domain,
    tls_version,
    case when tls_version = 'No TLS' then 'none' else tls_cipher end as tls_cipher,
    case when tls_version = 'No TLS' then 'none' else tls_group end as tls_group,
    case when tls_version = 'No TLS' then 'none' else coalesce(tls_auth, 'Unknown') end as tls_auth,
    mail as message_key,
    recipient as recipient_key,
    size as bytes,
    null::bigint as messages,
    null::bigint as recipients,
    false as is_estimated
from hops;

create temp table if not exists exim_trace as
from part_trace limit 0;

insert into exim_trace
from part_trace;

drop table part_trace;

drop table exim_lines;

create or replace temp view trace as
select * from exim_trace;
