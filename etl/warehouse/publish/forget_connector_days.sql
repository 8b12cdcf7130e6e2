-- Changed days leave; they come back from their partitions.
delete from connector_days where data_date in (select unnest($days)::date);
