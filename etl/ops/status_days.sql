-- What came of each source for each day from $first_date on, beside the 10th to 90th percentile of the same weekday over
-- up to eight weeks before (days that brought files). Files are told for their home day, rows for their data date.
-- An export without records came for each day that its names gave. Uses the view file_homes. Beyond $notable_share of its records refused a file is refused in good part.
with homes as (
    select * from file_homes
    union all by name
    select file_homes.* replace (file_days.data_date as home_date)
    from file_homes
    inner join file_days using (source, sha256)
    where file_homes.records = 0 and file_days.data_date <> file_homes.home_date
),

brought as (
    select
        source,
        home_date as data_date,
        count(*) filter (where state in ('counted', 'grown', 'replaced', 'restated'))::integer as files,
        sum(size) filter (where state = 'counted')::bigint as size,
        sum(records) filter (where state = 'counted')::bigint as records,
        sum(rejected) filter (where state = 'counted')::bigint as rejected,
        sum(skipped) filter (where state = 'counted')::bigint as skipped,
        coalesce(bool_or(suspected_cut and state = 'counted'), false) as suspected_cut,
        coalesce(bool_or(rejected > $notable_share * records and state = 'counted'), false) as refused_in_part,
        count(*) filter (where state = 'quarantined')::integer as quarantined,
        sum(greatest(receipts - 1, 0))::bigint as duplicate_files
    from homes
    group by source, home_date
),

late as (
    select source, data_date, sum(late_rows)::bigint as late_rows from late_rows group by source, data_date
),

days as (
    select source, data_date from brought
    union
    select source, data_date from source_days
    union
    select source, data_date from late
),

bands as (
    select
        days.source,
        days.data_date,
        quantile_cont(earlier.size, 0.1) as size_low,
        quantile_cont(earlier.size, 0.9) as size_high,
        quantile_cont(earlier.records, 0.1) as records_low,
        quantile_cont(earlier.records, 0.9) as records_high,
        count(*)::integer as weeks
    from days
    inner join brought as earlier
        on earlier.source = days.source
        and earlier.size is not null
        and earlier.data_date between days.data_date - 56 and days.data_date - 7
        and (days.data_date - earlier.data_date) % 7 = 0
    where days.data_date >= $first_date::date
    group by days.source, days.data_date
)

select
    days.source,
    days.data_date,
    coalesce(brought.files, 0) as files,
    brought.size,
    bands.size_low,
    bands.size_high,
    brought.records,
    bands.records_low,
    bands.records_high,
    coalesce(bands.weeks, 0) as weeks,
    coalesce(brought.rejected, 0) as rejected,
    coalesce(brought.skipped, 0) as skipped,
    coalesce(brought.suspected_cut, false) as suspected_cut,
    coalesce(brought.refused_in_part, false) as refused_in_part,
    coalesce(brought.quarantined, 0) as quarantined,
    coalesce(brought.duplicate_files, 0) as duplicate_files,
    coalesce(source_days.trace_rows, 0) as trace_rows,
    coalesce(source_days.duplicates, 0) as duplicates,
    coalesce(late.late_rows, 0) as late_rows,
    source_days.hours_without,
    coalesce(partitions.sealed, false) as is_sealed
from days
left join brought using (source, data_date)
left join source_days using (source, data_date)
left join late using (source, data_date)
left join bands using (source, data_date)
left join partitions using (data_date)
where days.data_date >= $first_date::date
order by days.data_date, days.source;
