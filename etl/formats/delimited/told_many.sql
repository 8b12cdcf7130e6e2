-- Records may tell of several recipients (`a;b`), each perhaps with its status behind `##`: spread out, a row each, those
-- that were not transferred last. A list of nothing is one recipient that is not told; so every record keeps a row.
create or replace temp view told as
with listed as (
    select
        *,
        case
            when contains(recipient, ';')
                then list_distinct(list_filter(string_split(recipient, ';'), lambda part: trim(part) <> ''))
            else [recipient]
        end as parts
    from records
),

parted as (
    select
        * exclude (parts),
        list_filter(parts, lambda part: is_transferred(part)) as taken,
        list_filter(parts, lambda part: not is_transferred(part)) as refused
    from listed
),

spread as (
    select
        * exclude (taken, refused),
        len(taken) as taken_count,
        unnest(case when len(taken) + len(refused) = 0 then [null] else list_sort(taken) || list_sort(refused) end) as part,
        generate_subscripts(
            case when len(taken) + len(refused) = 0 then [null] else list_sort(taken) || list_sort(refused) end, 1
        ) as ordinal,
        list_transform(
            list_sort(taken), lambda part: case direction when 'inbound' then '' else told_domain(part) end
        ) as domains
    from parted
)

select
    * exclude (part, taken_count, domains, outcome, reason),
    case when outcome = 'used' and part is not null and ordinal > taken_count then 'skipped' else outcome end as outcome,
    case when outcome = 'used' and part is not null and ordinal > taken_count then 'not-transferred' else reason end as reason,
    trim(split_part(part, '##', 1)) as told_recipient,
    coalesce(list_position(domains, domains[ordinal]) < ordinal, false) as repeats_partner
from spread;
