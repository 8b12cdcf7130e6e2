-- Question: since when, and until when, was mail seen on each connector, before a day?
-- Parameters: $before_date (not included).
-- Columns: direction, connector, first_date, last_date.
select direction, connector, min(data_date) as first_date, max(data_date) as last_date
from mail_flow
where data_date < $before_date
group by all
order by all;
