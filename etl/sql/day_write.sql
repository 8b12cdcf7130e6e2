-- The finished day, in canonical order: Parquet to keep, CSV to hash.
copy (select * from day_facts order by all) to (getvariable('facts_file')) (format parquet);
copy (select * from day_connectors order by all) to (getvariable('connectors_file')) (format parquet);
copy (select * from day_sources order by all) to (getvariable('sources_file')) (format parquet);
copy (select * from day_facts order by all) to (getvariable('facts_text')) (format csv, header true);
copy (select * from day_connectors order by all) to (getvariable('connectors_text')) (format csv, header true);
