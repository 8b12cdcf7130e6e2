-- The tables and views that measures read, over a simulated organisation's facts.
-- Tables: drawn (day, line, partner, version, messages), lines, versions. Variables: first_day (of all), before_date
-- (first day of the week that is judged), visible (empty).
create table facts as
select
    getvariable('first_day') + drawn.day::integer as data_date,
    'simulated' as source,
    lines.direction,
    lines.name as connector,
    'p' || drawn.partner || '.example' as partner_domain,
    versions.tls_version,
    case versions.tls_version
        when 'TLS 1.3' then 'TLS_AES_256_GCM_SHA384'
        when 'TLS 1.2' then 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'
        when 'TLS 1.0' then 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'
        else 'Unknown'
    end as tls_cipher,
    'Unknown' as tls_group,
    'Unknown' as tls_auth,
    sum(drawn.messages)::bigint as messages,
    null::bigint as recipients,
    null::bigint as bytes,
    false as is_estimated
from drawn
inner join lines using (line)
inner join versions using (version)
group by all;

create view mail_flow as select * from facts;

create table flow_days as
select
    data_date, direction, connector, tls_version, sum(messages)::bigint as messages, null::bigint as recipients,
    null::bigint as bytes, false as is_estimated
from facts
group by all;

create view days_with_data as
select distinct data_date, source from facts;

create table week_sums as
select
    date_trunc('week', data_date)::date as first_date, direction, connector, tls_version, tls_cipher,
    sum(messages)::bigint as messages
from facts
group by all;

create table own_connectors (
    direction varchar, connector varchar, first_date date, last_date date, connector_type varchar, forced_tls boolean
);

create view history as
select
    'period' as kind, first_date, null::date as last_date, null::varchar as source, direction, connector,
    null::varchar as partner_domain, tls_version, tls_cipher, null::varchar as connector_type,
    null::boolean as forced_tls, messages
from week_sums
where first_date < getvariable('before_date')
union all by name
select 'life' as kind, direction, connector, min(data_date) as first_date, max(data_date) as last_date
from flow_days
where data_date < getvariable('before_date')
group by direction, connector
union all by name
select
    'told' as kind, direction, name as connector, getvariable('first_day') as first_date,
    getvariable('before_date') + 6 as last_date, 'Partner' as connector_type, forced as forced_tls
from lines;
