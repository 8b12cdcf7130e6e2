-- Adds the days that sources did not bring to history_rows. Parameters: $days, $sources: two lists of one length.
insert into history_rows by name
select 'missing' as kind, unnest($days::date[]) as first_date, unnest($sources::varchar[]) as source;
