-- From the records around one data date to its trace rows. The stages of one message (by its Message-ID) to one recipient
-- in one direction are one delivery: volume may stand in one record, TLS in another. It counts on the day of its SMTP hop.
-- In: staged_files, the tables of reference.sql, day_from, day_to, window_from, window_to, data_date. Out: the view `trace`.
create or replace temp table gmail_stages as
select
    staged.* exclude (version_word, cipher_word, state_version, partner_domain),
    -- A record without a sender goes with those of the same message that name one.
    coalesce(
        case when sender is not null then {key: sender, domain: partner_domain} end,
        max(case when sender is not null then {key: sender, domain: partner_domain} end) over (partition by mail)
    ) as from_whom,
    case
        when not is_smtp then null
        when staged.version_word <> '' and not starts_with(staged.version_word, 'smtp_tls_state')
            then coalesce(tls_words.tls_version, 'TLS unknown')
        else state_version
    end as tls_version,
    coalesce(cipher_words.tls_cipher, 'Unknown') as tls_cipher
from read_parquet(getvariable('staged_files'), union_by_name = true) as staged
left join tls_words on tls_words.word = fold_word(staged.version_word)
left join cipher_words on cipher_words.word = fold_word(staged.cipher_word)
where (outcome = 'used' or is_failed_hop)
    and occurred_at >= getvariable('window_from')::timestamp
    and occurred_at < getvariable('window_to')::timestamp;

-- What each record says of each of its recipients; of a record that names none, what it says of all.
create or replace temp table gmail_hops as
with spread as (
    select
        * exclude (goes_to, from_whom),
        from_whom.key as from_whom,
        from_whom.domain as from_domain,
        unnest(case when len(goes_to) > 0 then goes_to
            else [{recipient: null::blob, domain: null::varchar, service: null::varchar, is_refused: false, way: side}] end) as part
    from gmail_stages
)

select
    mail,
    from_whom,
    part.way as way,
    part.recipient as recipient,
    case when part.way = 'outbound' then part.domain else from_domain end as partner_domain,
    case when part.way = 'outbound' then part.service
        when part.way in ('inbound', 'submission') and starts_with(from_service, 'smtp') then from_service end as connector,
    occurred_at,
    size,
    is_failed_hop,
    is_smtp and side = part.way as is_smtp,
    case when side = part.way and not is_failed_hop and tls_version is not null then struct_pack(
        says := case tls_version when 'Unknown' then 0 when 'TLS unknown' then 1 else 2 end,
        with_cipher := tls_cipher <> 'Unknown',
        tls_version := tls_version,
        tls_cipher := tls_cipher
    ) end as best
from spread
where part.way is not null;

create or replace temp table gmail_trace as
with of_message as (
    select
        mail, from_whom, way, partner_domain,
        max(best) as best, max(connector) as connector, max(size) as size,
        bool_or(recipient is not null) as names_recipients
    from gmail_hops
    group by mail, from_whom, way, partner_domain
),

-- Outbound records without any recipient tell of all partners of the message.
of_all as (
    select mail, from_whom, way, max(best) as best
    from gmail_hops
    where recipient is null
    group by mail, from_whom, way
),

deliveries as (
    select
        mail, from_whom, way, recipient, partner_domain,
        max(best) as best,
        max(connector) as connector,
        max(size) as size,
        coalesce(
            min(occurred_at) filter (where is_smtp and not is_failed_hop), min(occurred_at) filter (where not is_failed_hop)
        ) as occurred_at,
        coalesce(bool_or(is_failed_hop), false) and not coalesce(bool_or(is_smtp and not is_failed_hop), false) as was_refused
    from gmail_hops
    group by mail, from_whom, way, recipient, partner_domain
),

standing as (
    select
        deliveries.* replace (
            coalesce(deliveries.best, of_message.best, of_all.best) as best,
            coalesce(deliveries.connector, of_message.connector) as connector,
            coalesce(deliveries.size, of_message.size) as size
        )
    from deliveries
    left join of_message on of_message.mail = deliveries.mail and of_message.way = deliveries.way
        and of_message.from_whom is not distinct from deliveries.from_whom
        and of_message.partner_domain is not distinct from deliveries.partner_domain
    left join of_all on of_all.mail = deliveries.mail and of_all.way = deliveries.way
        and of_all.from_whom is not distinct from deliveries.from_whom
    left join (
        select mail, way, from_whom from gmail_hops where recipient is not null group by all
    ) as named on named.mail = deliveries.mail and named.way = deliveries.way
        and named.from_whom is not distinct from deliveries.from_whom
    where not was_refused and occurred_at is not null and (deliveries.recipient is not null or named.mail is null)
)

select
    getvariable('data_date')::date as data_date,
    occurred_at,
    way as direction,
    coalesce(connector, 'No connector') as connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    coalesce(partner_domain, 'Unknown') as partner_domain,
    coalesce(best.tls_version, 'Unknown') as tls_version,
    case when best.tls_version = 'No TLS' then 'none' else coalesce(best.tls_cipher, 'Unknown') end as tls_cipher,
    case when best.tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when best.tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_auth,
    unhex(md5(hex(mail) || coalesce(hex(from_whom), ''))) as message_key,
    recipient as recipient_key,
    size as bytes,
    null::bigint as messages,
    null::bigint as recipients,
    false as is_estimated
from standing
where occurred_at >= getvariable('day_from')::timestamp and occurred_at < getvariable('day_to')::timestamp;

create or replace temp view trace as
select * from gmail_trace;
