"""Which exports a report waits for. For the scheduler and `status`; no number depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from etl import landing
from etl.common import periods
from etl.common.periods import Period
from etl.landing import evidence
from etl.settings import Settings, Source


def awaited(settings: Settings, reported: Sequence[Period]) -> list[str]:
    """One line for each export of the periods that is expected, has not landed, and may still come.

    May still come: the source's `lateness_days` after the day's end have not passed. Where this is empty the periods
    have settled as far as waiting helps; what is missing then is marked in the report.
    """
    lines = []
    for source in settings.sources:
        if "{date}" not in source.pattern:
            continue
        came = {day for item in evidence.landed(settings, source.name).values() for day in item.named_dates}
        days = sorted({day for period in reported for day in period.days})
        due = [day for day in days if landing.is_expected(source, day) and day not in came]
        open_days = [day for day in due if periods.now() < closes_at(settings, source, day)]
        lines += [f"{source.name}: the export of {day} has not come yet" for day in open_days]
    return lines


def closes_at(settings: Settings, source: Source, day: date) -> datetime:
    """Until when rows of `day` may still come: the source's `lateness_days` after the day's end."""
    return periods.day_start(day + timedelta(days=1 + source.lateness_days), settings.report.time_zone)
