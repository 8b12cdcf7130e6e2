"""When a report is due: the schedule's cron expression, read on the clock of the report's time zone."""

from __future__ import annotations

from datetime import datetime

from croniter import croniter  # type: ignore[import-untyped]  # the package carries no types

from etl.common import periods
from etl.common.periods import Period
from etl.settings import Settings


def due_at(settings: Settings, period: Period) -> datetime:
    """The instant (UTC) at which the report about `period` is due: the first of the schedule at or after its end."""
    zone = settings.report.time_zone
    end = periods.local(period.ends_at(zone), zone).replace(tzinfo=None)
    clock = croniter(settings.report.schedule, end)
    reading: datetime = end if croniter.match(settings.report.schedule, end) else clock.get_next(datetime)
    return periods.from_local(reading, zone)


def next_due_at(settings: Settings, period: Period) -> datetime:
    """When the report after that about `period` is due."""
    return due_at(settings, period.after)
