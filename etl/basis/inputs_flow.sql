-- What measures read of days, over an edition's inputs.
-- In: the view own_flow_days (etl/measures/own_flow_days.sql), history, sources, own_days.
-- flow_days: mail flow a day, direction, connector and TLS version: the period's own, and the days before it.
create or replace table flow_days as
select * from own_flow_days
union all
select first_date, direction, connector, tls_version, messages, recipients, bytes, is_estimated
from history
where kind = 'day';

create or replace view days_with_data as
select first_date as data_date, source
from history
where kind = 'data'
union
select days.data_date, days.source
from own_days as days
inner join sources on sources.source = days.source and sources.role = 'count';
