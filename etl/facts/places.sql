-- What the facts are summed by, numbered in canonical order: connectors with their direction, partner domains, and what is
-- said of TLS. Three small numbers come to one for each cell of the facts, in the order of the cells themselves.
create or replace temp table paths as
select direction, connector, row_number() over (order by direction, connector) - 1 as path
from (select distinct direction, connector from trace);

create or replace temp table partners as
select partner_domain, row_number() over (order by partner_domain) - 1 as partner
from (select distinct partner_domain from trace);

create or replace temp table protections as
select unnest(protection), protection, row_number() over (order by protection) - 1 as number
from (select distinct protection from protected_trace);

set variable partner_count = (select count(*) from partners);
set variable protection_count = (select count(*) from protections);
