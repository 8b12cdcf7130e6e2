"""The day's chain: land, stage, rebuild, publish, and which reports are out of date for it.

The scheduler, the command line and the tests call these. Each finds by itself what is to be done and does it, so each
can run again at any time, beside others and after any crash: whatever one left, the next does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, TypeVar

from etl import facts, landing, staging, warehouse
from etl.common.periods import Period
from etl.landing import evidence
from etl.settings import Settings

_Item = TypeVar("_Item")


class Watch(Protocol):
    """Goes through the items of a step, and may show how far it is: `what` names the step."""

    def __call__(self, items: Sequence[_Item], what: str, /) -> Iterable[_Item]:
        """The items, one after the other."""


def unwatched(items: Sequence[_Item], _what: str, /) -> Iterable[_Item]:
    """The items, and nothing shown."""
    return items


@dataclass(frozen=True)
class Outcome:
    """What a run came to, in days: made anew, changed by it, and changed in the published warehouse."""

    rebuilt: list[date]
    changed: list[date]
    published: list[date]


def land(
    settings: Settings, *, data_date: date | None = None, source: str | None = None, files: Sequence[Path] = ()
) -> landing.Collected:
    """Copies exports unchanged and notes receipts: what the sources name for `data_date`, whatever is there without
    one, or exactly `files`."""
    return landing.collect(settings, data_date=data_date, source=source, files=files)


def stage(settings: Settings, files: Sequence[Sequence[str]] | None = None, watch: Watch = unwatched) -> list[str]:
    """Stages landed files, each given as (source, sha-256), or all that wait for it; one line for each that is
    quarantined and still stands.

    A quarantined file that a note retracted or replaced has been looked at, and is not named again.
    """
    lines = []
    for source, sha256 in watch(staging.waiting(settings) if files is None else files, "staging"):
        counts = staging.stage(settings, source, sha256)
        if counts.state != "quarantined":
            continue
        landed = evidence.landed(settings, source)
        state, _ = evidence.file_states(landed, source, evidence.notes(settings))[sha256]
        if state == "counted":
            lines.append(f"{source}: {landed[sha256].receipt.name} is quarantined: {counts.reason}")
    return lines


def rebuild(settings: Settings, watch: Watch = unwatched) -> dict[date, bool]:
    """Makes the facts of every dirty day anew, after staging what still waits for it; each day with whether its facts
    changed."""
    stage(settings, watch=watch)
    return {day: facts.rebuild_day(settings, day) for day in watch(facts.dirty_days(settings), "facts")}


def publish(settings: Settings) -> list[date]:
    """Swaps the warehouse for one that holds today's facts; the days that changed in it."""
    return warehouse.publish(settings)


def outdated(settings: Settings, days: Collection[date]) -> dict[Period, str]:
    """The reported periods that no longer say what the warehouse says since `days` changed, each with a short name for
    the edition that it would get next: the same until that is made, or what it depends on changes."""
    from etl.archive import outdated as editions  # a run of the command line asks for none of it

    return {period: editions.mark(settings, period) for period in editions.outdated(settings, days)}


def bring_up(settings: Settings, watch: Watch = unwatched) -> Outcome:
    """All that follows landing: stages, rebuilds and publishes."""
    days = rebuild(settings, watch)
    published = publish(settings)
    return Outcome(list(days), [day for day, changed in days.items() if changed], published)
