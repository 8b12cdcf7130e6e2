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
    from files
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
