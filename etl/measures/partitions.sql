-- Question: from which sets were the facts of a period's days made, and are they sealed?
-- Parameters: $first_date, $last_date (both included).
-- Columns: data_date, basis, facts_sha256, sealed.
select data_date, basis, facts_sha256, sealed
from partitions
where data_date between $first_date and $last_date
order by data_date;
