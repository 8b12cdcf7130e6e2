-- One source's day in numbers: trace rows, deliveries, rows that told of a delivery already told, hours without a row.
-- Hours are those of the day itself, 23 to 25 of them, from its first instant on.
insert into day_source_days
select
    getvariable('data_date')::date as data_date,
    getvariable('source') as source,
    count(*)::bigint as trace_rows,
    (select count(*) from deliveries)::bigint as deliveries,
    (count(*) - (select count(*) from deliveries))::bigint as duplicates,
    getvariable('file_count')::integer as files,
    0::bigint as late_rows,
    coalesce(bool_or(message_key is null), false) as without_identity,
    coalesce(bool_or(is_estimated), false) as is_estimated,
    case when count(occurred_at) > 0 then greatest(
        (epoch(getvariable('day_to')::timestamp) - epoch(getvariable('day_from')::timestamp)) // 3600
        - count(distinct (epoch(occurred_at) - epoch(getvariable('day_from')::timestamp)) // 3600), 0)::integer
    end as hours_without
from trace;
