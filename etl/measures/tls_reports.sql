-- Question: what did others report of their TLS sessions with the organisation's servers (TLS-RPT, RFC 8460)?
-- Parameters: $first_date, $last_date (both included).
-- Columns: policy_domain, reporting_org, result_type (`success`, else what failed), sessions. Sessions are no messages and
-- are never added to them.
select policy_domain, reporting_org, result_type, sum(sessions)::bigint as sessions
from tls_reports
where data_date between $first_date and $last_date
group by all
order by all;
