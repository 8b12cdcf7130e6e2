-- Lines that could not be used, by their number; `refused` are those that were too long to be read at all.
copy (
    with shifts as (
        select record - place + 1 as from_accepted, max(place) as refused_before
        from refused_lines
        group by from_accepted
    ),

    judged as (
        select file_row_number + 1 as record, null::date as data_date, reason
        from read_parquet(getvariable('records_file'), file_row_number = true)
        where outcome = 'rejected'
    )

    select record::bigint as record, null::date as data_date, reason
    from refused_lines
    union all
    select (judged.record + coalesce(shifts.refused_before, 0))::bigint, judged.data_date, judged.reason
    from judged
    asof left join shifts on judged.record >= shifts.from_accepted
    order by record
) to (getvariable('rejects_file')) (format parquet);
