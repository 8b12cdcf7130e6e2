-- Question: how many records of a period were skipped, by which named rule?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, rule, records. Skipped records are told for their file's home day (see files.sql).
with most as (
    select source, sha256, arg_max(data_date, (used, -datediff('day', date '2000-01-01', data_date))) as data_date
    from file_days
    group by source, sha256
)

select skips.source, skips.rule, sum(skips.records)::bigint as records
from skips
inner join files using (source, sha256)
left join most using (source, sha256)
where
    files.state = 'counted'
    and coalesce(
        files.named_date, most.data_date, files.last_date, files.export_at::date, files.landed_at::date
    ) between $first_date and $last_date
group by all
order by all;
