"""Logs whose stamps name no year (`Nov 24 10:00:00`) and that span more than one: the order of their lines tells.

Such a stamp is read as the newest day that is not later than the export, which is right for a year of lines. The year
of an older line is written into its stamp, in a copy; most logs need none.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from etl.common.disk import disk_errors
from etl.formats import text

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_STAMP = re.compile(rb"(?:^|(?<=\n))(" + b"|".join(_MONTHS) + rb") ([ \d]\d) (\d\d:\d\d:\d\d)")
_PROBES = 64
_A_TURN = 31
"""A stamp so many days before that of a line above is of the next year: lines are out of order by seconds at most."""
_AHEAD = timedelta(days=2)
"""How much later than the export a stamp may be (log_clock.sql)."""

Stamp = tuple[int, int]
"""Month and day."""


def with_years(plain: text.Plain, exported: date, mark: bytes, sign: bytes, copy_path: Path) -> text.Plain:
    """The log with years in the stamps of lines that are older than a year; itself where there are none.

    `mark` is what follows a stamp without a year in this log, `sign` what stands between day and time where there is a
    year, in place of the mark before the rest of the line.
    """
    if plain.bytes == 0:
        return plain
    with (
        plain.path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
    ):
        years = _years(whole, exported)
        if not years:
            return plain
        with disk_errors(copy_path), copy_path.open("wb") as copy:
            for start, end, year in years:
                for at, stop in text.windows(whole, start, end):
                    copy.write(_dated(whole[at:stop], year, mark, sign) if year else whole[at:stop])
    return replace(plain, path=copy_path)


def _years(whole: mmap.mmap, exported: date) -> list[tuple[int, int, int | None]]:
    """Stretches of the file (from, to) with the year of their stamps; nothing for a stretch that needs none, and no
    stretches where none needs one."""
    first, last = _stamp_from(whole, 0), _last_stamp(whole)
    if first is None or last is None:
        return []
    turns = list(_turns(whole, first))
    year = _newest(last, exported + _AHEAD)
    if not turns or year is None:
        return []
    if len(turns) == 1 and _newest(first[1], exported + _AHEAD) == year - 1:
        return []
    starts = [0, *turns]
    ends = [*turns, len(whole)]
    return [
        (start, end, year - (len(turns) - number) if number < len(turns) else None)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _turns(whole: mmap.mmap, first: tuple[int, Stamp]) -> Iterator[int]:
    """Where lines of a next year begin: looked for between places far apart, then by halves."""
    before = first
    for number in range(1, _PROBES + 1):
        at = len(whole) * number // _PROBES
        here = _stamp_from(whole, at) if number < _PROBES else _last_line(whole)
        if here is None or here[0] <= before[0]:
            continue
        if _is_turn(before[1], here[1]):
            yield _first_after(whole, before, here)
        before = here


def _first_after(whole: mmap.mmap, before: tuple[int, Stamp], after: tuple[int, Stamp]) -> int:
    low, high = before[0], after[0]
    while True:
        middle = _stamp_from(whole, (low + high) // 2)
        if middle is None or middle[0] >= high:
            middle = _stamp_from(whole, low + 1)  # the next line
            if middle is None or middle[0] >= high:
                return high
        if _is_turn(before[1], middle[1]):
            high = middle[0]
        else:
            low = middle[0]


def _is_turn(before: Stamp, after: Stamp) -> bool:
    return _place(before) - _place(after) > _A_TURN


def _place(stamp: Stamp) -> int:
    return stamp[0] * 31 + stamp[1]


def _stamp_from(whole: mmap.mmap, at: int) -> tuple[int, Stamp] | None:
    """The first line that begins at or behind a place and has such a stamp: where, and the stamp."""
    start = 0 if at == 0 else whole.find(b"\n", at - 1) + 1
    if at and not start:
        return None
    match = _STAMP.search(whole, start, min(len(whole), start + text.HEAD))
    return (match.start(), _read(match)) if match else None


def _last_line(whole: mmap.mmap) -> tuple[int, Stamp] | None:
    start = max(0, len(whole) - text.HEAD)
    matches = list(_STAMP.finditer(whole, start))
    return (matches[-1].start(), _read(matches[-1])) if matches else None


def _last_stamp(whole: mmap.mmap) -> Stamp | None:
    last = _last_line(whole)
    return last[1] if last else None


def _read(match: re.Match[bytes]) -> Stamp:
    return _MONTHS.index(match[1]) + 1, int(match[2])


def _newest(stamp: Stamp, latest: date) -> int | None:
    """The newest year in which the stamp's day is not later than `latest`."""
    for year in range(latest.year, latest.year - 8, -1):
        try:
            if date(year, *stamp) <= latest:
                return year
        except ValueError:  # 29 February
            continue
    return None


def _dated(raw: bytes, year: int, mark: bytes, sign: bytes) -> bytes:
    def stamp(match: re.Match[bytes]) -> bytes:
        month, day = _read(match)
        return b"%04d-%02d-%02d%s%s " % (year, month, day, sign, match[3])

    return re.sub(_STAMP.pattern + re.escape(mark), stamp, raw)
