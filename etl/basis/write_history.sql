-- Writes the collected earlier sums (temporary table history_rows) as an edition's history.csv.
-- Parameters: $path.
copy (
    select
        kind, first_date, last_date, guard(source) as source, direction, guard(connector) as connector,
        guard(partner_domain) as partner_domain, tls_version, guard(tls_cipher) as tls_cipher,
        guard(connector_type) as connector_type, forced_tls, messages, recipients, bytes, is_estimated
    from history_rows
    order by kind, first_date nulls first, last_date nulls first, history_rows.source nulls first,
        direction nulls first, history_rows.connector nulls first, history_rows.partner_domain nulls first,
        tls_version nulls first, history_rows.tls_cipher nulls first, messages nulls first
) to $path (
    format csv, header true, delimiter ',', quote '"', escape '"', nullstr '',
    force_quote (kind, source, direction, connector, partner_domain, tls_version, tls_cipher, connector_type)
);
