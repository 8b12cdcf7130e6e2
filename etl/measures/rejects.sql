-- Question: which records of a period could not be read, why, and where are the first of them?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, reason, records, examples (at most three: file name and record number).
-- A record without a readable date is told for its file's home day (see files.sql).
with most as (
    select source, sha256, arg_max(data_date, (used, -datediff('day', date '2000-01-01', data_date))) as data_date
    from file_days
    group by source, sha256
),

told as (
    select
        rejects.source,
        rejects.reason,
        rejects.record,
        files.name,
        coalesce(
            rejects.data_date, files.named_date, most.data_date, files.last_date, files.export_at::date,
            files.landed_at::date
        ) as told_date
    from rejects
    inner join files using (source, sha256)
    left join most using (source, sha256)
    where files.state = 'counted'
)

select
    source,
    reason,
    count(*) as records,
    list(name || ', record ' || record order by name, record)[1:3] as examples
from told
where told_date between $first_date and $last_date
group by source, reason
order by source, records desc, reason;
