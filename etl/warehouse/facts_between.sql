-- Facts from $first_date to $last_date, summed by $columns (names of the grain); other columns of the grain are null.
-- A source that others are only held against stands beside them, never in a sum with them: it is there by `source`.
with chosen as (
    select
        case when list_contains($columns, 'data_date') then data_date end as data_date,
        case when list_contains($columns, 'source') then source end as source,
        case when list_contains($columns, 'direction') then direction end as direction,
        case when list_contains($columns, 'connector') then connector end as connector,
        case when list_contains($columns, 'partner_domain') then partner_domain end as partner_domain,
        case when list_contains($columns, 'tls_version') then tls_version end as tls_version,
        case when list_contains($columns, 'tls_cipher') then tls_cipher end as tls_cipher,
        case when list_contains($columns, 'tls_group') then tls_group end as tls_group,
        case when list_contains($columns, 'tls_auth') then tls_auth end as tls_auth,
        messages, recipients, bytes, is_estimated
    from facts
    where data_date between $first_date and $last_date
        and (list_contains($columns, 'source') or source in (select source from sources where role = 'count'))
)

select
    data_date, source, direction, connector, partner_domain, tls_version, tls_cipher, tls_group, tls_auth,
    sum(messages)::bigint as messages,
    sum(recipients)::bigint as recipients,
    sum(bytes)::bigint as bytes,
    bool_or(is_estimated) as is_estimated
from chosen
group by all
order by all;
