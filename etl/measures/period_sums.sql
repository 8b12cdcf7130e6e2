-- Question: how many messages in each of several periods, by direction, connector, TLS version and cipher?
-- Parameters: $firsts, $lasts: first and last dates of the periods, two lists of one length.
-- Columns: first_date, last_date, direction, connector, tls_version, tls_cipher, messages.
with periods as (
    select unnest($firsts::date[]) as first_date, unnest($lasts::date[]) as last_date
)

select
    periods.first_date,
    periods.last_date,
    flow.direction,
    flow.connector,
    flow.tls_version,
    flow.tls_cipher,
    sum(flow.messages)::bigint as messages
from periods
inner join mail_flow as flow on flow.data_date between periods.first_date and periods.last_date
group by all
order by all;
