-- The view `trace` with the columns of protection in the grain's order, and their defaults where its reader, older than a
-- column, does not state it. In: trace, grain, the variable stated_columns (names of those that it states).
create or replace temp table grain_defaults as
select columns(lambda name: name = 'without' or not list_contains(getvariable('stated_columns'), name))
from (
    select columns(lambda name: list_contains(getvariable('protection_columns'), name)), true as without
    from grain
);
drop view if exists trace_as_stated;
alter view trace rename to trace_as_stated;
create temp view trace as
select columns(lambda name: list_contains(getvariable('protection_columns'), name))
from grain
where false
union all by name
select * exclude (without)
from trace_as_stated
cross join grain_defaults;
