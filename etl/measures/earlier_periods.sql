-- Question: how many messages in each earlier period, by direction, connector, TLS version and cipher?
-- Asked of an edition's inputs only. Parameters: none.
-- Columns: first_date, direction, connector, tls_version, tls_cipher, messages.
select first_date, direction, connector, tls_version, tls_cipher, messages
from history
where kind = 'period'
order by all;
