-- What one data date is made of, empty. In: the table grain.
create or replace temp table day_facts as from grain limit 0;
create or replace temp table day_connector_days (
    data_date date, source varchar, direction varchar, connector varchar, connector_type varchar, forced_tls boolean,
    told_by varchar
);
create or replace temp table day_source_days (
    data_date date, source varchar, trace_rows bigint, deliveries bigint, duplicates bigint, files integer,
    late_rows bigint, without_identity boolean, is_estimated boolean, hours_without integer,
    last_at timestamp
);
create or replace temp table day_tls_reports (
    data_date date, source varchar, reporting_org varchar, policy_domain varchar, policy_type varchar,
    result_type varchar, sessions bigint
);
