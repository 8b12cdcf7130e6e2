-- What the data-quality page has to say of one log besides its spellings: lines later than the export itself (the server's clock
-- is not the one that `time_zone` names, or was wrong), and lines that syslog or the journal say they dropped.
-- In: the view said_lines with occurred_at and dropped_lines, session variable export_at (UTC). Out: field, word, records.
select 'time stamp' as field, 'later than the export' as word, count(*)::bigint as records
from said_lines
where occurred_at > getvariable('export_at')::timestamp + interval 5 minutes
having count(*) > 0
union all
select 'log', 'lines dropped by syslog or the journal', sum(dropped_lines)::bigint
from said_lines
having sum(dropped_lines) > 0
order by all;
