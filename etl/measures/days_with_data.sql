-- Question: for which days did a counting source bring data?
-- Parameters: $first_date, $last_date (both included).
-- Columns: data_date, source. Reads the view of the same name (prepare.sql).
select data_date, source
from days_with_data
where data_date between $first_date and $last_date
order by all;
