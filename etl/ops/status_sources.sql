-- The first and the newest day that each source brought an export for, and when its newest landed. Uses file_homes.
select
    source,
    min(home_date) as first_date,
    max(home_date) as last_date,
    strftime(max(landed_at), '%Y-%m-%dT%H:%M:%SZ') as landed_at
from file_homes
group by source;
