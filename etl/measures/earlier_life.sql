-- Question: since when, and until when, was mail seen on each connector before the period?
-- Asked of an edition's inputs only. Parameters: none.
-- Columns: direction, connector, first_date, last_date.
select direction, connector, first_date, last_date
from history
where kind = 'life'
order by direction, connector;
