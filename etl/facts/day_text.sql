-- The day's facts, connectors and TLS-RPT sessions as text in canonical order: what their hash is over.
copy day_facts to (getvariable('facts_text')) (format csv, header true);
copy (select * from day_connector_days order by all) to (getvariable('connector_days_text')) (format csv, header true);
copy (select * from day_tls_reports order by all) to (getvariable('tls_reports_text')) (format csv, header true);
