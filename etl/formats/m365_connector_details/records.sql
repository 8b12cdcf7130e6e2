-- One row per record of the export: a day, a connector with its direction, a volume, and `parts`: the messages of each
-- TLS version that the percentages come to (largest remainder); they add up to the volume.
-- In: the view `dated`, the macros of told_words.sql, session variables stated_direction, percentages (columns of them) and has_percent_header.
create or replace temp macro way_of(word) as
    case
        when lower(trim(word)) in ('inbound', 'incoming', 'received', 'receive', 'in', 'from', '1') then 'inbound'
        when lower(trim(word)) in ('outbound', 'outgoing', 'sent', 'send', 'out', 'to', 'originating', '2') then 'outbound'
    end;

-- A number as people write it: `12,5 %`, `1 234`, with or without a no-break space. Digits, one decimal point.
create or replace temp macro number_of(told) as
    replace(regexp_replace(told, '[\s\x{a0}\x{202f}%''’]', '', 'g'), ',', '.');

-- A whole number; what looks like a decimal part of three digits can only group thousands.
create or replace temp macro whole_of(told) as
    case
        when regexp_full_match(number_of(told), '\d{1,3}(\.\d{3})+') then replace(number_of(told), '.', '')
        else regexp_replace(number_of(told), '\.0{1,2}$', '')
    end;

create or replace temp macro is_total(told) as
    regexp_replace(lower(told), 'inbound|outbound|incoming|outgoing|received|sent|[^\pL]', '', 'g')
    in ('total', 'totals', 'grandtotal', 'allmailflow');

-- Direction and name stand in one cell; how they are joined is published nowhere: `Inbound: name`, `From name`,
-- `name (Inbound)` and their like are taken.
create or replace temp macro is_without(name) as
    fold_word(name) in (
        '', 'noconnector', 'none', 'withoutaconnector', 'theinternetwithoutaconnector', 'fromtheinternetwithoutaconnector',
        'totheinternetwithoutaconnector'
    );

create or replace temp view records as
with cut as (
    select
        *,
        trim(connector) as told,
        regexp_extract(trim(connector),
            '(?i)^(inbound|incoming|received?|in|from|outbound|outgoing|sent|send|out|to)(?:\s+connector)?(?:\s*[:|/>,]+\s*|\s+[–—-]+>?\s+)(.+)$',
            ['word', 'rest']) as marked,
        regexp_extract(trim(connector),
            '(?i)^[(\[]?(inbound|incoming|received|from|outbound|outgoing|sent|to)(?:[)\]]\s*|\s+|-)(.+)$', ['word', 'rest']) as spoken,
        regexp_extract(trim(connector),
            '(?i)^(.+?)\s*[(\[:|/,–—-]\s*(inbound|incoming|received|outbound|outgoing|sent)\s*[)\]]?$',
            ['rest', 'word']) as closed
    from dated
),

named as (
    select
        * exclude (connector),
        case
            when fold_word(told) = 'fromtheinternetwithoutaconnector' then 'inbound'
            when fold_word(told) = 'totheinternetwithoutaconnector' then 'outbound'
            when trim(direction) <> '' then way_of(direction)
            when getvariable('stated_direction') <> '' then way_of(getvariable('stated_direction'))
            else coalesce(way_of(marked.word), way_of(spoken.word), way_of(closed.word))
        end as way,
        case
            when trim(direction) <> '' or getvariable('stated_direction') <> ''
                then case when way_of(marked.word) = way then marked.rest else told end
            -- `Inbound from …` and `Outbound to …` are whole names: the hybrid wizard calls its connectors so.
            when marked.rest = '' and regexp_matches(told, '(?i)^(inbound from|outbound to)\s') then told
            when marked.rest = '' and regexp_matches(told, '(?i)^(received from|sent to)\s')
                then regexp_replace(told, '(?i)^(received from|sent to)\s+', '')
            else coalesce(nullif(marked.rest, ''), nullif(spoken.rest, ''), nullif(closed.rest, ''), told)
        end as name,
        case when is_without(name) then 'No connector' else name end as connector
    from cut
),

counted as (
    select
        *,
        case when regexp_full_match(whole_of(messages), '\d{1,13}') then whole_of(messages)::bigint end as volume,
        list_transform(
            [
                {version: 'No TLS', told: no_tls}, {version: 'SSL 3.0', told: ssl_3_0}, {version: 'TLS 1.0', told: tls_1_0},
                {version: 'TLS 1.1', told: tls_1_1}, {version: 'TLS 1.2', told: tls_1_2}, {version: 'TLS 1.3', told: tls_1_3},
                {version: 'TLS unknown', told: tls_unknown}, {version: 'Unknown', told: unknown}
            ],
            lambda part: {
                version: part.version,
                decimals: length(split_part(number_of(part.told), '.', 2)),
                percent: case
                    when part.told is null or trim(part.told, ' -–—') = '' then 0
                    else try_cast(number_of(part.told) as decimal(18, 9))
                end
            }
        ) as shares
    from named
),

summed as (
    select
        *,
        case when is_total(told) or is_total(name) or is_total(date_time) then 'total-row' end as rule,
        list_sum(list_transform(shares, lambda part: part.percent)) as whole,
        list_max(list_transform(shares, lambda part: part.percent)) as largest,
        -- What rounding alone can make of the whole: half a unit of the last decimal for each percentage.
        getvariable('percentages') * 0.5 / power(10, list_max(list_transform(shares, lambda part: coalesce(part.decimals, 0)))) as rounding,
        contains(concat_ws('', no_tls, ssl_3_0, tls_1_0, tls_1_1, tls_1_2, tls_1_3, tls_unknown, unknown), '%') as has_sign
    from counted
),

-- What the parts of a row add up to, decided for the whole file: 100, but 1 where every row with mail adds up to that and
-- none goes beyond, and the volume where every row adds up to its own, and not all to 100.
scaled as (
    select
        *,
        case
            when getvariable('has_percent_header') or bool_or(has_sign) over () then 100
            when bool_and(largest <= 1 and abs(whole - 1) <= least(rounding, 0.1)) filter (where volume > 0 and whole > 0 and rule is null) over ()
                then 1
            when bool_and(whole = volume) filter (where volume > 0 and whole > 0 and rule is null) over ()
                and not bool_and(abs(whole - 100) <= rounding) filter (where volume > 0 and whole > 0 and rule is null) over ()
                then greatest(volume, 1)
            else 100
        end as total
    from summed
),

judged as (
    select
        *,
        least(rounding, total * 0.1) as slack,
        case
            when getvariable('has_nul') and contains(concat_ws('', date_time, told, messages), chr(0)) then 'a NUL byte'
            when data_date is null then 'not a date'
            when year(data_date) not between 2010 and 2039 then 'a date outside 2010 to 2039'
            when way is null then 'an unknown direction'
            when coalesce(volume not between 0 and 1000000000000, true) then 'not a count'
            when len(list_filter(shares, lambda part: part.percent is null or part.percent not between 0 and total)) > 0 then 'not a percentage'
            when whole - total > slack then 'percentages that add up to more than 100'
        end as reason
    from scaled
),

-- A day and connector stand once in an export. The same told again is a repetition; told differently, neither counts.
repeated as (
    select
        *,
        row_number() over same_place as occurrence,
        min(hash(volume, connector_type, forced_tls, whole, shares)) over place
            <> max(hash(volume, connector_type, forced_tls, whole, shares)) over place as is_contradicted
    from judged
    window
        place as (partition by data_date, way, connector, rule, reason),
        same_place as (partition by data_date, way, connector, rule, reason order by record)
),

-- Percentages as whole numbers; what is missing beyond rounding is told of no version.
weighed as (
    select
        *,
        list_transform(shares, lambda part: {
            version: part.version,
            weight: (part.percent * 1000000000)::hugeint
                + case when part.version = 'Unknown' and total - whole > slack then ((total - whole) * 1000000000)::hugeint else 0 end
        }) as weights
    from repeated
),

divided as (
    select
        *,
        list_transform(weights, lambda part, place: {
            version: part.version,
            place: -place,
            messages: (volume * part.weight) // list_sum(list_transform(weights, lambda each: each.weight))::hugeint,
            remainder: (volume * part.weight) % list_sum(list_transform(weights, lambda each: each.weight))::hugeint
        }) as floors
    from weighed
),

-- What is left over goes to the largest remainders; where they are equal, to the less protected.
given as (
    select
        *,
        list_reverse_sort(list_transform(floors, lambda part: {
            remainder: part.remainder, place: part.place
        }))[1:(volume - list_sum(list_transform(floors, lambda part: part.messages)))::bigint] as lifted
    from divided
)

select
    case
        when rule is not null then 'skipped'
        when reason is not null or is_contradicted then 'rejected'
        when occurrence > 1 then 'skipped'
        else 'used'
    end as outcome,
    case
        when rule is not null then rule
        when reason is not null then reason
        when is_contradicted then 'a connector told twice for one day, differently'
        when occurrence > 1 then 'repeated-row'
    end as reason,
    data_date,
    way as direction,
    connector,
    type_of(connector_type) as connector_type,
    forced_of(forced_tls) as forced_tls,
    list_filter(
        list_transform(floors, lambda part: {
            version: part.version,
            messages: (part.messages + case
                when list_contains(lifted, {remainder: part.remainder, place: part.place}) then 1 else 0 end)::bigint
        }),
        lambda part: part.messages > 0
    ) as parts,
    record
from given;
