-- The staged records and the rejects of one file.
copy (select * from records order by record, ordinal) to (getvariable('records_file')) (format parquet, compression lz4_raw);
copy (
    select record::bigint as record, data_date, reason
    from records
    where outcome = 'rejected'
    order by record
) to (getvariable('rejects_file')) (format parquet);
