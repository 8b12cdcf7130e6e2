-- Question: where did the same weekday lie before: the 10th and 90th percentile of messages over up to eight weeks?
-- Parameters: $first_date, $last_date (the days asked about, both included).
-- Columns: data_date, direction, connector (nothing for all mail flow), low, high, weeks (how many days it rests on).
-- A day counts where any counting source brought data for it; a connector without mail on such a day has 0 messages,
-- from its first data date on. Uses flow_days and days_with_data(data_date).
with asked as (
    select unnest(generate_series($first_date::date, $last_date::date, interval 1 day))::date as data_date
),

earlier as (
    select asked.data_date, (asked.data_date - (7 * weeks.k)::integer)::date as earlier_date
    from asked cross join (select unnest(generate_series(1, 8)) as k) as weeks
    where (asked.data_date - (7 * weeks.k)::integer)::date in (select data_date from days_with_data)
),

sums as (
    select data_date, direction, connector, sum(messages)::bigint as messages
    from flow_days
    where data_date >= $first_date::date - 56 and data_date < $last_date::date
    group by grouping sets ((data_date, direction, connector), (data_date, direction))
),

places as (
    select direction, connector, min(data_date) as first_date from sums group by all
)

select
    earlier.data_date,
    places.direction,
    places.connector,
    quantile_cont(coalesce(sums.messages, 0), 0.1) as low,
    quantile_cont(coalesce(sums.messages, 0), 0.9) as high,
    count(*) as weeks
from earlier
inner join places on places.first_date <= earlier.earlier_date
left join sums
    on
        sums.data_date = earlier.earlier_date
        and sums.direction = places.direction
        and sums.connector is not distinct from places.connector
group by all
order by earlier.data_date, places.direction, places.connector nulls first;
