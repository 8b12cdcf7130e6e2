-- The records of `raw` with the clock they show, the UTC instant it means and the data date that this falls on; null
-- where the text is no date. In: the view `raw`, the tables utc_days and source_clock, date_style, date_formats, am_word, pm_word.
-- A cast to timestamp drops an offset (or AM and PM) without a word, so texts of another style than the file's are none.
-- Dates with an offset, and dates without a time, don't pass through the source's clock.
create or replace temp view dated as
with stamped as (
    select
        *,
        case getvariable('date_style')
            when 'iso' then case
                when ends_with(date_time, 'Z') or (
                    not contains(date_time, '+')
                    and not contains(substr(trim(date_time), 9), '-')
                    and contains('0123456789Zz', right(trim(date_time), 1))
                ) then try_cast(date_time as timestamp)
            end
            when 'offset' then case
                when contains(date_time, '+') or contains(substr(trim(date_time), 9), '-')
                    or right(trim(date_time), 1) in ('Z', 'z')
                    -- .NET sets the offset apart by a space (`yyyy-MM-dd HH:mm:ss zzz`), which no cast takes.
                    then try_cast(replace(replace(trim(date_time), ' +', '+'), ' -', '-') as timestamptz)::timestamp
            end
            -- .NET puts a narrow no-break space before AM and PM, and writes directions of text into Arabic dates.
            else try_strptime(trim(case
                when getvariable('am_word') <> '' then replace(replace(
                    translate(date_time, chr(8239) || chr(160) || chr(8206) || chr(8207), '  '),
                    getvariable('am_word'), 'AM'), getvariable('pm_word'), 'PM')
                else translate(date_time, chr(8239) || chr(160) || chr(8206) || chr(8207), '  ')
            end), getvariable('date_formats'))
        end as clock
    from raw
),

instants as (
    select
        stamped.*,
        case
            when source_clock.clock_date is null then clock
            when clock >= source_clock.from_1 then clock - to_seconds(source_clock.seconds_1)
            else clock - to_seconds(source_clock.seconds_0)
        end as occurred_at
    from stamped
    left join source_clock on source_clock.clock_date = clock::date and getvariable('date_style') not in ('offset', 'date')
)

select
    instants.*,
    case
        when getvariable('date_style') = 'date' then occurred_at::date
        when occurred_at >= utc_days.from_2 then utc_days.data_date_2
        when occurred_at >= utc_days.from_1 then utc_days.data_date_1
        else utc_days.data_date_0
    end as data_date
from instants
left join utc_days on utc_days.utc_date = occurred_at::date;
