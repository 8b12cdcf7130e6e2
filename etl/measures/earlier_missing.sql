-- Question: on which days before the period did a counting source not bring what it was expected to?
-- Asked of an edition's inputs only. Parameters: none.
-- Columns: data_date, source.
select first_date as data_date, source
from history
where kind = 'missing'
order by all;
