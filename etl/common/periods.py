"""Days, weeks and zones. The only module that knows a time zone or reads the clock.

A *data date* is the calendar day, in the report's time zone, that a row belongs to. A *period* is what a report is
about: an ISO week (`2026-W47`, ISO 8601: Monday to Sunday), a month (`2026-11`) or any range of days
(`2026-11-16..2026-11-22`). In UTC a period is half-open, `[starts_at, ends_at)`; a week with a change to or from
daylight saving time has 167 or 169 hours.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from etl.common.errors import UsageInvalid

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)


_NO_ZONES = {"localtime", "posixrules", "Factory"}
"""Files beside the zones: what they say is up to the machine, so facts would be too."""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of the IANA time zone database that this machine, or the tzdata package, knows; each the same clock on
    every machine."""
    return frozenset(zoneinfo.available_timezones() - _NO_ZONES)


def is_zone(name: str) -> bool:
    """Whether `name` is a time zone of the IANA database."""
    return name in zone_names()


def now() -> datetime:
    """The present instant in UTC, whole seconds. For receipts, ledgers and schedules; never to decide what counts."""
    return datetime.now(UTC).replace(microsecond=0)


def instant(value: datetime) -> str:
    """`value` (with a zone) as `2026-11-23T05:00:00Z`: how every file of this program writes an instant."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """The instant that `instant` wrote, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def from_timestamp(seconds: float) -> datetime:
    """Seconds since the epoch (a file's modification time) as an instant in UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)


def from_utc_parts(*parts: int) -> datetime:
    """The UTC instant of year, month, day, hour, minute and second."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # six integers


def local(value: datetime, zone: str) -> datetime:
    """`value` (with a zone) on the clock of `zone`."""
    return value.astimezone(ZoneInfo(zone))


def from_local(value: datetime, zone: str) -> datetime:
    """The UTC instant of a clock reading without a zone; of an ambiguous one (autumn) the first."""
    return value.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_start(day: date, zone: str) -> datetime:
    """The first instant of `day` in `zone`, in UTC. Where midnight does not exist, the first instant that does."""
    return from_local(datetime.combine(day, time.min), zone)


def data_date(value: datetime, zone: str) -> date:
    """The calendar day in `zone` that the instant `value` belongs to."""
    return value.astimezone(ZoneInfo(zone)).date()


def days_between(first: date, last: date) -> list[date]:
    """All days from `first` to `last`, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, order=True)
class Period:
    """A week, a month or a range of days. `first_date` and `last_date` are both included."""

    first_date: date
    last_date: date
    kind: str

    def __str__(self) -> str:
        if self.kind == "week":
            year, week, _ = self.first_date.isocalendar()
            return f"{year}-W{week:02d}"
        if self.kind == "month":
            return f"{self.first_date:%Y-%m}"
        return f"{self.first_date}..{self.last_date}"

    def __iter__(self) -> Iterator[date]:
        return iter(self.days)

    def __contains__(self, day: date) -> bool:
        return self.first_date <= day <= self.last_date

    @property
    def days(self) -> list[date]:
        """All its days, in order."""
        return days_between(self.first_date, self.last_date)

    @property
    def before(self) -> Period:
        """The period of the same kind just before; for a range, the same number of days."""
        last = self.first_date - timedelta(days=1)
        if self.kind == "week":
            return week_of(last)
        if self.kind == "month":
            return month_of(last)
        return Period(last - (self.last_date - self.first_date), last, "range")

    @property
    def after(self) -> Period:
        """The period of the same kind just after; for a range, the same number of days."""
        first = self.last_date + timedelta(days=1)
        if self.kind == "week":
            return week_of(first)
        if self.kind == "month":
            return month_of(first)
        return Period(first, first + (self.last_date - self.first_date), "range")

    @property
    def folder(self) -> str:
        """Where its editions lie in the archive: `2026/W47`, `2026/11`, `2026/2026-11-16..2026-11-22`."""
        if self.kind == "week":
            year, week, _ = self.first_date.isocalendar()
            return f"{year}/W{week:02d}"
        if self.kind == "month":
            return f"{self.first_date:%Y/%m}"
        return f"{self.first_date:%Y}/{self}"

    def starts_at(self, zone: str) -> datetime:
        """Its first instant in `zone`, in UTC."""
        return day_start(self.first_date, zone)

    def ends_at(self, zone: str) -> datetime:
        """The first instant in `zone` that is no longer part of it, in UTC."""
        return day_start(self.last_date + timedelta(days=1), zone)

    def hours(self, zone: str) -> int:
        """Its length in whole hours: 168 for most weeks, 167 or 169 where the clocks changed."""
        return round((self.ends_at(zone) - self.starts_at(zone)).total_seconds() / 3600)


def week_of(day: date) -> Period:
    """The ISO week that holds `day`."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6), "week")


def month_of(day: date) -> Period:
    """The month that holds `day`."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(first, following - timedelta(days=1), "month")


def parse_day(text: str) -> date:
    """A day written `2026-11-16`."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise UsageInvalid(f"'{text}' is not a day", "a day such as 2026-11-16") from None


def parse_period(text: str) -> Period:
    """A period written `2026-W47`, `2026-11` or `2026-11-16..2026-11-22`."""
    try:
        if match := _WEEK.fullmatch(text):
            return week_of(date.fromisocalendar(int(match[1]), int(match[2]), 1))
        if match := _MONTH.fullmatch(text):
            return month_of(date(int(match[1]), int(match[2]), 1))
        if match := _RANGE.fullmatch(text):
            first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2])
            if first <= last:
                return Period(first, last, "range")
    except ValueError:
        pass
    raise UsageInvalid(
        f"'{text}' is no period", "a week (2026-W47), a month (2026-11) or a range of days (2026-11-16..2026-11-22)"
    )


FIRST_DATE, LAST_DATE = date(2010, 1, 1), date(2039, 12, 31)
"""Days outside these are taken for damage in an export."""


@dataclass(frozen=True)
class ClockDay:
    """One calendar day of a clock, and what another clock shows during it.

    `other_0` holds from the day's start, `other_1` from `change_1`, `other_2` from `change_2` (both readings of the
    day's own clock, without a zone); changes that do not happen are nothing.
    """

    day: date
    other_0: object
    change_1: datetime | None = None
    other_1: object = None
    change_2: datetime | None = None
    other_2: object = None


@lru_cache(maxsize=8)
def utc_days(zone: str) -> tuple[ClockDay, ...]:
    """For each UTC calendar day the local dates in `zone` that it falls on: how SQL finds a row's data date."""
    starts: dict[date, list[tuple[datetime, date]]] = {}
    for day in days_between(FIRST_DATE, LAST_DATE):
        start = day_start(day, zone).replace(tzinfo=None)
        starts.setdefault(start.date(), []).append((start, day))
    return tuple(
        _clock_day(day, data_date(datetime.combine(day, time.min, UTC), zone), starts.get(day, []))
        for day in days_between(FIRST_DATE, LAST_DATE)
    )


@lru_cache(maxsize=8)
def local_days(zone: str) -> tuple[ClockDay, ...]:
    """For each calendar day in `zone` its distance from UTC in seconds, by its own clock.

    A clock reading that occurs twice (autumn) is taken as the first; one that does not occur (spring) is read with the
    distance from before the change.
    """
    key = ZoneInfo(zone)
    days = []
    for day in days_between(FIRST_DATE, LAST_DATE):
        midnight = datetime.combine(day, time.min)
        first, last = _seconds(midnight, key), _seconds(midnight + timedelta(hours=23, minutes=59), key)
        changes = [] if first == last else [(_change(midnight, key), last)]
        days.append(_clock_day(day, first, changes))
    return tuple(days)


def _clock_day(day: date, first: object, changes: Sequence[tuple[datetime, object]]) -> ClockDay:
    midnight = datetime.combine(day, time.min)
    later = [change for change in sorted(changes, key=lambda change: change[0]) if change[0] > midnight][-2:]
    flat = [part for change in later for part in change]
    return ClockDay(day, first, *flat)  # type: ignore[arg-type]  # pairs of change and what it changes to


def _seconds(reading: datetime, zone: ZoneInfo) -> int:
    distance = reading.replace(tzinfo=zone).utcoffset()
    return int(distance.total_seconds()) if distance else 0


def _change(midnight: datetime, zone: ZoneInfo) -> datetime:
    """The first minute of the day's clock at which its distance from UTC is another than at midnight."""
    low, high = 0, 24 * 60 - 1
    first = _seconds(midnight, zone)
    while low < high:
        middle = (low + high) // 2
        if _seconds(midnight + timedelta(minutes=middle), zone) == first:
            low = middle + 1
        else:
            high = middle
    return midnight + timedelta(minutes=low)
