-- Question: which landed files do a period's numbers come from, or should have come from?
-- Parameters: $first_date, $last_date (both included).
-- Columns: those of files, and home_date: the day that records without a day of their own are told for (the date in
-- the name, else the day most of its rows belong to, else the UTC day of the export time); used_in_period: rows used
-- of the period's days. Uses file_homes.
with inside as (
    select source, sha256, sum(used)::bigint as used
    from file_days
    where data_date between $first_date and $last_date
    group by source, sha256
),

homed as (
    select file_homes.*, coalesce(inside.used, 0) as used_in_period
    from file_homes
    left join inside using (source, sha256)
)

select *
from homed
where home_date between $first_date and $last_date or used_in_period > 0
order by source, named_date nulls last, name, sha256;
