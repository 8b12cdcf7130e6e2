-- Lines from the hour that the clock shows twice in autumn: once a line is more than a minute behind an earlier one,
-- it and all that follow are from the second time. Rewrites the staged records, in order.
copy (
    with staged as (
        select *, file_row_number as place
        from read_parquet(getvariable('first_file'), file_row_number = true)
    ),

    behind as (
        select
            place,
            occurred_at::date as day,
            occurred_at < max(occurred_at) over (
                partition by occurred_at::date order by place rows between unbounded preceding and 1 preceding
            ) - interval 1 minute as is_behind
        from staged
        where is_twice
    ),

    second_pass as (
        select place
        from behind
        qualify bool_or(is_behind) over (partition by day order by place rows between unbounded preceding and current row)
    )

    select staged.* exclude (place, file_row_number) replace (
        case when second_pass.place is null then occurred_at else occurred_at + interval 1 hour end as occurred_at
    )
    from staged
    left join second_pass using (place)
    order by staged.place
) to (getvariable('records_file')) (format parquet, compression lz4_raw);
