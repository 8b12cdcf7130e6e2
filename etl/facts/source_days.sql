-- One source's day in numbers: trace rows, deliveries, rows that told of a delivery already told, hours without a row, its
-- last row's instant (UTC).
-- Hours are those of the day itself, 23 to 25 of them, from its first instant on.
insert into day_source_days
with hours as (
    select
        (epoch_us(occurred_at) - epoch_us(getvariable('day_from')::timestamp)) // 3600000000 as hour,
        count(*) as trace_rows,
        bool_or(message_key is null) as without_identity,
        bool_or(is_estimated) as is_estimated,
        max(occurred_at) as last_at
    from trace
    group by hour
)

select
    getvariable('data_date')::date as data_date,
    getvariable('source') as source,
    coalesce(sum(trace_rows), 0)::bigint as trace_rows,
    coalesce(sum(trace_rows), 0)::bigint - getvariable('duplicates') as deliveries,
    getvariable('duplicates') as duplicates,
    getvariable('file_count')::integer as files,
    0::bigint as late_rows,
    coalesce(bool_or(without_identity), false) as without_identity,
    coalesce(bool_or(is_estimated), false) as is_estimated,
    case when count(hour) > 0 then greatest(
        (epoch(getvariable('day_to')::timestamp) - epoch(getvariable('day_from')::timestamp)) // 3600 - count(hour), 0
    )::integer end as hours_without,
    max(last_at)::timestamp as last_at
from hours;
