-- Question: for which days of a period did files without a date in their name bring rows, or exports without any record
-- come? (Exports of days without mail have the same bytes and are one file; each day that a name gave stands here.)
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, data_date. Only files that stand (counted, or their rows stand in a later file).
select distinct file_days.source, file_days.data_date
from file_days
inner join files using (source, sha256)
where
    file_days.data_date between $first_date and $last_date
    and (files.records = 0 or (file_days.used > 0 and files.named_date is null))
    and files.state in ('counted', 'grown', 'replaced', 'restated')
order by all;
