-- Lines from the hour that the clock shows twice in autumn: once a line is more than a minute behind an earlier one,
-- it and all that follow are from the second time. Rewrites the staged records, in order.
copy (
    with staged as (
        select *, file_row_number as line_number
        from read_parquet(getvariable('first_file'), file_row_number = true)
    ),

    behind as (
        select
            line_number,
            occurred_at::date as day,
            occurred_at < max(occurred_at) over (
                partition by occurred_at::date order by line_number rows between unbounded preceding and 1 preceding
            ) - interval 1 minute as is_behind
        from staged
        where is_twice
    ),

    second_pass as (
        select line_number
        from behind
        qualify bool_or(is_behind) over (partition by day order by line_number rows between unbounded preceding and current row)
    )

    select staged.* exclude (line_number, file_row_number) replace (
        case when second_pass.line_number is null then occurred_at else occurred_at + interval 1 hour end as occurred_at
    )
    from staged
    left join second_pass using (line_number)
    order by staged.line_number
) to (getvariable('records_file')) (format parquet, compression lz4_raw);
