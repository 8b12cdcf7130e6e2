-- The session facts of one data date that a record tells of: what it adds to each, and what the fact holds in all. Where
-- a copy of its report in another file stands for it, `instead` is that file's hash. In: the view reported_sessions
-- (trace.sql), staged_file and record (the record's), facts_file (the day's), source.
with own as (
    select lower(reporting_org) as reporter, report_id, reporting_org, policy_domain, policy_type, result_type, sessions
    from read_parquet(getvariable('staged_file'))
    where outcome = 'used' and record = getvariable('record') and data_date = getvariable('data_date')::date
),

stands as (
    select
        lower(reporting_org) as reporter,
        report_id,
        policy_domain,
        case
            when bool_or(filename = getvariable('staged_file') and record = getvariable('record')) then null
            else max(filename)
        end as other
    from reported_sessions
    group by all
),

added as (
    select
        own.reporting_org,
        own.policy_domain,
        own.policy_type,
        own.result_type,
        sum(own.sessions)::bigint as sessions,
        max(stands.other) as other
    from own
    inner join stands using (reporter, report_id, policy_domain)
    group by all
    having sum(own.sessions) > 0
)

select
    whole.data_date,
    whole.source,
    whole.reporting_org,
    whole.policy_domain,
    whole.policy_type,
    whole.result_type,
    added.sessions,
    whole.sessions as fact_sessions,
    split_part(added.other, '/', -3) as instead
from added
left join read_parquet(getvariable('facts_file')) as whole
    using (reporting_org, policy_domain, policy_type, result_type)
where added.other is not null or whole.source = getvariable('source')
order by all;
