-- The facts that a few trace rows make by themselves, each beside the day's own fact ($facts): `messages`, `recipients`
-- and `bytes` are what they add, `fact_…` what the fact holds in all, `trace_rows` how many rows tell of it.
select own.*, fact_messages, fact_recipients, fact_bytes, (select count(*) from trace) as trace_rows
from day_facts as own
natural inner join (
    select
        * exclude (messages, recipients, bytes, is_estimated),
        messages as fact_messages,
        recipients as fact_recipients,
        bytes as fact_bytes
    from read_parquet($facts)
)
order by all;
