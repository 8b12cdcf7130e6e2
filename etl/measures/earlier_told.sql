-- Question: of which type was each connector, and was TLS forced on it, before the period and in it, in order of time?
-- Asked of an edition's inputs only. Parameters: none.
-- Columns: direction, connector, first_date, last_date, connector_type, forced_tls.
select direction, connector, first_date, last_date, connector_type, forced_tls
from history
where kind = 'told'
union all
select direction, connector, first_date, last_date, connector_type, forced_tls
from own_connectors
where len(getvariable('visible')) = 0 or list_contains(getvariable('visible'), connector)
order by direction, connector, first_date;
