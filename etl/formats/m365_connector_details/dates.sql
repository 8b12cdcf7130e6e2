-- How many records write their day in each way; with slashes, for how many only one reading is a day, and for how many
-- both are, and differ.
select
    count(try_strptime(told, $iso)) as iso,
    count(try_strptime(told, $dotted)) as dotted,
    count(try_strptime(told, $words)) as words,
    count(coalesce(try_strptime(told, $month_first), try_strptime(told, $day_first))) as slashes,
    count(*) filter (
        where try_strptime(told, $month_first) is not null and try_strptime(told, $day_first) is null
    ) as only_month_first,
    count(*) filter (
        where try_strptime(told, $month_first) is null and try_strptime(told, $day_first) is not null
    ) as only_day_first,
    count(*) filter (where try_strptime(told, $month_first) <> try_strptime(told, $day_first)) as either
from (select trim(date_time) as told from raw);
