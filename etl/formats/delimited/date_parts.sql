-- The distinct dates of the file that begin with two numbers and a year, as their parts; years as the facts have them.
-- A few characters hold the date, and few beginnings are different: only those are taken apart.
with beginnings as (
    select distinct left(ltrim(date_time), 18) as told from raw
),

parts as (
    select regexp_extract(told, '^[^0-9]*([0-9]{1,2})[^0-9]+([0-9]{1,2})[^0-9]+([0-9]{4})', ['first', 'second', 'year']) as part
    from beginnings
)

select distinct part.first::integer as first_part, part.second::integer as second_part, part.year::integer as year
from parts
where part.first <> '' and part.year between '2010' and '2039' and part.first::integer <= 31 and part.second::integer <= 31
order by year, first_part, second_part;
