-- The finished day, in canonical order: the facts are in it already.
copy day_facts to (getvariable('facts_file')) (format parquet);
copy (select * from day_connector_days order by all) to (getvariable('connector_days_file')) (format parquet);
copy (select * from day_source_days order by all) to (getvariable('source_days_file')) (format parquet);
copy (select * from day_tls_reports order by all) to (getvariable('tls_reports_file')) (format parquet);
