-- Question: since when, and when last, had partners mail below TLS 1.2 before the period?
-- Asked of an edition's inputs only. Parameters: none.
-- Columns: direction, connector (nothing over all connectors), partner_domain, first_date, last_date.
select direction, connector, partner_domain, first_date, last_date
from history
where kind = 'partner'
order by all;
