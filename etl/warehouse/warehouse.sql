-- The tables of the published warehouse. In: the table grain.
create table facts as from grain limit 0;
create table connector_days (
    data_date date, source varchar, direction varchar, connector varchar, connector_type varchar, forced_tls boolean,
    told_by varchar
);
create table source_days (
    data_date date, source varchar, trace_rows bigint, deliveries bigint, duplicates bigint, files integer,
    late_rows bigint, without_identity boolean, is_estimated boolean, hours_without integer,
    last_at timestamp
);
create table tls_reports (
    data_date date, source varchar, reporting_org varchar, policy_domain varchar, policy_type varchar,
    result_type varchar, sessions bigint
);
create table partitions (data_date date, basis varchar, facts_sha256 varchar, sealed boolean);
create table sources (
    source varchar, format varchar, role varchar, expect varchar, lateness_days integer, has_date_pattern boolean
);
create table files (
    source varchar, sha256 varchar, name varchar, size bigint, landed_at timestamp, export_at timestamp,
    named_date date, receipts integer, state varchar, reason varchar, format varchar, records bigint, used bigint,
    rejected bigint, skipped bigint, first_date date, last_date date, has_identity boolean, is_aggregate boolean,
    suspected_cut boolean
);
create table file_days (source varchar, sha256 varchar, data_date date, used bigint);
create table late_rows (source varchar, sha256 varchar, data_date date, late_rows bigint);
create table skips (source varchar, sha256 varchar, rule varchar, records bigint);
create table unknown_words (source varchar, sha256 varchar, field varchar, word varchar, records bigint);
create table rejects (source varchar, sha256 varchar, record bigint, data_date date, reason varchar);
create table reject_files (source varchar, sha256 varchar, reader_key varchar);
create table staged_files (source varchar, sha256 varchar, reader_key varchar);
create table origin (evidence_sha256 varchar);
create table warehouse_version (version integer);
