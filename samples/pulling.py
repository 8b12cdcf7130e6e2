"""How the site pulled its exports: one per UTC day, and everything that went wrong with that.

An export of a day tells of the UTC day, from 0:00 to 24:00, as a scheduled historical search does. The report's days
are those of Europe/Stockholm: what happened in an export's last hour (last two hours until 24 October) belongs to the
next data date.
"""

from __future__ import annotations

import codecs
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from organisation import HOUR, LAST_DAY, ROW_LIMIT, Dice, midnight, utc_day
from traffic import CUT_DAY, Row
from writing import ADMIN_CENTER, INBOUND, OLDER, SPACED, Style, american, iso_seconds

MISSING_DAY = date(2026, 11, 18)
"""Its export never came."""
LATE_DAY = date(2026, 11, 12)
"""Its export came after the week was reported."""
CORRECTED_DAY = date(2026, 11, 10)
"""Its export told no TLS for some hours; a corrected one came after the week was reported."""
BLANK_HOURS = (9, 12)
COPIED_DAY = date(2026, 10, 28)
OVERLAP_DAY = date(2026, 11, 4)
"""Its export was pulled two hours early; another, pulled later, overlaps three days and has the rest."""

REJECTED: dict[date, tuple[str, ...]] = {
    date(2026, 10, 20): ("no such date", "unknown direction", "too few fields"),
    date(2026, 10, 29): ("not a date", "too many fields", "unknown direction"),
    date(2026, 11, 3): ("no date", "too few fields"),
    date(2026, 11, 17): ("too many fields", "not a date"),
    date(2026, 11, 20): ("unknown direction", "too few fields"),
}

STYLES: dict[date, tuple[str, Style]] = {
    date(2026, 10, 31): (".csv", Style(columns=OLDER, encoding="utf-16-le", time=american)),
    date(2026, 11, 1): (
        ".csv",
        Style(
            columns=SPACED, delimiter=";", mark=codecs.BOM_UTF8, time=iso_seconds,
            directions=INBOUND, versions=ADMIN_CENTER,
        ),
    ),
    date(2026, 11, 7): (".csv", Style(encoding="latin-1")),
    date(2026, 11, 8): (".csv.gz", Style(encoding="utf-16-be", mark=codecs.BOM_UTF16_BE, delimiter="\t")),
    date(2026, 11, 14): (".csv.zip", Style(directions=INBOUND)),
}  # fmt: skip
"""Exports that look different; all others are UTF-8 with commas, packed by gzip."""


@dataclass
class Export:
    """One file: its rows in order, how it looks, whether it comes late, and whose bytes it repeats."""

    name: str
    day: date
    rows: list[Row]
    style: Style = field(default_factory=Style)
    late: bool = False
    copy_of: str | None = None


def all_exports(rows: list[Row]) -> list[Export]:
    """Every file of the samples, made of everything that happened."""
    by_day: defaultdict[date, list[Row]] = defaultdict(list)
    for row in rows:
        by_day[utc_day(row.instant)].append(row)
    exports = [_regular(day, by_day[day]) for day in sorted(by_day) if day <= LAST_DAY and day != MISSING_DAY]
    copied = next(export for export in exports if export.day == COPIED_DAY)
    copy = replace(copied, name=f"connector-{COPIED_DAY}_copy.csv.gz", copy_of=copied.name)
    corrected = Export(
        f"connector-{CORRECTED_DAY}_corrected.csv.gz",
        CORRECTED_DAY,
        by_day[CORRECTED_DAY],
        Style(time=iso_seconds),
        late=True,
    )
    return [*exports, copy, _overlap(rows), corrected]


def _regular(day: date, rows: list[Row]) -> Export:
    """The export of one UTC day as it first came."""
    extension, style = STYLES.get(day, (".csv.gz", Style()))
    if day == CORRECTED_DAY:
        rows = list(_without_tls(rows))
    if day == CUT_DAY:
        rows = rows[:ROW_LIMIT]
    if day == OVERLAP_DAY:
        rows = [row for row in rows if row.instant < midnight(day) + 22 * HOUR]
    if day.weekday() == 0:
        rows = _with_repeats(rows)
    rows = _with_damage(rows, REJECTED.get(day, ()))
    return Export(f"connector-{day}{extension}", day, rows, style, late=day == LATE_DAY)


def _without_tls(rows: Iterable[Row]) -> Iterable[Row]:
    """The rows of the day whose export told no TLS for some hours."""
    first, end = BLANK_HOURS
    for row in rows:
        hour = (row.instant - midnight(CORRECTED_DAY)) // HOUR
        yield replace(row, tls="", cipher="") if first <= hour < end else row


def _with_repeats(rows: list[Row]) -> list[Row]:
    """Every three hundredth row once more, two seconds later: what paging through a search does at its seams."""
    repeated = [replace(row, instant=row.instant + 2_000) for row in rows[300:1500:300]]
    return sorted([*rows, *repeated], key=lambda row: row.order)


def _with_damage(rows: list[Row], damages: tuple[str, ...]) -> list[Row]:
    """Rows that can't be read, spread over the file. They tell of messages that nothing else tells of."""
    result = list(rows)
    for number, damage in enumerate(damages):
        place = 200 + 317 * number
        row = rows[place]
        identity = f"{Dice(row.instant).hexadecimal(8)}-0000-4d0e-9b1c-08de2f4d4a2e"
        broken = replace(
            row,
            damage=damage,
            status="Delivered",
            network_message_id=identity,
            message_id=f"<{identity[:13]}@mx.lost.example>",
        )
        result.insert(place + number, broken)
    return result


def _overlap(rows: list[Row]) -> Export:
    """From 18:00 the day before to 6:00 the day after, times cut to seconds, every fifth size left out where another
    export states it."""
    start = midnight(OVERLAP_DAY)
    early = start + 22 * HOUR
    chosen = [row for row in rows if start - 6 * HOUR <= row.instant < start + 30 * HOUR]
    told = [
        replace(row, size=None) if number % 5 == 0 and not early <= row.instant < start + 24 * HOUR else row
        for number, row in enumerate(chosen)
    ]
    return Export(f"connector-{OVERLAP_DAY}_rerun.csv.gz", OVERLAP_DAY, told, Style(time=iso_seconds))
