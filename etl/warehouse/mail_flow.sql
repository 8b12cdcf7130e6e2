-- Mail flow: what counting sources say of mail in and out. The same over a warehouse and over an edition's inputs.
-- In: facts, sources.
create view mail_flow as
select facts.*
from facts
join sources using (source)
where sources.role = 'count' and facts.direction in ('inbound', 'outbound');
