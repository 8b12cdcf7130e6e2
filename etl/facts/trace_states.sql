-- The columns of protection that the view `trace` states, in its order.
select column_name
from (describe trace)
where list_contains(getvariable('protection_columns'), column_name);
