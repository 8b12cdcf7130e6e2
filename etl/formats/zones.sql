-- Calendar days as tables (see periods.ClockDay): made in Python, the only place that knows a time zone.
create or replace temp table utc_days as
select * from read_csv(
    getvariable('utc_days_file'), header = false, auto_detect = false, delim = ',',
    columns = {
        'utc_date': 'DATE', 'data_date_0': 'DATE', 'from_1': 'TIMESTAMP', 'data_date_1': 'DATE',
        'from_2': 'TIMESTAMP', 'data_date_2': 'DATE'
    }
);

create or replace temp table source_clock as
select * from read_csv(
    getvariable('source_clock_file'), header = false, auto_detect = false, delim = ',',
    columns = {
        'clock_date': 'DATE', 'seconds_0': 'BIGINT', 'from_1': 'TIMESTAMP', 'seconds_1': 'BIGINT',
        'from_2': 'TIMESTAMP', 'seconds_2': 'BIGINT'
    }
);
