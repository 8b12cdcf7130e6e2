-- What came too late for each source and day, of the days just replaced too.
update source_days
set late_rows = coalesce((
    select sum(late.late_rows)
    from late_rows as late
    where late.source = source_days.source and late.data_date = source_days.data_date
), 0);
