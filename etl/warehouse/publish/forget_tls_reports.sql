-- Changed days leave; they come back from their partitions.
delete from tls_reports where data_date in (select unnest($days)::date);
