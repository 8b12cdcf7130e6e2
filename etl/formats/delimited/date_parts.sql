-- The largest first and second part of dates with slashes.
select
    max(try_cast(split_part(trim(date_time), '/', 1) as integer)) as first_part,
    max(try_cast(split_part(trim(date_time), '/', 2) as integer)) as second_part
from raw;
