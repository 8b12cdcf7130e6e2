-- Question: what did each source bring for the days of a period?
-- Parameters: $first_date, $last_date (both included).
-- Columns: source, data_date, trace_rows, deliveries, duplicates, files, late_rows, without_identity, is_estimated,
-- hours_without, last_at (UTC).
select
    source, data_date, trace_rows, deliveries, duplicates, files, late_rows, without_identity, is_estimated,
    hours_without, last_at
from source_days
where data_date between $first_date and $last_date
order by source, data_date;
