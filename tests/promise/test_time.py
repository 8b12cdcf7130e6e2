"""Data dates as they are staged, row by row, against another time zone library, for clocks that change oddly.

The independent way: dateutil reads the system's or its own copy of the zone database, not zoneinfo, and a clock reading
is turned into an instant by looking for the first instant whose clock shows it.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest
from dateutil import tz
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from etl import facts, staging, warehouse
from etl.chain import bring_up
from etl.common import periods
from etl.settings import Settings
from tests.helpers import export, land, row, site

ZONES = (
    "UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe",
    "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Beirut", "America/Havana",
)  # fmt: skip
YEARS = (2011, 2018, 2026)
PAIRS = (
    ("America/New_York", "Europe/Stockholm"), ("Pacific/Auckland", "America/New_York"), ("Europe/Stockholm", "UTC"),
    ("Pacific/Apia", "Asia/Kolkata"), ("America/Sao_Paulo", "Pacific/Auckland"),
    ("Australia/Lord_Howe", "Asia/Kolkata"), ("America/Havana", "Asia/Beirut"),
)  # fmt: skip
"""The clock of an export, and that of the report."""


def zone(name: str) -> tzinfo:
    """The zone as dateutil knows it."""
    found = tz.gettz(name)
    assert found is not None
    return found


def local_date(instant: datetime, name: str) -> date:
    """The calendar day on the clock of `name`."""
    return instant.astimezone(zone(name)).date()


def instant_of(reading: datetime, name: str) -> datetime:
    """The first instant at which the clock of `name` shows `reading`; for one that it never shows, that of a clock that
    was not put forward."""
    clock, as_utc = zone(name), reading.replace(tzinfo=UTC)
    offsets = {offset(as_utc + timedelta(hours=hours), clock) for hours in range(-30, 31, 3)}
    shown = [at for found in offsets if (at := as_utc - found).astimezone(clock).replace(tzinfo=None) == reading]
    return min(shown, default=as_utc - offset(as_utc - timedelta(hours=30), clock))


def offset(at: datetime, clock: tzinfo) -> timedelta:
    """How far the clock is from UTC at an instant."""
    return at.astimezone(clock).utcoffset() or timedelta()


@lru_cache
def moments(name: str) -> list[datetime]:
    """Seconds around midnight, and around every change of the clocks of `name`, in some years."""
    clock, found = zone(name), set()
    hour, second = timedelta(hours=1), timedelta(seconds=1)
    for at in (datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=n) for year in YEARS for n in range(366)):
        midnight = at - offset(at, clock)
        if at.day % 7 == 0:
            found |= {midnight - second, midnight, midnight + second}
        if offset(at, clock) != offset(at + 24 * hour, clock):
            found |= {at + n * timedelta(minutes=15) - k * second for n in range(-12, 109) for k in (0, 1)}
    return sorted(found)


def staged(settings: Settings, texts: list[str]) -> dict[int, date]:
    """Stages one export with a row for each of `texts`; the data date of each row, by its place."""
    rows = [row(place, date_time_utc=text, total_bytes=str(place)) for place, text in enumerate(texts)]
    path = settings.sources[0].location / "connector-1.csv"
    path.write_bytes(export(rows))
    landed = land(settings, path)
    counts = staging.stage(settings, "m365", str(landed.sha256))
    assert (counts.state, counts.used) == ("staged", len(texts)), counts
    records = staging.staged_folder(settings, settings.sources[0], str(landed.sha256)) / "records.parquet"
    with duckdb.connect() as con:
        return dict(con.execute("select bytes, data_date from read_parquet($1)", [str(records)]).fetchall())


def clocked(folder: Path, source_zone: str, report_zone: str) -> Settings:
    """A site whose export's clock and whose report are in these zones."""
    made = site(folder, report={"time_zone": report_zone})
    source = made.sources[0].model_copy(update={"time_zone": source_zone})
    return made.model_copy(update={"sources": (source,)})


@pytest.mark.parametrize("report_zone", ZONES)
def test_every_staged_instant_has_its_data_date(tmp_path: Path, report_zone: str) -> None:
    instants = moments(report_zone)
    found = staged(clocked(tmp_path, "UTC", report_zone), [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in instants])
    assert found == {place: local_date(at, report_zone) for place, at in enumerate(instants)}


@pytest.mark.parametrize(("source_zone", "report_zone"), PAIRS)
def test_every_reading_of_a_sources_clock_has_its_data_date(tmp_path: Path, source_zone: str, report_zone: str) -> None:
    clock = zone(source_zone)
    readings = [at.astimezone(clock).replace(tzinfo=None) for at in moments(source_zone)]
    gaps = [reading + timedelta(hours=hours) for reading in readings[::9] for hours in (-1, 1)]
    readings = sorted({*readings, *gaps})
    found = staged(clocked(tmp_path, source_zone, report_zone), [f"{at:%Y-%m-%d %H:%M:%S}" for at in readings])
    expected = {place: local_date(instant_of(at, source_zone), report_zone) for place, at in enumerate(readings)}
    wrong = {place: (readings[place], found[place], day) for place, day in expected.items() if found[place] != day}
    assert wrong == {}


@given(st.dates(date(2011, 1, 2), date(2036, 12, 30)), st.sampled_from(ZONES))
@examples(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_days_and_weeks_are_half_open_and_adjoin(day: date, name: str) -> None:
    for period in (periods.Period(day, day, "range"), periods.week_of(day)):
        starts_at, ends_at = period.starts_at(name), period.ends_at(name)
        hours = [starts_at + timedelta(minutes=15 * n) for n in range(int((ends_at - starts_at).total_seconds() / 900))]
        assert all(local_date(at, name) in period for at in (*hours[:: max(1, len(hours) // 50)], *hours[-1:]))
        assert local_date(starts_at - timedelta(seconds=1), name) < period.first_date
        assert local_date(ends_at, name) > period.last_date
        assert (ends_at - starts_at).total_seconds() / 3600 in (
            {0.0, 22.5, 23.0, 23.5, 24.0, 24.5, 25.0} if period.kind == "range" else
            {144.0, 167.0, 167.5, 168.0, 168.5, 169.0}
        )  # fmt: skip


def test_the_machines_own_zone_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["2026-03-29 12:30:00", "2026-03-29 13:30:00", "2026-09-27 02:30:00", "2026-11-16 10:59:59"]
    clock, report_zone = "Pacific/Auckland", "Europe/Stockholm"
    expected = [local_date(instant_of(datetime.fromisoformat(text), clock), report_zone) for text in texts]
    digests = set()
    try:
        for place, machine in enumerate(["UTC", "America/New_York", "Pacific/Kiritimati", "no/such zone"]):
            monkeypatch.setenv("TZ", machine)
            time.tzset()
            settings = clocked(tmp_path / str(place), clock, report_zone)
            assert list(staged(settings, texts).values()) == expected
            bring_up(settings)
            assert sorted(facts.partitions(settings)) == sorted(set(expected))
            assert periods.parse_period("2026-W13").starts_at(report_zone).isoformat() == "2026-03-22T23:00:00+00:00"
            digests.add(warehouse.digest(settings).digest)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert len(digests) == 1
