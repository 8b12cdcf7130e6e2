-- What the settings say of connectors on that day.
create or replace temp table configured_connectors as
select
    told ->> 'name' as connector,
    told ->> 'direction' as direction,
    told ->> 'connector_type' as connector_type,
    (told ->> 'forced_tls')::boolean as forced_tls
from (select unnest(json_extract($told::json, '$[*]')) as told);
