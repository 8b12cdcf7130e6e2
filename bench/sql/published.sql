-- The facts of a published warehouse, as the other ways to them have them.
select direction, connector, partner_domain, tls_version, tls_cipher, messages, recipients, bytes
from facts;
