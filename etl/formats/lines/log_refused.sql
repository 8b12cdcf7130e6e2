-- Lines that the reader refused, with their place among the refused.
create or replace temp table refused_lines as
select line as record, 'longer than 1 MiB' as reason, row_number() over (order by line) as place
from (select distinct line from reject_errors);
