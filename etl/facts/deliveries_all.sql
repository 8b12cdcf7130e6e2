-- No delivery is told twice: each trace row is one.
drop table if exists deliveries_merged;
create or replace temp view deliveries as
select * from protected_trace;
set variable duplicates = 0::bigint;
