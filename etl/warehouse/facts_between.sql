-- Facts from $first_date to $last_date, summed by $columns (names of the grain).
-- A source that others are only held against stands beside them, never in a sum with them: it is there by `source`.
select
    columns(lambda name: list_contains($columns, name)),
    sum(messages)::bigint as messages,
    sum(recipients)::bigint as recipients,
    sum(bytes)::bigint as bytes,
    bool_or(is_estimated) as is_estimated
from facts
where data_date between $first_date and $last_date
    and (list_contains($columns, 'source') or source in (select source from sources where role = 'count'))
group by all
order by all;
