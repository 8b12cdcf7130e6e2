-- Writes the facts of a period as an edition's facts.csv: canonical order, text always quoted, formulas guarded.
-- Parameters: $path, $first_date, $last_date.
copy (
    select
        data_date, guard(source) as source, direction, guard(connector) as connector,
        guard(partner_domain) as partner_domain, tls_version, guard(tls_cipher) as tls_cipher,
        guard(tls_group) as tls_group, tls_auth, messages, recipients, bytes, is_estimated
    from facts
    where data_date between $first_date and $last_date
    order by data_date, facts.source, direction, facts.connector, facts.partner_domain, tls_version, facts.tls_cipher,
        facts.tls_group, tls_auth, messages, recipients, bytes, is_estimated
) to $path (
    format csv, header true, delimiter ',', quote '"', escape '"', nullstr '',
    force_quote (source, direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth)
);
