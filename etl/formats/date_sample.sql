-- How the first thousand records write their dates.
select
    count(*) filter (where contains(date_time, '/')) as slashes,
    count(*) filter (where regexp_matches(date_time, '[0-9][+-][0-9]{2}:?[0-9]{2}$')
        and contains(date_time, ':')) as offsets,
    count(*) filter (where regexp_full_match(trim(date_time), '[0-9]{4}-[0-9]{2}-[0-9]{2}')) as bare,
    count(*) as total
from (select date_time from raw where date_time <> '' limit 1000);
