-- From the records around one data date to its trace rows. The stages of one message (by its Message-ID) to one recipient
-- in one direction are one delivery: volume may stand in one record, TLS in another. It counts on the day of its SMTP hop.
-- In: staged_files, the tables of reference.sql, day_from, day_to, window_from, window_to, data_date. Out: the view `trace`.
-- A step at a time, each into a table that may go to disk, and nothing but numbers summed up for each message: a day of
-- any size has to fit the memory allowed.
create or replace temp view gmail_told as
select *
from read_parquet(getvariable('staged_files'), union_by_name = true)
where (outcome = 'used' or is_failed_hop)
    and occurred_at >= getvariable('window_from')::timestamp
    and occurred_at < getvariable('window_to')::timestamp;

-- A record without a sender goes with those of the same message that name one.
create or replace temp table gmail_senders as
select mail, max({key: sender, domain: partner_domain}) as named
from gmail_told
semi join (select mail from gmail_told where sender is null) as nameless using (mail)
where sender is not null
group by mail;

create or replace temp table gmail_stages as
select
    staged.* exclude (version_word, cipher_word, state_version, partner_domain),
    case when sender is not null then {key: sender, domain: partner_domain} else gmail_senders.named end as from_whom,
    case
        when not is_smtp then null
        when staged.version_word <> '' and not starts_with(staged.version_word, 'smtp_tls_state')
            then coalesce(tls_words.tls_version, 'TLS unknown')
        else state_version
    end as tls_version,
    coalesce(cipher_words.tls_cipher, 'Unknown') as tls_cipher
from gmail_told as staged
left join gmail_senders on staged.sender is null and gmail_senders.mail = staged.mail
left join tls_words on tls_words.word = fold_word(staged.version_word)
left join cipher_words on cipher_words.word = fold_word(staged.cipher_word);

-- What records say of TLS, ranked: the one that says most stands.
create or replace temp table gmail_tls as
select row_number() over (order by says, with_cipher, tls_version, tls_cipher)::integer as tls_rank, tls_version, tls_cipher
from (
    select distinct
        tls_version,
        tls_cipher,
        case tls_version when 'Unknown' then 0 when 'TLS unknown' then 1 else 2 end as says,
        tls_cipher <> 'Unknown' as with_cipher
    from gmail_stages
    where tls_version is not null
);

-- Up to which rank no version is told, and which ranks say that there was no TLS.
set variable vague_rank = (
    select coalesce(max(tls_rank) filter (where tls_version in ('Unknown', 'TLS unknown')), 0) from gmail_tls);

set variable clear_ranks = (select coalesce(list(tls_rank), []) from gmail_tls where tls_version = 'No TLS');

set variable has_versions = (
    select count(*) > 0 from gmail_tls where tls_rank > getvariable('vague_rank') and tls_version <> 'No TLS');

create or replace temp macro tells_version(tls_rank) as
    tls_rank > getvariable('vague_rank') and not list_contains(getvariable('clear_ranks'), tls_rank);

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
    case when side = part.way and not is_failed_hop then tls_rank end as tls_rank
from spread
left join gmail_tls using (tls_version, tls_cipher)
where part.way is not null;

create or replace temp table gmail_services as
select row_number() over (order by connector)::integer as service_rank, connector
from (select distinct connector from gmail_hops where connector is not null);

create or replace temp table gmail_deliveries as
select
    mail, from_whom, way, recipient, partner_domain,
    max(tls_rank) as tls_rank,
    max(service_rank) as service_rank,
    max(size) as size,
    coalesce(
        min(occurred_at) filter (where is_smtp and not is_failed_hop), min(occurred_at) filter (where not is_failed_hop)
    ) as occurred_at,
    coalesce(bool_or(is_failed_hop), false) and not coalesce(bool_or(is_smtp and not is_failed_hop), false) as was_refused
from gmail_hops
left join gmail_services using (connector)
group by mail, from_whom, way, recipient, partner_domain;

-- Deliveries that their own records do not tell all of, and those without a recipient: few, in most exports.
create or replace temp table gmail_of_message as
select mail, from_whom, way, partner_domain, max(tls_rank) as tls_rank, max(service_rank) as service_rank, max(size) as size
from gmail_deliveries
semi join (
    select mail
    from gmail_deliveries
    where tls_rank is null or service_rank is null or size is null
        or (getvariable('has_versions') and tls_rank <= getvariable('vague_rank'))
) as untold using (mail)
group by mail, from_whom, way, partner_domain;

-- Outbound records without any recipient tell of all partners of the message; where others name one, they are no delivery.
create or replace temp table gmail_of_all as
select
    mail, from_whom, way,
    max(tls_rank) filter (where recipient is null) as tls_rank,
    bool_or(recipient is not null) as names_recipients
from gmail_deliveries
semi join (select mail from gmail_deliveries where recipient is null) as nameless using (mail)
group by mail, from_whom, way;

create or replace temp table gmail_trace as
with standing as (
    select
        deliveries.* exclude (tls_rank, service_rank),
        gmail_tls.tls_version,
        gmail_tls.tls_cipher,
        gmail_services.connector
    from (
        select
            deliveries.* replace (
                -- That there was TLS says less than the version that the message's own connection tells.
                case
                    when deliveries.tls_rank > getvariable('vague_rank') then deliveries.tls_rank
                    when tells_version(of_message.tls_rank) then of_message.tls_rank
                    when tells_version(of_all.tls_rank) then of_all.tls_rank
                    else coalesce(deliveries.tls_rank, of_message.tls_rank, of_all.tls_rank)
                end as tls_rank,
                coalesce(deliveries.service_rank, of_message.service_rank) as service_rank,
                coalesce(deliveries.size, of_message.size) as size
            )
        from gmail_deliveries as deliveries
        left join gmail_of_message as of_message on of_message.mail = deliveries.mail and of_message.way = deliveries.way
            and of_message.from_whom is not distinct from deliveries.from_whom
            and of_message.partner_domain is not distinct from deliveries.partner_domain
        left join gmail_of_all as of_all on of_all.mail = deliveries.mail and of_all.way = deliveries.way
            and of_all.from_whom is not distinct from deliveries.from_whom
        where not was_refused and occurred_at is not null
            and (deliveries.recipient is not null or not coalesce(of_all.names_recipients, false))
    ) as deliveries
    left join gmail_tls using (tls_rank)
    left join gmail_services using (service_rank)
)

select
    getvariable('data_date')::date as data_date,
    occurred_at,
    way as direction,
    coalesce(connector, 'No connector') as connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    coalesce(partner_domain, 'Unknown') as partner_domain,
    coalesce(tls_version, 'Unknown') as tls_version,
    case when tls_version = 'No TLS' then 'none' else coalesce(tls_cipher, 'Unknown') end as tls_cipher,
    case when tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_group,
    case when tls_version = 'No TLS' then 'none' else 'Unknown' end as tls_auth,
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
