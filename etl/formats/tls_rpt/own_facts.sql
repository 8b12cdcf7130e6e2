-- One source's sessions of one data date, into the table of their own. In: the view reported_sessions (trace.sql).
insert into day_tls_reports
select
    getvariable('data_date')::date,
    getvariable('source'),
    reporting_org,
    policy_domain,
    policy_type,
    result_type,
    sum(sessions)::bigint
from reported_sessions
group by all
having sum(sessions) > 0;
