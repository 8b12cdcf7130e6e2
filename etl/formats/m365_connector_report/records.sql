-- One row per record of the export, typed: what was used, what a named rule skipped, what was rejected and why.
-- What comes again and again is read once for each way in which the first records spell it, and else where it stands.
-- A long list behind IN would become a join over all records, so lists are searched.
-- In: the view `dated` over `raw`, the tables tls_words and cipher_words, session variables.
create or replace temp macro way_of(direction) as case lower(trim(direction))
    when 'received' then 'inbound'
    when 'inbound' then 'inbound'
    when 'incoming' then 'inbound'
    when 'in' then 'inbound'
    when '1' then 'inbound'
    when 'sent' then 'outbound'
    when 'outbound' then 'outbound'
    when 'originating' then 'outbound'
    when 'out' then 'outbound'
    when '2' then 'outbound'
    when 'internal' then 'internal'
    when 'intraorg' then 'internal'
end::direction_word;

create or replace temp macro rule_of(status) as case
    when list_contains(['failed', 'fail', 'expanded', 'expand', 'deferred', 'defer', 'pending', 'rejected', 'resolved',
        'gettingstatus', 'none'], lower(trim(status))) then 'not-transferred'
end;

create or replace temp macro name_of(connector) as case
    when connector is null or trim(connector) = '' then 'No connector'
    when fold_word(connector) in ('noconnector', 'none', 'fromtheinternetwithoutaconnector',
        'totheinternetwithoutaconnector') then 'No connector'
    else trim(connector)
end;

create or replace temp macro version_of(spelled, known) as case
    when known is not null then known
    when starts_with(lower(trim(spelled)), 'tls') then 'TLS unknown'
    when starts_with(lower(trim(spelled)), 'ssl') then 'TLS unknown'
    else 'Unknown'
end::version_word;

create or replace temp macro cipher_of(version, known) as
    case when version = 'No TLS' then 'none' else coalesce(known, 'Unknown') end::cipher_word;

create or replace temp macro unknown_version_of(spelled, known) as
    case when known is null and trim(spelled) <> '' then spelled end;

create or replace temp macro unknown_cipher_of(spelled, known) as
    case when known is null and not list_contains(['', '-', 'none', 'None', 'n/a'], trim(spelled)) then spelled end;

create temp table if not exists spellings as
with spelled as (
    select distinct direction, connector, connector_type, forced_tls, tls_version, tls_cipher, status
    from (from raw limit 100000)
)

select
    spelled.*,
    true as is_read,
    way_of(direction) as way,
    rule_of(status) as rule,
    name_of(connector) as connector_name,
    type_of(connector_type) as type_name,
    forced_of(forced_tls) as is_forced,
    version_of(spelled.tls_version, tls_words.tls_version) as version,
    cipher_of(version, cipher_words.tls_cipher) as cipher,
    cipher_of(version, null) as untold,
    unknown_version_of(spelled.tls_version, tls_words.tls_version) as unknown_version,
    unknown_cipher_of(spelled.tls_cipher, cipher_words.tls_cipher) as unknown_cipher
from spelled
left join tls_words on tls_words.word = fold_word(spelled.tls_version)
left join cipher_words on cipher_words.word = fold_word(spelled.tls_cipher);

create or replace temp view records as
with worded as (
    select
        dated.*,
        case when is_read then way else way_of(dated.direction) end as way,
        case when is_read then rule else rule_of(dated.status) end as rule,
        case when is_read then connector_name else name_of(dated.connector) end as connector_name,
        case when is_read then type_name else type_of(dated.connector_type) end as type_name,
        case when is_read then is_forced else forced_of(dated.forced_tls) end as is_forced,
        case when is_read then spellings.version else version_of(dated.tls_version, tls_words.tls_version) end as version,
        case when is_read then spellings.cipher
            else cipher_of(version_of(dated.tls_version, tls_words.tls_version), cipher_words.tls_cipher) end as cipher,
        case when is_read then untold
            else cipher_of(version_of(dated.tls_version, tls_words.tls_version), null) end as untold,
        case when is_read then unknown_version
            else unknown_version_of(dated.tls_version, tls_words.tls_version) end as unknown_version,
        case when is_read then unknown_cipher
            else unknown_cipher_of(dated.tls_cipher, cipher_words.tls_cipher) end as unknown_cipher
    from dated
    left join spellings
        on spellings.direction is not distinct from dated.direction
        and spellings.connector is not distinct from dated.connector
        and spellings.connector_type is not distinct from dated.connector_type
        and spellings.forced_tls is not distinct from dated.forced_tls
        and spellings.tls_version is not distinct from dated.tls_version
        and spellings.tls_cipher is not distinct from dated.tls_cipher
        and spellings.status is not distinct from dated.status
    left join tls_words on tls_words.word = case when is_read is null then fold_word(dated.tls_version) end
    left join cipher_words on cipher_words.word = case when is_read is null then fold_word(dated.tls_cipher) end
),

judged as (
    select
        *,
        case
            when getvariable('has_nul') and contains(concat_ws('', date_time, direction, connector, tls_version,
                tls_cipher, sender, recipient, message_id, network_message_id, bytes), chr(0)) then 'a NUL byte'
            when clock is null then 'not a date'
            when data_date is null then 'a date outside 2010 to 2039'
            when way is null then 'an unknown direction'
            when getvariable('has_messages') and coalesce(try_cast(messages as bigint) not between 0 and 1000000000000, true)
                then 'not a count'
        end as reason
    from worded
)

select
    case
        when reason is not null then 'rejected'::outcome_word
        when rule is not null then 'skipped'::outcome_word
        else 'used'::outcome_word
    end as outcome,
    coalesce(reason, rule) as reason,
    data_date,
    case when getvariable('date_style') <> 'date' then occurred_at end as occurred_at,
    way as direction,
    connector_name as connector,
    type_name as connector_type,
    is_forced as forced_tls,
    trimmed(sender) as sender,
    trimmed(recipient) as recipient,
    version as tls_version,
    cipher as tls_cipher,
    untold as tls_group,
    untold as tls_auth,
    message_id,
    network_message_id,
    case when try_cast(bytes as bigint) between 0 and 1000000000000 then try_cast(bytes as bigint) end as bytes,
    case when getvariable('has_messages') then try_cast(messages as bigint) end as messages,
    unknown_version,
    unknown_cipher,
    record
from judged;
