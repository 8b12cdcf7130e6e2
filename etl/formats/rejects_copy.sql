-- What could not be used, by record number.
copy (
    select
        unnest($records)::bigint as record,
        unnest($dates)::date as data_date,
        unnest($reasons)::varchar as reason
) to (getvariable('rejects_file')) (format parquet);
