-- How the first thousand records write their dates: with slashes, with dots, with an offset (or Z for UTC), without a time.
select
    count(*) filter (where contains(date_time, '/')) as slashes,
    count(*) filter (regexp_matches(trim(date_time), '^[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}')) as dots,
    count(*) filter (where regexp_matches(trim(date_time), ':[0-9.]+ ?[+-][0-9]{2}(:?[0-9]{2})?$')) as offsets,
    count(*) filter (where ends_with(upper(trim(date_time)), 'Z')) as utc,
    count(*) filter (where not contains(date_time, ':')) as bare,
    count(*) as total
from (select date_time from raw where trim(date_time) <> '' limit 1000);
