-- The relation `summed` (facts summed by $columns and partner domain), by organisational domain instead.
-- Parameters: $columns, $partners and $organisations: each partner domain and the organisational domain it belongs to.
with owners as (
    select unnest($partners::varchar[]) as partner_domain, unnest($organisations::varchar[]) as organisational_domain
),

named as (
    select
        summed.* replace (
            case when list_contains($columns, 'partner_domain') then summed.partner_domain end as partner_domain
        ),
        owners.organisational_domain
    from summed
    inner join owners using (partner_domain)
)

select
    * exclude (messages, recipients, bytes, is_estimated),
    sum(messages)::bigint as messages,
    sum(recipients)::bigint as recipients,
    sum(bytes)::bigint as bytes,
    bool_or(is_estimated) as is_estimated
from named
group by all
order by all;
