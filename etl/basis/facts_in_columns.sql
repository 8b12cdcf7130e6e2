-- The facts of a period in those columns of the grain alone that $columns names, summed by them.
create or replace table facts as
select
    columns(lambda name: list_contains($columns, name) and name not in ('messages', 'recipients', 'bytes', 'is_estimated')),
    sum(messages)::bigint as messages,
    sum(recipients)::bigint as recipients,
    sum(bytes)::bigint as bytes,
    bool_or(is_estimated) as is_estimated
from facts
group by all;
