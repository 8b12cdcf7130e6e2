-- One row per record of the export, typed: what was used, what a named rule skipped, what was rejected and why. Where no
-- word tells the direction it is null, and trace_rows.sql finds it for each recipient by own domains.
-- In: the view `dated`, the macros of told_words.sql, session variables.
create or replace temp view records as
with worded as (
    select
        * exclude (connector, direction),
        case when fold_word(connector) in ('', 'noconnector', 'none') then null else nullif(trim(connector), '') end as named,
        case fold_word(direction)
            when 'inbound' then 'inbound'
            when 'incoming' then 'inbound'
            when 'received' then 'inbound'
            when 'in' then 'inbound'
            when '1' then 'inbound'
            when 'outbound' then 'outbound'
            when 'originating' then 'outbound'
            when 'sent' then 'outbound'
            when 'out' then 'outbound'
            when '2' then 'outbound'
            when 'internal' then 'internal'
            when 'intraorg' then 'internal'
            when 'undefined' then 'untold'
            when 'unknown' then 'untold'
            when '0' then 'untold'
            when '' then 'untold'
            else case when direction is null then 'untold' end
        end as word
    from dated
),

judged as (
    select
        *,
        -- The word tells where mail began. What begins inside and uses no connector may also end there.
        case
            when word = 'untold' then null
            when word = 'outbound' and named is null and is_own_address(sender) then null
            else word
        end as way,
        case
            when getvariable('has_nul') and contains(concat_ws('', date_time, word, named, sender, recipient, status, message_id,
                network_message_id, bytes), chr(0)) then 'a NUL byte'
            when clock is null then 'not a date'
            when data_date is null then 'a date outside 2010 to 2039'
            when word is null then 'an unknown direction'
            when word = 'untold' and coalesce(trim(sender), '') = '' and coalesce(trim(recipient), '') = '' then 'no address'
        end as reason,
        case when not contains(status, '##') and not is_taken(status) then 'not-transferred' end as rule
    from worded
)

select
    case when reason is not null then 'rejected' when rule is not null then 'skipped' else 'used' end as outcome,
    coalesce(reason, rule) as reason,
    data_date,
    case when getvariable('date_style') <> 'date' then occurred_at end as occurred_at,
    way as direction,
    coalesce(named, 'No connector') as connector,
    null::varchar as connector_type,
    null::boolean as forced_tls,
    trimmed(sender) as sender,
    trimmed(recipient) as recipient,
    'Unknown' as tls_version,
    'Unknown' as tls_cipher,
    'Unknown' as tls_group,
    'Unknown' as tls_auth,
    message_id,
    network_message_id,
    case when try_cast(bytes as bigint) between 0 and 1000000000000 then try_cast(bytes as bigint) end as bytes,
    null::bigint as messages,
    null::varchar as unknown_version,
    null::varchar as unknown_cipher,
    record
from judged;
