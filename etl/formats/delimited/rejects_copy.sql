-- What could not be used, by record number. The accepted records are numbered among themselves; their number in the
-- file counts the refused ones before them too: `refused_before` holds from the accepted record `from_accepted` on.
copy (
    with shifts as (
        select record - place + 1 as from_accepted, max(place) as refused_before
        from refused
        group by from_accepted
    )

    select record, null::date as data_date, reason
    from refused
    union all
    select judged.record + coalesce(shifts.refused_before, 0) as record, judged.data_date, judged.reason
    from rejected_records as judged
    asof left join shifts on judged.record >= shifts.from_accepted
    order by record
) to (getvariable('rejects_file')) (format parquet);
