-- Landed files with rows that count in the period.
select distinct files.source, files.name, files.sha256, files.state
from files
join file_days using (source, sha256)
where file_days.data_date between $first_date::date and $last_date::date and files.state = 'counted'
order by files.source, files.name;
