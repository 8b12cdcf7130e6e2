-- Where the earlier sums of an edition are collected before they are written: one row a sum, told apart by kind.
--   day      messages of a day (first_date), direction, connector, TLS version: 91 days before the period
--   data     a day for which a counting source brought data
--   missing  a day that a counting source did not bring, though it was expected to
--   period   messages of an earlier period (first_date to last_date), direction, connector, TLS version, cipher
--   told     a connector's type and forced TLS, from first_date to last_date
--   life     first and last data date of a connector before the period
--   partner  first and last data date, before the period, of a partner's mail below TLS 1.2 (connector: nothing for all)
create or replace temp table history_rows (
    kind varchar, first_date date, last_date date, source varchar, direction varchar, connector varchar,
    partner_domain varchar, tls_version varchar, tls_cipher varchar, connector_type varchar, forced_tls boolean,
    messages bigint, recipients bigint, bytes bigint, is_estimated boolean
);
