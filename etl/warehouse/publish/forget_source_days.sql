-- Changed days leave; they come back from their partitions.
delete from source_days where data_date in (select unnest($days)::date);
