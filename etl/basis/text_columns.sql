-- The text columns of the facts, in order.
select column_name
from (describe facts)
where column_type = 'VARCHAR';
