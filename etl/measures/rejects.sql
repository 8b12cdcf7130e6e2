-- Question: which records of a period could not be read, why, and where are the first of them?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, reason, records, examples (at most three: file name and record number).
-- A record without a readable date is told for its file's home day (the view `file_homes`).
with told as (
    select
        rejects.source,
        rejects.reason,
        rejects.record,
        file_homes.name,
        coalesce(rejects.data_date, file_homes.home_date) as told_date
    from rejects
    inner join file_homes using (source, sha256)
    where file_homes.state = 'counted'
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
