-- The format's columns, all text, none filled: what an export lacks stays null.
create or replace temp table template (
    date_time varchar, connector varchar, direction varchar, connector_type varchar, forced_tls varchar, no_tls varchar,
    ssl_3_0 varchar, tls_1_0 varchar, tls_1_1 varchar, tls_1_2 varchar, tls_1_3 varchar, tls_unknown varchar,
    unknown varchar, messages varchar, record bigint
);
