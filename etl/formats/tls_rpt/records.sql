-- One row per policy of a report and kind of result: how many sessions. In: reports_file (a line per report, keys
-- folded, with the domain that its mail tells, or per mail that is broken), named_domain (what the file's name says), the function a_label.

-- A count as number or as text; -1 where it is none.
create or replace temp macro session_count(told) as
    case
        when told is null or trim(told) = '' then null
        when coalesce(try_cast(told as double) between 0 and 1000000000000, false) and try_cast(told as double) = floor(try_cast(told as double))
            then try_cast(told as double)::bigint
        else -1
    end;

-- ISO 8601, or seconds (milliseconds) since 1970.
create or replace temp macro instant_of(told) as
    case
        when regexp_full_match(trim(told), '[0-9]{9,10}(\.0+)?') then make_timestamp(try_cast(told as double)::bigint * 1000000)
        when regexp_full_match(trim(told), '[0-9]{12,13}') then make_timestamp(try_cast(told as bigint) * 1000)
        else try_cast(trim(told) as timestamptz)::timestamp
    end;

create or replace temp macro listed(told) as
    case json_type(told)
        when 'ARRAY' then json_extract(told, '$[*]')
        when 'OBJECT' then [told]
        else []::json[]
    end;

create or replace temp table tls_policies as
with reports as (
    select
        (json ->> '$.number')::integer as report,
        json -> '$.report' as told,
        json ->> '$.named' as named,
        json ->> '$.broken' as broken,
        coalesce(json ->> '$.report."date-range"."start-datetime"', json ->> '$.report."start-datetime"') as start_text,
        coalesce(json ->> '$.report."date-range"."end-datetime"', json ->> '$.report."end-datetime"') as end_text,
        -- Some say the policy without a list around it.
        case
            when json_type(json -> '$.report.policies') in ('ARRAY', 'OBJECT') then listed(json -> '$.report.policies')
            when json_type(json -> '$.report.policy') = 'OBJECT' or (json ->> '$.report."policy-domain"') is not null
                then [json -> '$.report']
            else []::json[]
        end as policies
    from read_ndjson_objects(getvariable('reports_file'), maximum_object_size = 134217728)
),

single as (
    select
        * exclude (policies),
        unnest(case when len(policies) = 0 then [null::json] else policies end) as entry,
        generate_subscripts(case when len(policies) = 0 then [null::json] else policies end, 1) as place
    from reports
),

-- Some say type and domain, or the sums, beside the objects that should hold them.
spoken as (
    select
        *,
        case when json_type(entry -> '$.policy') = 'OBJECT' then entry -> '$.policy' else entry end as policy,
        case when json_type(entry -> '$.summary') = 'OBJECT' then entry -> '$.summary' else entry end as summary
    from single
),

typed as (
    select
        row_number() over (order by report, place) as record,
        report,
        broken,
        entry,
        trim(coalesce(nullif(trim(told ->> '$."organization-name"'), ''), nullif(trim(told ->> '$."organisation-name"'), ''), 'Unknown')) as reporting_org,
        coalesce(nullif(trim(told ->> '$."report-id"'), ''), md5(told::varchar)) as report_id,
        coalesce(a_label(nullif(rtrim(lower(trim(coalesce(
            nullif(trim(policy ->> '$."policy-domain"'), ''), nullif(trim(named), ''), getvariable('named_domain')::varchar))), '.'), '')),
            'Unknown') as policy_domain,
        replace(lower(trim(coalesce(policy ->> '$."policy-type"', ''))), '_', '-') as policy_word,
        session_count(summary ->> '$."total-successful-session-count"') as successful,
        session_count(coalesce(summary ->> '$."total-failure-session-count"', summary ->> '$."total-failed-session-count"')) as failed,
        listed(entry -> '$."failure-details"') as details,
        -- The day as the reporter writes it: reports are of one UTC day, from midnight on.
        case
            when regexp_matches(trim(start_text), '^[0-9]{4}-[0-9]{2}-[0-9]{2}') then try_cast(left(trim(start_text), 10) as date)
            else instant_of(start_text)::date
        end as first_date,
        instant_of(start_text) as starts_at,
        instant_of(end_text) as ends_at
    from spoken
)

select
    *,
    case when policy_word in ('tlsa', 'sts', 'no-policy-found') then policy_word else 'other' end as policy_type,
    case when ends_at > starts_at then greatest((ends_at - interval 1 second)::date, first_date) else first_date end as last_date,
    ends_at > starts_at + interval 25 hours as is_several_days
from typed;

create or replace temp table tls_results as
with details as (
    select
        record,
        failed,
        len(details) as detail_count,
        unnest(details) as detail
    from tls_policies
),

counted as (
    select
        record,
        failed,
        trim(coalesce(detail ->> '$."result-type"', '')) as word,
        case
            when (detail ->> '$."failed-session-count"') is null and detail_count = 1 then failed
            else session_count(detail ->> '$."failed-session-count"')
        end as sessions
    from details
),

known as (
    select
        record,
        failed,
        sessions,
        word,
        replace(lower(word), '_', '-') as folded,
        case when folded in ('starttls-not-supported', 'certificate-host-mismatch', 'certificate-not-trusted', 'certificate-expired',
            'validation-failure', 'sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid', 'tlsa-invalid',
            'dnssec-invalid', 'dane-required') then folded else 'other' end as result_type
    from counted
)

select record, 'success' as result_type, null as unknown_result, successful as sessions
from tls_policies
union all
select record, result_type, case when result_type = 'other' then word end, sessions
from known
union all
-- Failures that no detail tells of.
select record, 'other', null, failed - coalesce((select sum(sessions) from known where known.record = tls_policies.record), 0)
from tls_policies
where failed > coalesce((select sum(sessions) from known where known.record = tls_policies.record), 0);

create or replace temp view records as
with judged as (
    select
        tls_policies.*,
        case
            when broken is not null then 'a mail whose report can not be read'
            when entry is null then null
            when first_date is null or first_date not between date '2010-01-01' and date '2039-12-31' or ends_at < starts_at
                then 'not a date range'
            when exists (select 1 from tls_results where tls_results.record = tls_policies.record and sessions < 0) or failed < 0
                then 'not a count'
        end as fault,
        case
            when entry is null then 'no-policy'
            when not exists (select 1 from tls_results where tls_results.record = tls_policies.record and sessions > 0)
                then 'no-sessions'
        end as rule
    from tls_policies
)

select
    judged.record,
    case when fault is not null then 'rejected' when rule is not null then 'skipped' else 'used' end as outcome,
    coalesce(fault, rule) as reason,
    first_date as data_date,
    row_number() over (partition by judged.record order by result_type, unknown_result)::integer as ordinal,
    report,
    reporting_org,
    report_id,
    policy_domain,
    policy_type,
    first_date,
    last_date,
    is_several_days,
    result_type,
    coalesce(unknown_result, broken) as unknown_result,
    sessions,
    hash(reporting_org, report_id, judged.record) as line_key
from judged
left join tls_results as results
    on results.record = judged.record and results.sessions > 0 and fault is null and rule is null;
