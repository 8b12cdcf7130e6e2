-- Question: for which days of a period did files without a date in their name bring rows?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, data_date. Only files that stand (counted, or their rows stand in a later file).
select distinct file_days.source, file_days.data_date
from file_days
inner join files using (source, sha256)
where
    file_days.data_date between $first_date and $last_date
    and file_days.used > 0
    and files.named_date is null
    and files.state in ('counted', 'grown', 'replaced', 'restated')
order by all;
