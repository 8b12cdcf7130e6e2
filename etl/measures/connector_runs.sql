-- Question: of which type was each connector, and was TLS forced on it, from when to when?
-- Parameters: $first_date, $last_date (both included).
-- Columns: direction, connector, first_date, last_date, connector_type, forced_tls.
-- What an export tells stands over what the settings tell.
with told as (
    select
        data_date,
        direction,
        connector,
        coalesce(
            max(connector_type) filter (where told_by = 'export'), max(connector_type)
        ) as connector_type,
        coalesce(bool_or(forced_tls) filter (where told_by = 'export'), bool_or(forced_tls)) as forced_tls
    from connector_days
    where data_date between $first_date and $last_date and direction in ('inbound', 'outbound')
    group by all
),

numbered as (
    select
        *,
        row_number() over (partition by direction, connector order by data_date)
        - row_number() over (partition by direction, connector, connector_type, forced_tls order by data_date) as run
    from told
)

select direction, connector, min(data_date) as first_date, max(data_date) as last_date, connector_type, forced_tls
from numbered
group by direction, connector, connector_type, forced_tls, run
order by direction, connector, first_date;
