-- What the stamps of a log mean, as lists to look up by position: joins would not keep the lines in order.
-- `stamp_dates[32 * month + day]` is the calendar day that a stamp without a year stands for: the newest that is not later
-- than two days after the export (`export_at`, UTC). `clock_*[n]` say of the day n - 1 days before that how far the
-- source's clock is from UTC, and when that changes; they are empty where that clock is UTC.
set variable last_stamp_date = getvariable('export_at')::timestamp::date + 2;

set variable stamp_dates = (
    with days as (
        select 32 * month(day) + day(day) as place, max(day) as day
        from (select getvariable('last_stamp_date') - unnest(range(3000))::integer as day)
        group by place
    )

    select list(days.day order by places.place)
    from (select unnest(range(1, 32 * 13)) as place) as places
    left join days on days.place = places.place
);

create or replace temp table clock_days as
select source_clock.*
from source_clock
where clock_date between getvariable('last_stamp_date') - 3000 and getvariable('last_stamp_date');

set variable clock_seconds_0 = (select list(seconds_0 order by clock_date desc) from clock_days);
set variable clock_from_1 = (select list(from_1 order by clock_date desc) from clock_days);
set variable clock_seconds_1 = (select list(seconds_1 order by clock_date desc) from clock_days);
set variable is_utc = (select count(*) = 0 from source_clock);

-- The day that `Nov 24` or `Nov  4` stands for; null where it is none.
create or replace temp macro stamp_date(stamp) as
    list_extract(
        getvariable('stamp_dates'),
        case when instr('JanFebMarAprMayJunJulAugSepOctNovDec', left(stamp, 3)) % 3 = 1
            then (instr('JanFebMarAprMayJunJulAugSepOctNovDec', left(stamp, 3)) + 2) // 3 * 32
                + coalesce(try_cast(trim(substr(stamp, 5, 2)) as integer), 0) end
    );

-- Most lines are of the day that the file begins on (`first_line`) or of the next: of these the day is known beforehand.
set variable first_date = stamp_date(left(getvariable('first_line'), 6));
set variable first_stamp = case when getvariable('first_date') is not null then left(getvariable('first_line'), 6) end;
set variable next_stamp = strftime(getvariable('first_date') + 1, '%b ')
    || lpad(day(getvariable('first_date') + 1)::varchar, 2, case when substr(getvariable('first_stamp'), 5, 1) = '0' then '0' else ' ' end);
set variable next_date = stamp_date(getvariable('next_stamp'));

-- What a clock showed that writes `Nov 24 02:52:37`.
create or replace temp macro bsd_clock(stamp) as
    case
        when starts_with(stamp, getvariable('first_stamp')) then getvariable('first_date')
        when starts_with(stamp, getvariable('next_stamp')) then getvariable('next_date')
        else stamp_date(stamp)
    end + try_cast(substr(stamp, 8, 8) as time);

-- A reading of the source's clock as an instant in UTC; of one that occurs twice, the first.
create or replace temp macro to_utc(clock) as
    case
        when getvariable('is_utc') then clock
        when clock >= list_extract(getvariable('clock_from_1'), getvariable('last_stamp_date') - clock::date + 1)
            then clock - to_seconds(list_extract(getvariable('clock_seconds_1'), getvariable('last_stamp_date') - clock::date + 1))
        else clock - to_seconds(list_extract(getvariable('clock_seconds_0'), getvariable('last_stamp_date') - clock::date + 1))
    end;

-- Whether a reading occurs twice that day, once before and once after the clock is put back.
create or replace temp macro occurs_twice(clock) as
    case
        when getvariable('is_utc') or clock is null then false
        else coalesce(
            clock < list_extract(getvariable('clock_from_1'), getvariable('last_stamp_date') - clock::date + 1)
            and clock >= list_extract(getvariable('clock_from_1'), getvariable('last_stamp_date') - clock::date + 1)
                - to_seconds(greatest(
                    list_extract(getvariable('clock_seconds_0'), getvariable('last_stamp_date') - clock::date + 1)
                    - list_extract(getvariable('clock_seconds_1'), getvariable('last_stamp_date') - clock::date + 1), 0)),
            false)
    end;

-- The time stamp of a line, `YYYY-MM-DDThh:mm:ss…` with what follows the seconds: whether it names a zone.
create or replace temp macro has_zone(after_seconds) as
    contains(after_seconds, '+') or contains(after_seconds, '-') or ends_with(after_seconds, 'Z');

-- How many lines a log misses by the word of syslog or the journal, in a line of theirs; null in all others.
create or replace temp macro dropped_in(line) as
    case
        when not contains(line, ' messages') then null
        when contains(line, 'rsyslogd') and (contains(line, ' lost ') or contains(line, 'due to rate-limiting'))
            then try_cast(regexp_extract(line, ' (\d{1,9}) messages', 1) as bigint)
        when contains(line, 'systemd-journal') and contains(line, ': Suppressed ')
            then try_cast(regexp_extract(line, ': Suppressed (\d{1,9}) messages', 1) as bigint)
    end;

-- Whether an instant is of no day that facts are kept for (periods.FIRST_DATE, LAST_DATE).
create or replace temp macro is_beyond(instant) as
    instant < timestamp '2010-01-01' or instant >= timestamp '2040-01-01';

-- The data date of an instant, given what `utc_days` says of its day.
create or replace temp macro date_of(instant, data_date_0, from_1, data_date_1, from_2, data_date_2) as
    case when instant >= from_2 then data_date_2 when instant >= from_1 then data_date_1 else data_date_0 end;
