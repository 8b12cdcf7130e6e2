-- How many facts of a are not in b.
select count(*)
from (
    select direction, connector, partner_domain, tls_version, tls_cipher, messages, recipients, bytes from a
    except all
    select direction, connector, partner_domain, tls_version, tls_cipher, messages, recipients, bytes from b
);
