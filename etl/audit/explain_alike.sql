-- One trace row that says what a record without identity says: each such row counts for itself. In: the view `trace`.
create or replace temp table alike as
select *
from trace
where direction is not distinct from $direction
    and connector is not distinct from $connector
    and partner_domain is not distinct from $partner_domain
    and tls_version is not distinct from $tls_version
    and tls_cipher is not distinct from $tls_cipher
    and bytes is not distinct from $bytes
limit 1;
