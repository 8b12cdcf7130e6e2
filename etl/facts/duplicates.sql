-- Which deliveries may be told more than once, by a hash of what tells them apart: where it stands once, so does the
-- delivery. Costs a tenth of telling all of them apart.
-- Out: told_twice; protected_trace: trace rows with what they state of protection as one value, `protection`.
create or replace temp table told_twice as
select hash(direction, connector, message_key, recipient_key) as delivery, count(*) as times
from trace
where message_key is not null
group by delivery
having count(*) > 1;

create or replace temp view protected_trace as
select *, struct_pack(*columns(lambda name: list_contains(getvariable('protection_columns'), name))) as protection
from trace;
