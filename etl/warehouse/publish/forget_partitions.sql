-- Changed days leave; they come back from their partitions.
delete from partitions where data_date in (select unnest($days)::date);
