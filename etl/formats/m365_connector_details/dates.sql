-- How many records write their day in each way; `parts` have slashes or hyphens, and which is the month is open. `days`
-- counts the records whose day can be read at all, `example` is the first day told (a total's row has none). A year such
-- as 26, read as four digits, is none.
with told as (
    select trim(date_time) as told, record
    from (select date_time, row_number() over () as record from raw)
    where trim(date_time) <> '' and not regexp_matches(lower(trim(date_time)), '^(grand )?totals?\b')
),

read as (
    select
        told,
        record,
        try_strptime(told, $iso) as iso,
        try_strptime(told, $dotted) as dotted,
        try_strptime(told, $words) as words,
        try_strptime(told, $month_first) as month_first,
        try_strptime(told, $day_first) as day_first
    from told
)

select
    count(iso) as iso,
    count(dotted) as dotted,
    count(words) as words,
    count(coalesce(month_first, day_first)) as parts,
    count(*) filter (where year(coalesce(iso, dotted, words, month_first, day_first)) > 1900) as days,
    arg_min(told, record) as example
from read;
