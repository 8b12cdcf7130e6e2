-- Domains of recipients with letters beyond ASCII, each once.
select distinct domain
from (
    select unnest(list_transform(goes_to, lambda part: part.domain)) as domain
    from read_parquet(getvariable('records_file'))
)
where strlen(domain) <> length(domain)
order by domain;
