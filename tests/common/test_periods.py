"""Days, weeks and zones, against a second way to compute them: proleptic day numbers and steps through UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.common import periods
from etl.common.errors import UsageInvalid
from etl.formats import zones

ZONES = (
    "UTC", "Europe/Stockholm", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata",
    "Pacific/Auckland", "Pacific/Apia", "Africa/Cairo", "Atlantic/Azores", "Australia/Lord_Howe", "Asia/Kathmandu",
)  # fmt: skip
days = st.dates(date(2011, 1, 1), date(2039, 11, 30))
instants = st.datetimes(datetime(2011, 1, 1), datetime(2039, 12, 1)).map(lambda found: found.replace(tzinfo=UTC))  # noqa: DTZ001  made UTC at once


def weeks_since(day: date) -> tuple[int, int]:
    """ISO year and week by arithmetic on day numbers (ISO 8601: the week with the year's first Thursday is week 1)."""
    thursday = date.fromordinal(day.toordinal() - (day.toordinal() - 1) % 7 + 3)
    return thursday.year, (thursday - date(thursday.year, 1, 1)).days // 7 + 1


@given(days)
def test_a_week_is_the_iso_week(day: date) -> None:
    week = periods.week_of(day)
    year, number = weeks_since(day)
    assert str(week) == f"{year}-W{number:02d}"
    assert (week.folder, len(week.days), day in week) == (f"{year}/W{number:02d}", 7, True)
    assert periods.parse_period(str(week)) == week
    assert (week.first_date.toordinal() - 1) % 7 == 0


@given(days)
def test_a_month_is_all_days_that_share_its_name(day: date) -> None:
    month = periods.month_of(day)
    around = [date.fromordinal(day.toordinal() + n) for n in range(-31, 32)]
    assert month.days == [other for other in around if (other.year, other.month) == (day.year, day.month)]
    assert periods.parse_period(str(month)) == month


@given(days, st.integers(0, 40))
def test_before_and_after_adjoin(day: date, length: int) -> None:
    chosen = periods.Period(day, day + timedelta(days=length), "range")
    for period in (periods.week_of(day), periods.month_of(day), chosen):
        assert (period.before.last_date + timedelta(days=1), period.before.after) == (period.first_date, period) or (
            period.kind == "range" and period.before.last_date + timedelta(days=1) == period.first_date
        )
        assert period.after.first_date == period.last_date + timedelta(days=1)
    assert periods.parse_period(str(chosen)) == chosen


@given(days, st.sampled_from(ZONES))
def test_a_period_is_half_open_in_utc(day: date, zone: str) -> None:
    week = periods.week_of(day)
    starts_at, ends_at = week.starts_at(zone), week.ends_at(zone)
    clock = ZoneInfo(zone)
    second = timedelta(seconds=1)
    assert starts_at.astimezone(clock).date() in week
    assert (starts_at - second).astimezone(clock).date() not in week
    assert (ends_at - second).astimezone(clock).date() in week
    assert ends_at.astimezone(clock).date() not in week
    assert week.after.starts_at(zone) == ends_at
    assert week.hours(zone) == round((ends_at - starts_at).total_seconds() / 3600)


@given(instants, st.sampled_from(ZONES))
def test_every_instant_has_one_data_date(instant: datetime, zone: str) -> None:
    day = periods.data_date(instant, zone)
    assert periods.day_start(day, zone) <= instant < periods.day_start(day + timedelta(days=1), zone)


@pytest.mark.parametrize(
    ("week", "zone", "hours"),
    [
        ("2026-W43", "Europe/Stockholm", 169),
        ("2026-W13", "Europe/Stockholm", 167),
        ("2026-W47", "Europe/Stockholm", 168),
        ("2026-W44", "America/New_York", 169),
        ("2026-W10", "America/New_York", 167),
        ("2026-W14", "Pacific/Auckland", 169),
        ("2026-W39", "Pacific/Auckland", 167),
        ("2026-W43", "Asia/Kolkata", 168),
        ("2026-W43", "Europe/London", 169),
    ],
)
def test_weeks_with_a_change_of_clocks(week: str, zone: str, hours: int) -> None:
    assert periods.parse_period(week).hours(zone) == hours


@pytest.mark.parametrize(
    ("day", "week"),
    [("2026-12-31", "2026-W53"), ("2027-01-03", "2026-W53"), ("2027-01-04", "2027-W01"), ("2025-12-29", "2026-W01")],
)
def test_weeks_over_new_year(day: str, week: str) -> None:
    assert str(periods.week_of(periods.parse_day(day))) == week


@pytest.mark.parametrize(
    "text",
    ["2026-W54", "2025-W53", "2026-13", "2026-11-31..2026-12-01", "2026-11-22..2026-11-16", "2026", "W47", "",
     "2026-W7", "2026-11-16", "2026-W47 ", "٢٠٢٦-W47"],
)  # fmt: skip
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(UsageInvalid, match="no period"):
        periods.parse_period(text)


@pytest.mark.parametrize("text", ["2026-02-30", "20261116", "2026-1-5", "", "16/11/2026"])
def test_what_is_not_a_day(text: str) -> None:
    with pytest.raises(UsageInvalid, match="not a day"):
        periods.parse_day(text)


@given(instants)
def test_an_instant_is_read_as_it_was_written(instant: datetime) -> None:
    assert periods.parse_instant(periods.instant(instant)) == instant.replace(microsecond=0)


SQL_DATE = """
select
    moment,
    case when moment >= from_2 then data_date_2 when moment >= from_1 then data_date_1 else data_date_0 end
from (select unnest($all) as moment) left join utc_days on utc_date = moment::date
"""
SQL_UTC = """
select moment, moment - to_seconds(case when moment >= from_1 then seconds_1 else seconds_0 end)
from (select unnest($all) as moment) left join source_clock on clock_date = moment::date
"""


@pytest.fixture(scope="module", params=ZONES)
def tables(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, duckdb.DuckDBPyConnection]:
    """A zone, and the tables that SQL finds its days by."""
    con = duckdb.connect()
    zones.load(con, request.param, request.param, tmp_path_factory.mktemp("zones"))
    return request.param, con


def test_sql_finds_the_same_data_date(tables: tuple[str, duckdb.DuckDBPyConnection]) -> None:
    zone, con = tables
    around: list[datetime] = []
    for year in (2011, 2019, 2026, 2038):
        for number in range(0, 360, 3):
            start = periods.day_start(date(year, 1, 1) + timedelta(days=number), zone)
            around += [start - timedelta(seconds=1), start]
    found = con.execute(SQL_DATE, {"all": [at.replace(tzinfo=None) for at in around]}).fetchall()
    assert dict(found) == {at.replace(tzinfo=None): at.astimezone(ZoneInfo(zone)).date() for at in around}


def test_sql_reads_a_sources_clock_as_python_does(tables: tuple[str, duckdb.DuckDBPyConnection]) -> None:
    zone, con = tables
    if zone == "UTC":
        assert con.execute("select count(*) from source_clock").fetchone() == (0,)
        return
    readings = [datetime(2026, 1, 1) + timedelta(hours=n, minutes=30) for n in range(366 * 24)]  # noqa: DTZ001  a clock's
    found = dict(con.execute(SQL_UTC, {"all": readings}).fetchall())
    assert found == {reading: periods.from_local(reading, zone).replace(tzinfo=None) for reading in readings}
