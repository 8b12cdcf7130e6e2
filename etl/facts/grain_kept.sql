-- The grain with those columns alone that $columns names: how an edition from before a column was added had it.
create or replace temp table grain as
select columns(lambda name: list_contains($columns, name))
from grain;
