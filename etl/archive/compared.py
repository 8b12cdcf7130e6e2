"""What an edition is compared with: whether its history was corrected since, and whether an action hangs on it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from etl.archive import edition_file, ledger
from etl.archive.changes import Numbers
from etl.archive.ledger import Entry
from etl.archive.shelf import Shelf
from etl.common import periods
from etl.common.errors import UsageInvalid
from etl.common.periods import Period
from etl.settings import Settings

if TYPE_CHECKING:
    from etl.basis.inputs import PeriodInputs

REACH = timedelta(weeks=13)
"""An edition is compared with so much of the time before its period, day by day (`basis.inputs.HISTORY_DAYS`)."""
_DAILY = ("day", "data", "missing")


def in_reach(period: Period, day: date) -> bool:
    """Whether `day` is one that a report on `period` shows or compares with, day by day."""
    return period.first_date - REACH <= day <= period.last_date


def corrected(archive: Shelf, entries: list[Entry]) -> dict[str, tuple[Entry, ...]]:
    """The current editions, by their bag, whose comparison was corrected since, with the editions that corrected it.

    A correction is a later edition of an earlier period within reach, made because facts or completeness changed, whose
    numbers differ from those that the edition's history froze. Bags are read only where there is one.
    """
    current = {entry.period: entry for entry in entries if entry.kind == "edition"}
    later = [entry for entry in current.values() if set(entry.reasons) & set(edition_file.BY_THEMSELVES)]
    found = {}
    for entry in current.values():
        by = tuple(
            other
            for other in later
            if other.number > entry.number and _is_compared_with(entry, other) and _differs(archive, entry, other)
        )
        if by:
            found[entry.bag] = by
    return found


def since_regular(archive: Shelf, entries: list[Entry], period: Period) -> tuple[str, ...]:
    """The editions whose comparison was corrected since the last regular one, for the next edition, on `period`, to
    name; those of `period` itself are what it replaces."""
    regular = [entry.number for entry in entries if ledger.origin(entries, entry) == "scheduled"]
    found = corrected(archive, entries)
    return tuple(
        f"{entry.period}, edition {entry.edition}"
        for entry in entries
        if entry.period != str(period)
        if any(other.number > max(regular, default=0) for other in found.get(entry.bag, ()))
    )


def _is_compared_with(entry: Entry, other: Entry) -> bool:
    """Whether `other` is about a period that ends before that of `entry` begins, within reach."""
    try:
        period, earlier = periods.parse_period(entry.period), periods.parse_period(other.period)
    except UsageInvalid:
        return False  # an entry that was tampered with: `verify` names it
    return earlier.last_date < period.first_date and in_reach(period, earlier.first_date)


def _differs(archive: Shelf, entry: Entry, other: Entry) -> bool:
    """Whether the history frozen in `entry` holds other numbers for the period of `other` than `other` does."""
    span = periods.parse_period(other.period)
    try:
        rows = _rows(edition_file.data(archive, entry.bag).read("history.csv"))
        numbers = Numbers.archived(edition_file.data(archive, other.bag)).cells
    except (OSError, ValueError, KeyError):
        return False  # `verify` names what is missing
    frozen: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        is_flow = row["kind"] == "day" and row["direction"] in ("inbound", "outbound")
        if is_flow and periods.parse_day(row["first_date"]) in span:
            frozen[row["direction"], row["connector"].removeprefix("'"), row["tls_version"]] += int(row["messages"])
    return frozen != numbers


def changes_actions(settings: Settings, before: PeriodInputs, history_csv: bytes) -> bool:
    """Whether an insight that needs action would come, go or weigh otherwise if `before`, the inputs of an edition, had
    the history of today. Both are judged by the same policy and program, so only the history can be the cause; numbers
    of the comparison that move no action count for nothing.
    """
    if before.history_csv == history_csv or not _corrects(before.history_csv, history_csv):
        return False
    return _actions(settings, before) != _actions(settings, replace(before, history_csv=history_csv))


def _corrects(before: bytes, now: bytes) -> bool:
    """Whether a day changed that the frozen history reached: older days that were backfilled since correct
    nothing."""
    old, new = list(_rows(before)), list(_rows(now))
    first = min((row["first_date"] for row in old if row["kind"] == "data"), default=None)
    if first is None or not new:
        return False
    columns = [name for name in old[0] if name in new[0]]  # another version may have written other columns

    def daily(rows: list[dict[str, str]]) -> Counter[tuple[str, ...]]:
        chosen = (row for row in rows if row["kind"] in _DAILY and row["first_date"] >= first)
        return Counter(tuple(row[name] for name in columns) for row in chosen)

    return daily(old) != daily(new)


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))


def _actions(settings: Settings, inputs: PeriodInputs) -> set[tuple[str, str | None, str]]:
    from etl.basis.inputs import earlier_periods, files_by_day
    from etl.basis.workbench import opened
    from etl.insights import evaluate, read_book
    from etl.measures.completeness import model_completeness

    files, period = inputs.inputs["files"], inputs.period
    completeness = model_completeness(inputs.completeness, files, settings.report.time_zone)
    with opened(inputs, settings, ()) as con:
        before = earlier_periods(period)
        book = read_book(con, period, before, completeness, settings.connectors, files_by_day(inputs.inputs))
        insights = evaluate(book, inputs.policy).insights
    return {(item.id, item.partner, item.severity) for item in insights if item.needs_action}
