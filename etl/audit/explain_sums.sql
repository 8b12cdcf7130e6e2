-- The facts that a few trace rows make by themselves, each beside the day's own fact ($facts): `messages`, `recipients`
-- and `bytes` are what they add, `fact_…` what the fact holds in all, `trace_rows` how many rows tell of it.
select
    own.*,
    whole.messages as fact_messages,
    whole.recipients as fact_recipients,
    whole.bytes as fact_bytes,
    (select count(*) from trace) as trace_rows
from day_facts as own
inner join read_parquet($facts) as whole
    using (data_date, source, direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth)
order by all;
