-- Question: which sources are there, and what do they declare?
-- Parameters: none.
-- Columns: source, format, role, expect, lateness_days, has_date_pattern; evidence_date: the latest day that anything
-- of the source tells of (a data date, a date in a name, the UTC day of an export time); begin_date: the first day that
-- data or a name tells of.
with reached as (
    select
        source,
        max(greatest(
            coalesce(last_date, date '0001-01-01'),
            coalesce(named_date, date '0001-01-01'),
            coalesce(export_at::date, date '0001-01-01')
        )) as evidence_date,
        min(least(first_date, named_date)) as begin_date
    from (
        select source, first_date, last_date, named_date, export_at from files
        union all
        -- Exports of quiet days have the same bytes and are one file: the days that its names gave.
        select file_days.source, null, null, file_days.data_date, null
        from file_days
        inner join files using (source, sha256)
        where files.records = 0
    )
    group by source
)

select
    sources.source,
    sources.format,
    sources.role,
    sources.expect,
    sources.lateness_days,
    sources.has_date_pattern,
    reached.evidence_date,
    reached.begin_date
from sources
left join reached using (source)
order by sources.source;
