-- own_flow_days: mail flow a day, direction, connector and TLS version. recipients and bytes are nothing where any part of
-- the sum is not told.
create or replace temp view own_flow_days as
select
    data_date,
    direction,
    connector,
    tls_version,
    sum(messages)::bigint as messages,
    case when count(recipients) = count(*) then sum(recipients)::bigint end as recipients,
    case when count(bytes) = count(*) then sum(bytes)::bigint end as bytes,
    bool_or(is_estimated) as is_estimated
from mail_flow
group by data_date, direction, connector, tls_version;
