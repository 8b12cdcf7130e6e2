-- Sources by day over the last $days days with data: files named for the day, rows, duplicates, rejected, late.
with span as (
    select max(data_date) as last_date from partitions
),

named as (
    select source, named_date as data_date, count(*)::integer as named_files, sum(rejected)::bigint as rejected
    from files
    where named_date is not null
    group by all
)

select
    coalesce(source_days.source, named.source) as source,
    coalesce(source_days.data_date, named.data_date) as data_date,
    case when sources.has_date_pattern then coalesce(named.named_files, 0) else source_days.files end as named_files,
    sources.has_date_pattern as by_name,
    source_days.trace_rows,
    source_days.duplicates,
    named.rejected,
    source_days.late_rows,
    source_days.hours_without
from source_days
full join named on named.source = source_days.source and named.data_date = source_days.data_date
join sources on sources.source = coalesce(source_days.source, named.source)
cross join span
where coalesce(source_days.data_date, named.data_date) > span.last_date - $days::integer
    and (not sources.has_date_pattern or coalesce(source_days.data_date, named.data_date)
        <= (select max(data_date) from named as latest where latest.source = sources.source))
order by all;
