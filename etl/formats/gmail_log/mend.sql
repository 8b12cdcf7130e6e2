-- The staged records with those domains renamed.
copy (
    select * replace (
        list_transform(goes_to, lambda part: {
            recipient: part.recipient,
            domain: coalesce(getvariable('a_labels')[list_position(getvariable('odd_domains'), part.domain)], part.domain),
            service: part.service,
            is_refused: part.is_refused,
            way: part.way
        }) as goes_to
    )
    from read_parquet(getvariable('records_file'))
) to (getvariable('mended_file')) (format parquet, compression lz4_raw);
