-- What the facts are summed by, numbered in canonical order: connectors with their direction, partner domains, and what is
-- said of TLS. Three small numbers come to one for each cell of the facts, in the order of the cells themselves.
create or replace temp table paths as
select direction, connector, row_number() over (order by direction, connector) - 1 as path
from (select distinct direction, connector from trace);

create or replace temp table partners as
select partner_domain, row_number() over (order by partner_domain) - 1 as partner
from (select distinct partner_domain from trace);

create or replace temp table protections as
select
    tls_version, tls_cipher, tls_group, tls_auth,
    row_number() over (order by tls_version, tls_cipher, tls_group, tls_auth) - 1 as protection
from (select distinct tls_version, tls_cipher, tls_group, tls_auth from trace);

set variable partner_count = (select count(*) from partners);
set variable protection_count = (select count(*) from protections);
