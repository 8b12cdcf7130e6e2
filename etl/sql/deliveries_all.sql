-- No delivery is told twice: each trace row is one.
drop table if exists deliveries_kept;
create or replace temp view deliveries as
select * from trace;
