-- No trace rows: sessions are no messages. The view `reported_sessions` has the sessions of one data date, of each report
-- (reporter, report id, domain) one copy: the newest export's. In: staged_files (the newest last), data_date.
create or replace temp view trace as
select
    null::date as data_date, null::timestamp as occurred_at, null::varchar as direction, null::varchar as connector,
    null::varchar as connector_type, null::boolean as forced_tls, null::varchar as partner_domain,
    null::varchar as tls_version, null::varchar as tls_cipher, null::varchar as tls_group, null::varchar as tls_auth,
    null::blob as message_key, null::blob as recipient_key, null::bigint as bytes, null::bigint as messages,
    null::bigint as recipients, null::boolean as is_estimated
where false;

create or replace temp view reported_sessions as
select reporting_org, policy_domain, policy_type, result_type, sessions, report_id, record, filename
from read_parquet(getvariable('staged_files'), filename = true, union_by_name = true)
where outcome = 'used' and data_date = getvariable('data_date')::date
qualify dense_rank() over (
    partition by lower(reporting_org), report_id, policy_domain
    order by list_position(getvariable('staged_files'), filename) desc, report desc
) = 1;
