-- What was known of each connector that day: from the export, else from the settings (`since` by then).
insert into day_connector_days
with told as (
    select
        direction,
        connector,
        max(connector_type) as connector_type,
        bool_or(forced_tls) as forced_tls
    from trace
    group by direction, connector
)

select
    getvariable('data_date')::date as data_date,
    getvariable('source') as source,
    told.direction,
    told.connector,
    coalesce(told.connector_type, max(configured.connector_type)) as connector_type,
    coalesce(told.forced_tls, bool_or(configured.forced_tls)) as forced_tls,
    case
        when told.connector_type is null and told.forced_tls is null
            and (max(configured.connector_type) is not null or bool_or(configured.forced_tls) is not null) then 'settings'
        else 'export'
    end as told_by
from told
left join configured_connectors as configured
    on configured.connector = told.connector
    and (configured.direction is null or configured.direction = told.direction)
group by told.direction, told.connector, told.connector_type, told.forced_tls;
