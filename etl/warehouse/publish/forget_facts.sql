-- Changed days leave; they come back from their partitions.
delete from facts where data_date in (select unnest($days)::date);
