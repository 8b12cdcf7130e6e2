-- What became of the lines of one staged file: per outcome, reason and, for used ones, data date.
with hours as (
    select
        outcome,
        reason,
        case when outcome = 'used' then time_bucket(interval 15 minutes, occurred_at) end as begins_at,
        count(*) as records,
        bool_or(is_twice) as is_twice
    from read_parquet($file)
    group by outcome, reason, begins_at
)

select
    outcome,
    reason,
    case
        when begins_at >= from_2 then data_date_2
        when begins_at >= from_1 then data_date_1
        else data_date_0
    end as data_date,
    sum(records)::bigint as records,
    bool_or(is_twice) as is_twice
from hours
left join utc_days on utc_days.utc_date = begins_at::date
group by all
order by all;
