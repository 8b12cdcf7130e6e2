-- What was told of connectors in the period itself: runs of type and forced TLS, from completeness.json.
create table own_connectors (
    direction varchar, connector varchar, first_date date, last_date date, connector_type varchar, forced_tls boolean
);
