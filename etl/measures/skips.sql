-- Question: how many records of a period were skipped, by which named rule?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, rule, records. Skipped records are told for their file's home day (the view `file_homes`).
select skips.source, skips.rule, sum(skips.records)::bigint as records
from skips
inner join file_homes using (source, sha256)
where file_homes.state = 'counted' and file_homes.home_date between $first_date and $last_date
group by all
order by all;
