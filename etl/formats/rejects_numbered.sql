-- Rejected records with their number among the accepted ones.
select record, reason, data_date
from records
where outcome = 'rejected'
order by record;
