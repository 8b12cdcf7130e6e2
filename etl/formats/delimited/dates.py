"""How a delimited export writes its dates: decided for the whole file, from its own text, its name and its export time.

ISO 8601 says everything. Any other way is taken apart number by number. Where two parts of a date could each be the
month, the order has to be stated by the source or proven by the file (`order`); a file that proves nothing is refused,
since a guess swaps days and months. Nothing here depends on the clock or on the machine's language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal

from etl.common import database
from etl.common.errors import ExportUnreadable
from etl.formats.base import Job

Order = Literal["month_first", "day_first"]

ISO_DAYS = ["%Y-%m-%d"]
NEAR_NAME = timedelta(days=2)
"""So far from the day in a file's name its records may be: it names their day, or that of the export, made later."""
RECENT = timedelta(days=10)
"""An export that proves an order by its own time holds days up to so long before it."""
ZONES = timedelta(days=1)
"""What a day may be ahead of UTC, in which the export's time is told."""
TOGETHER = timedelta(days=14)
LEAST_DAYS = 3
"""Days lie together where at least so many of them lie within `TOGETHER`."""

DAY_HALVES = (
    ("오전", "오후"), ("上午", "下午"), ("午前", "午後"), ("π.μ.", "μ.μ."), ("πμ", "μμ"), ("SA", "CH"),
    ("a. m.", "p. m."), ("a.m.", "p.m."), ("ص", "م"), ("f.m.", "e.m."), ("de.", "du."), ("dop.", "odp."),
    ("PG", "PTG"), ("m.a.", "m.u."),
)  # fmt: skip
"""What cultures write for AM and PM, as .NET and ICU have it; which of them a file uses is found in its first dates."""

_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u200e": None, "\u200f": None})
_ISO = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?P<time>[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)? ?(?P<zone>[Zz]|[+-]\d\d(:?\d\d)?)?"
)
_TOKEN = re.compile(r"\d+|[^\W\d_]+\.?|.", re.DOTALL)
_LITERALS = {"t", "г.", "г", "h", "min", "s", "kl", "kl.", "klo", "at", "uhr", "r.", "год"}
_BETWEEN_TIMES = re.compile(r"[:.]|\s?h\s?|\s?min\s?")
_AFTER_TIME = re.compile(r"\.?|\s?s|\s?uhr|\s?%p", re.IGNORECASE)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMES = dict(
    [(name, "%B") for name in _MONTHS]
    + [(name[:3], "%b") for name in _MONTHS]
    + [(name, "%A") for name in _WEEKDAYS]
    + [(name[:3], "%a") for name in _WEEKDAYS]
) | {"may": "%b"}


@dataclass(frozen=True)
class Written:
    """A way to write dates. `family` is what must be the same all over a file; `month_first` and `day_first` are the
    formats (strptime) that could read it, the same one twice where the text leaves nothing open."""

    family: Literal["iso", "year first", "named", "dots", "parts"]
    has_time: bool
    month_first: str = ""
    day_first: str = ""
    zone: Literal["", "utc", "offset"] = ""


def style(job: Job) -> dict[str, Any]:
    """How the file writes its dates, as dated.sql takes it: `date_style`, `date_formats`, `am_word`, `pm_word`.

    Stated (`options.date_format`, as strptime), or the way of most of the first thousand records; a record of another
    way is rejected. Raises `ExportUnreadable` where they can't be read, or day and month not be told apart.
    """
    stated = job.reading.options.get("date_format")
    if stated:
        has_time = re.search(r"%-?[HIMcTXR]", str(stated))
        return _as_variables("text" if has_time else "date", [str(stated)])
    job.con.execute("set preserve_insertion_order = true")  # the first records, not any
    seen = database.rows(job.con, database.sql("formats/delimited", "date_sample"))
    job.con.execute("set preserve_insertion_order = false")
    return decide(seen, lambda dotted: proven_order(job, dotted=dotted), is_utc=job.reading.time_zone == "UTC")


def decide(
    seen: Sequence[dict[str, Any]], prove: Callable[[bool], Order | None], *, is_utc: bool = True
) -> dict[str, Any]:
    """The style of a file whose first dates are `seen` (`example`, `records`), an example for each shape.

    `prove` is asked only where two parts of a date could be the month, with whether dots stand between them; `is_utc`
    is the source's clock.
    """
    if not seen:
        return _as_variables("iso", ISO_DAYS)
    halves = day_halves(row["example"] for row in seen)
    found = [(written, row) for row in seen if (written := read(row["example"], halves))]
    if not found:
        raise _unreadable(max(seen, key=lambda row: (row["records"], row["example"]))["example"])
    weights: Counter[tuple[str, bool]] = Counter()
    for written, row in found:
        weights[written.family, written.has_time] += row["records"]
    family, has_time = max(weights, key=lambda key: (weights[key], key))
    chosen = [(written, row) for written, row in found if (written.family, written.has_time) == (family, has_time)]
    if family == "iso":
        return _iso(chosen, has_time, is_utc=is_utc)
    way: Order = "day_first"
    if family in ("dots", "parts"):
        found_way = prove(family == "dots")
        if found_way is None:
            written, row = chosen[0]
            raise undecided(row["example"], written.day_first, written.month_first)
        way = found_way
    formats = sorted({getattr(written, way) for written, _ in chosen})
    return _as_variables("text" if has_time else "date", formats, halves)


def _as_variables(name: str, formats: list[str], halves: tuple[str, str] = ("", "")) -> dict[str, Any]:
    return {"date_style": name, "date_formats": formats, "am_word": halves[0], "pm_word": halves[1]}


def _iso(chosen: Sequence[tuple[Written, dict[str, Any]]], has_time: bool, *, is_utc: bool) -> dict[str, Any]:
    """ISO dates: those with an offset are cast as such; a `Z` says nothing new where the source's clock is UTC."""
    if not has_time:
        return _as_variables("date", ISO_DAYS)
    zones = Counter(dict.fromkeys(("", "utc", "offset"), 0))
    for written, row in chosen:
        zones[written.zone] += row["records"]
    told = zones["offset"] + (zones["utc"] if zones["offset"] or not is_utc else 0)
    return _as_variables("offset" if told * 2 > zones.total() else "iso", ISO_DAYS)


def calm(text: str) -> str:
    """A date without the spaces and marks that only set it apart (.NET: a narrow no-break space before AM and PM)."""
    return text.translate(_SPACES).strip()


def day_halves(examples: Iterable[str]) -> tuple[str, str]:
    """The words for AM and PM that dates use besides those; two empty ones where there are none."""
    words = {match for text in examples for match in re.findall(r"[^\W\d_](?:[.\s]{0,2}[^\W\d_])*\.?", calm(text))}
    return next((pair for pair in DAY_HALVES if words & set(pair)), ("", ""))


def read(example: str, halves: tuple[str, str] = ("", "")) -> Written | None:
    """How a date is written, or nothing where it is in no way that says which number is what."""
    text = calm(example)
    iso = _ISO.fullmatch(text)
    if iso:
        zone = iso["zone"] or ""
        kind: Literal["", "utc", "offset"] = "" if not zone else "utc" if zone in "Zz" else "offset"
        return Written("iso", iso["time"] is not None, zone=kind)
    if halves[0]:
        text = text.replace(halves[0], "AM").replace(halves[1], "PM")
    return _taken_apart(_TOKEN.findall(text))


def _taken_apart(tokens: Sequence[str]) -> Written | None:
    """Three numbers (two beside a month's name) are the date, those behind it the time."""
    marks: list[str] = []
    numbers: list[tuple[int, int]] = []
    for token in tokens:
        word = token.lower()
        if token.isdecimal() and token.isascii():
            numbers.append((len(marks), len(token)))
            marks.append("")
        elif word in ("am", "pm"):
            marks.append("%p")
        elif word.rstrip(".") in _NAMES:
            marks.append(_NAMES[word.rstrip(".")] + ("." if word.endswith(".") else ""))
        elif word[:1].isalpha() and word not in _LITERALS:
            return None
        else:
            marks.append(token.replace("%", "%%"))
    months = sum(mark in ("%b", "%B") for mark in marks)
    of_date = 2 if months else 3
    if months > 1 or len(numbers) not in (of_date, of_date + 2, of_date + 3, of_date + 4):
        return None
    if not _put_time(marks, numbers[of_date:], numbers[of_date - 1][0]):
        return None
    return _with_date(marks, numbers[:of_date], named=bool(months), has_time=len(numbers) > of_date)


def _put_time(marks: list[str], times: Sequence[tuple[int, int]], date_end: int) -> bool:
    """Writes the directives of hour, minute, second and fraction into `marks`; whether they can be those."""
    if not times:
        return not "".join(marks[date_end + 1 :]).strip(" .г")
    if any(size > 2 for _, size in times[:3]) or "+" in "".join(marks[date_end:]):
        return False
    gaps = ["".join(marks[first + 1 : second]) for (first, _), (second, _) in pairwise(times)]
    if any(not _BETWEEN_TIMES.fullmatch(gap) for gap in gaps[:2]) or any(gap not in (".", ",") for gap in gaps[2:]):
        return False
    if not _AFTER_TIME.fullmatch("".join(marks[times[-1][0] + 1 :])):
        return False
    hour = "%I" if "%p" in marks else "%H"
    for (place, _), mark in zip(times, (hour, "%M", "%S", "%n"), strict=False):
        marks[place] = mark
    return True


def _with_date(marks: list[str], numbers: Sequence[tuple[int, int]], *, named: bool, has_time: bool) -> Written | None:
    places, sizes = [place for place, _ in numbers], [size for _, size in numbers]
    between = "".join(marks[places[0] + 1 : places[-1]])
    if named:
        # Excel writes `16-Nov-26`: behind a month's name only a year can stand.
        short = "%y" if sizes[1] == 2 and between in ("-%b-", "-%B-") else ""
        year = "%Y" if sizes[0] <= 2 and sizes[1] == 4 else short
        return _written(marks, places, ("%d", year), ("%d", year), "named", has_time) if year else None
    if sizes[0] == 4 and max(sizes[1:]) <= 2:
        return _written(marks, places, ("%Y", "%m", "%d"), ("%Y", "%m", "%d"), "year first", has_time)
    if sizes[2] == 4 and max(sizes[:2]) <= 2:
        family: Literal["dots", "parts"] = "dots" if set(between) <= {".", " "} and "." in between else "parts"
        return _written(marks, places, ("%m", "%d", "%Y"), ("%d", "%m", "%Y"), family, has_time)
    return None


def _written(
    marks: list[str],
    places: Sequence[int],
    month_first: Sequence[str],
    day_first: Sequence[str],
    family: Literal["named", "year first", "dots", "parts"],
    has_time: bool,
) -> Written:
    texts = []
    for directives in (month_first, day_first):
        filled = list(marks)
        for place, directive in zip(places, directives, strict=True):
            filled[place] = directive
        texts.append("".join(filled))
    return Written(family, has_time, texts[0], texts[1])


def proven_order(job: Job, *, dotted: bool = False) -> Order | None:
    """Which part is the month in all dates of the view `raw`, or nothing; see `order`."""
    parts = job.con.execute(database.sql("formats/delimited", "date_parts")).fetchall()
    named = days_in(job.name, job.named_date)
    return order(parts, named, _export_day(job.export_at, named), dotted=dotted)


def _export_day(export_at: str, named: Sequence[date]) -> date:
    """The day of the export: that of its time, yet never before a day in its name. A name with a first and a last
    day gives the first as the export's time, and what lies behind that proves nothing."""
    return max([date.fromisoformat(export_at[:10]), *named])


def undecided(example: str, day_first: str, month_first: str) -> ExportUnreadable:
    """Why a file is refused whose dates could each be read in two ways, and how to state the right one."""
    return ExportUnreadable(
        f"dates such as '{calm(example)[:40]}' do not tell the day from the month",
        "a day beyond 12 somewhere, the day in the file's name, or ISO dates",
        f"state it in the source's options: date_format = '{day_first}' where the day comes first, or '{month_first}'",
    )


def _unreadable(example: str) -> ExportUnreadable:
    """Why no date of a file can be read, by the first of them; what to do about it."""
    text = calm(example)
    expected = "dates such as 2026-11-16T10:00:00, 16.11.2026 10:00:00 or 11/16/2026 10:00:00 AM"
    if re.fullmatch(r"[0-9]{5}([.,][0-9]+)?", text):
        return ExportUnreadable(
            f"its dates are numbers such as '{text[:40]}': a spreadsheet counted them, and from when is not told",
            expected,
            "take the file as it was exported, or write the column as yyyy-mm-dd and save it again",
        )
    return ExportUnreadable(
        f"its dates are written in no way that this reader knows, such as '{text[:40]}'",
        expected,
        "state the format in the source's options, such as date_format = '%d/%m/%Y %H:%M:%S', or export ISO dates",
    )


def days_in(name: str, named: date | None = None) -> list[date]:
    """The days that a file's name holds, as 2026-11-05 or 20261105, and the one that the source's pattern reads."""
    found = [] if named is None else [named]
    for year, month, day in re.findall(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)", name):
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found


def order(
    parts: Iterable[tuple[int, int, int]], named: Sequence[date], exported: date, *, dotted: bool = False
) -> Order | None:
    """Which part of a file's dates is the month, as far as the file proves it.

    `parts` are the distinct dates as (first part, second part, year), `named` the days in the file's name, `exported`
    its export day in UTC. A part over 12 settles it; where some say one thing and some the other, nothing does. Else
    the day in the name, days that lie together, the export's own time and (`dotted`) dots, which every culture that
    uses them puts behind the day, each may speak for one order; it is proven where none speaks for the other.
    """
    readings: dict[Order, set[date]] = {"month_first": set(), "day_first": set()}
    only: dict[Order, bool] = {"month_first": False, "day_first": False}
    for first, second, year in parts:
        as_month, as_day = _day(year, first, second), _day(year, second, first)
        only["month_first"] |= as_month is not None and as_day is None
        only["day_first"] |= as_day is not None and as_month is None
        if as_month and as_day and as_month != as_day:
            readings["month_first"].add(as_month)
            readings["day_first"].add(as_day)
    if only["month_first"] or only["day_first"]:
        return None if all(only.values()) else "month_first" if only["month_first"] else "day_first"
    if not readings["day_first"]:
        return "day_first"  # the 11th of November, either way
    spoken = {way for way in readings if _is_proof(readings[way], readings[_OTHER[way]], named, exported)}
    if dotted:
        spoken.add("day_first")
    return spoken.pop() if len(spoken) == 1 else None


_OTHER: dict[Order, Order] = {"month_first": "day_first", "day_first": "month_first"}


def _is_proof(days: set[date], others: set[date], named: Sequence[date], exported: date) -> bool:
    """Whether name, closeness or export time speak for `days` and against `others`, the same dates read otherwise."""
    near, other_near = (any(abs(day - name) <= NEAR_NAME for day in read for name in named) for read in (days, others))
    close, other_close = (len(read) >= LEAST_DAYS and max(read) - min(read) <= TOGETHER for read in (days, others))
    past = exported - RECENT <= max(days) <= exported + ZONES < max(others)
    return (near and not other_near) or (close and not other_close) or past


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
