-- Views that some measures read. Made on a warehouse by measures.prepare; an edition's inputs make views of the same
-- names and columns from their own files (etl/basis/inputs_views.sql).

-- flow_days: mail flow a day, direction, connector and TLS version (etl/measures/own_flow_days.sql).
create or replace temp view flow_days as
select * from own_flow_days;

-- days_with_data: the days for which a counting source brought anything.
create or replace temp view days_with_data as
select distinct source_days.data_date, source_days.source
from source_days
inner join sources on sources.source = source_days.source and sources.role = 'count';

-- file_homes: landed files with home_date, the day that records without a day of their own are told for (the date in
-- the name, else the day most of its rows belong to, else the UTC day of the export time). A warehouse's own.
create or replace temp view file_homes as
with most as (
    select source, sha256, arg_max(data_date, (used, -datediff('day', date '2000-01-01', data_date))) as data_date
    from file_days
    group by source, sha256
)

select
    files.*,
    coalesce(
        files.named_date, most.data_date, files.last_date, files.export_at::date, files.landed_at::date
    ) as home_date
from files
left join most using (source, sha256);
