-- The cells of the facts that the day's deliveries fall into, each with a number that stands for it while they are
-- summed: a hash of its columns, salted.
create or replace temp table cells as
select
    hash(getvariable('salt'), direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth) as cell,
    *
from (
    select distinct direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth from deliveries
);
