-- Question: how many messages of several periods went, by TLS version, on days on which TLS was said to be forced?
-- Asked of an edition's inputs only: as far back as they keep days.
-- Parameters: $firsts, $lasts: first and last dates of the periods, two lists of one length.
-- Columns: first_date, direction, connector, tls_version, messages.
with periods as (
    select unnest($firsts::date[]) as first_date, unnest($lasts::date[]) as last_date
),

forced as (
    select direction, connector, first_date, last_date
    from history
    where kind = 'told' and forced_tls
    union all
    select direction, connector, first_date, last_date
    from own_connectors
    where forced_tls and (len(getvariable('visible')) = 0 or list_contains(getvariable('visible'), connector))
)

select periods.first_date, flow.direction, flow.connector, flow.tls_version, sum(flow.messages)::bigint as messages
from flow_days as flow
inner join forced
    on
        forced.direction = flow.direction
        and forced.connector = flow.connector
        and flow.data_date between forced.first_date and forced.last_date
inner join periods on flow.data_date between periods.first_date and periods.last_date
group by all
order by all;
