-- The first and the newest day that each source brought an export for, and when its newest landed. Uses file_homes; an
-- export without records came for each day that its names gave.
with days as (
    select source, home_date as data_date, landed_at from file_homes
    union all
    select file_days.source, file_days.data_date, files.landed_at
    from file_days
    inner join files using (source, sha256)
    where files.records = 0
)

select
    source,
    min(data_date) as first_date,
    max(data_date) as last_date,
    strftime(max(landed_at), '%Y-%m-%dT%H:%M:%SZ') as landed_at
from days
group by source;
