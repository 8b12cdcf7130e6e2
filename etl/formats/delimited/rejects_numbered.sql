-- Records that a rule rejected, with their number among the accepted ones.
create or replace temp table rejected_records as
select record, reason, data_date
from records
where outcome = 'rejected';
