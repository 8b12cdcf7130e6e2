"""Days of delimited exports: any day of 2026, as thirty cultures write it, is read right or refused, never moved.

The rule is tried as it stands in the reader: Python decides how a file writes its dates and in which order, DuckDB
reads them (dated.sql). Thousands of files are decided first, and read in one statement for each style.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from etl.common import database
from etl.common.errors import ExportUnreadable
from etl.formats.delimited import dates

CULTURES = {
    "en-US": "{m}/{d}/{y} {h}:{M}:{S} {t}",
    "en-US Excel": "{m}/{d}/{y} {H}:{M}",
    "en-US .NET 8": "{m}/{d}/{y} {h}:{M}:{S}\u202f{t}",
    "en-GB": "{dd}/{mm}/{y} {HH}:{M}:{S}",
    "en-AU": "{d}/{mm}/{y} {h}:{M}:{S} {t}",
    "en-CA": "{y}-{mm}-{dd} {h}:{M}:{S} {a.m.}",
    "en-ZA": "{y}/{mm}/{dd} {HH}:{M}:{S}",
    "en-IN": "{dd}-{mm}-{y} {HH}:{M}:{S}",
    "de-DE": "{dd}.{mm}.{y} {HH}:{M}:{S}",
    "fr-FR": "{dd}/{mm}/{y} {HH}:{M}:{S}",
    "fr-CA": "{y}-{mm}-{dd} {HH} h {M} min {S} s",
    "es-ES": "{dd}/{mm}/{y} {H}:{M}:{S}",
    "es-MX": "{dd}/{mm}/{y} {hh}:{M}:{S} {a. m.}",
    "it-IT": "{dd}/{mm}/{y} {HH}:{M}:{S}",
    "nl-NL": "{d}-{m}-{y} {HH}:{M}:{S}",
    "da-DK": "{dd}.{mm}.{y} {HH}.{M}.{S}",
    "fi-FI": "{d}.{m}.{y} {H}.{M}.{S}",
    "sv-SE": "{y}-{mm}-{dd} {HH}:{M}:{S}",
    "nb-NO": "{dd}.{mm}.{y} {HH}:{M}:{S}",
    "pl-PL": "{dd}.{mm}.{y} {HH}:{M}:{S}",
    "cs-CZ": "{d}. {m}. {y} {H}:{M}:{S}",
    "sk-SK": "{d}. {m}. {y} {H}:{M}:{S}",
    "hu-HU": "{y}. {mm}. {dd}. {H}:{M}:{S}",
    "hr-HR": "{d}. {m}. {y}. {HH}:{M}:{S}",
    "bg-BG": "{d}.{m}.{y} г. {H}:{M}:{S}",
    "el-GR": "{d}/{m}/{y} {h}:{M}:{S} {πμ}",
    "ru-RU": "{dd}.{mm}.{y} {H}:{M}:{S}",
    "tr-TR": "{d}.{mm}.{y} {HH}:{M}:{S}",
    "pt-BR": "{dd}/{mm}/{y} {HH}:{M}:{S}",
    "id-ID": "{dd}/{mm}/{y} {HH}.{M}.{S}",
    "vi-VN": "{dd}/{mm}/{y} {h}:{M}:{S} {SA}",
    "ja-JP": "{y}/{mm}/{dd} {H}:{M}:{S}",
    "ko-KR": "{y}-{mm}-{dd} {오전} {h}:{M}:{S}",
    "zh-TW": "{y}/{m}/{d} {上午} {hh}:{M}:{S}",
    "zh-CN": "{y}/{m}/{d} {H}:{M}:{S}",
    "ar-EG": "{d}\u200f/{m}\u200f/{y} {h}:{M}:{S} {ص}",
    "th-TH": "{d}/{m}/{era} {H}:{M}:{S}",
    "days only": "{dd}/{mm}/{y}",
    "words": "{d} {b} {y} {HH}:{M}",
    "Excel words": "{dd}-{b}-{yy} {H}:{M}",
}
"""What .NET (with ICU or without) and spreadsheets write for date and time."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HALVES = {
    "t": ("AM", "PM"),
    "a.m.": ("a.m.", "p.m."),
    "a. m.": ("a.\u00a0m.", "p.\u00a0m."),
    "πμ": ("πμ", "μμ"),
    "SA": ("SA", "CH"),
    "오전": ("오전", "오후"),
    "上午": ("上午", "下午"),
    "ص": ("ص", "م"),
}
DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]


def written(culture: str, at: datetime) -> str:
    """A time as a culture writes it."""
    hour = at.hour % 12 or 12
    told = {
        "d": at.day, "dd": f"{at.day:02}", "m": at.month, "mm": f"{at.month:02}", "y": at.year, "era": at.year + 543,
        "yy": at.year % 100, "b": MONTHS[at.month - 1], "H": at.hour, "HH": f"{at.hour:02}", "h": hour,
        "hh": f"{hour:02}", "M": f"{at.minute:02}", "S": f"{at.second:02}",
    }  # fmt: skip
    text = CULTURES[culture]
    for key, value in told.items():
        text = text.replace(f"{{{key}}}", str(value))
    for key, pair in HALVES.items():
        text = text.replace(f"{{{key}}}", pair[at.hour >= 12])
    return text


@dataclass(frozen=True)
class File:
    """An export of some days: how it is called, when it was made, and its days as they are."""

    culture: str
    name: str
    exported: date
    days: tuple[date, ...]

    @property
    def texts(self) -> list[tuple[date, str]]:
        at = time(9, 5, 7) if self.days[0].day % 2 else time(21, 45)
        return [(day, written(self.culture, datetime.combine(day, at))) for day in self.days]


def proven(file: File, dotted: bool) -> dates.Order | None:
    """The order that the file's days prove, as date_parts.sql takes them apart."""
    day_first = CULTURES[file.culture].startswith(("{d", "{dd"))
    parts = [(day.day, day.month) if day_first else (day.month, day.day) for day in file.days]
    return dates.order([(*pair, 2026) for pair in parts], dates.days_in(file.name), file.exported, dotted=dotted)


def style_of(file: File) -> dict[str, Any] | None:
    """How the file is read, or nothing where it is refused, naming the way out."""
    seen = [{"example": text, "records": 1} for _, text in file.texts]
    try:
        return dates.decide(seen, partial(proven, file))
    except ExportUnreadable as error:
        return None if "date_format" in str(error) else {}


def read(files: Sequence[File]) -> tuple[list[tuple[File, date, date | None]], list[File]]:
    """Each date of the files with what was read of it, and the files that were refused."""
    styles: defaultdict[tuple[Any, ...], list[tuple[File, date, str]]] = defaultdict(list)
    refused = []
    for file in files:
        style = style_of(file)
        if style is None:
            refused.append(file)
            continue
        key = tuple(tuple(value) if isinstance(value, list) else value for value in style.values())
        styles[key] += [(file, day, text) for day, text in file.texts]
    with duckdb.connect() as con:
        return list(_results(con, styles)), refused


def _results(
    con: duckdb.DuckDBPyConnection, styles: dict[tuple[Any, ...], list[tuple[File, date, str]]]
) -> Iterator[tuple[File, date, date | None]]:
    con.execute("create or replace temp table utc_days as select unnest(generate_series(date '2026-01-01', "
                "date '2026-12-31', interval 1 day))::date as utc_date, utc_date as data_date_0, "
                "null::timestamp as from_1, null::date as data_date_1, null::timestamp as from_2, "
                "null::date as data_date_2")  # fmt: skip
    con.execute("create or replace temp table source_clock (clock_date date, seconds_0 bigint, from_1 timestamp, "
                "seconds_1 bigint)")  # fmt: skip
    for (style, formats, am_word, pm_word), told in styles.items():
        about = {"date_style": style, "date_formats": list(formats), "am_word": am_word, "pm_word": pm_word}
        database.set_variables(con, about)
        con.execute("create or replace temp table raw (number integer, date_time varchar)")
        con.execute("insert into raw select unnest($n), unnest($t)",
                    {"n": list(range(len(told))), "t": [text for *_, text in told]})  # fmt: skip
        con.execute(database.sql("formats/delimited", "dated"))
        for number, found in con.execute("select number, data_date from dated").fetchall():
            yield told[number][0], told[number][1], found


def name_of(day: date, named: str) -> str:
    """A file's name: without a day, with that of its mail, or that of the export, a day or two later."""
    later = {"day": 0, "next": 1, "after next": 2}
    return "trace.csv" if named == "no" else f"trace-{day + timedelta(days=later[named])}.csv"


def test_any_day_in_any_culture_is_read_right_or_refused() -> None:
    drawn = [
        File(culture, name_of(day, "day" if number % 2 else "no"), day + timedelta(days=number % 3), (day,))
        for culture_number, culture in enumerate(CULTURES)
        for number, day in enumerate(DAYS, culture_number)
        if number % 6 == 0 or (day.day <= 12 and number % 3 == 0)
    ]
    results, refused = read(drawn)
    moved = [(file.culture, day, found) for file, day, found in results if found != day]
    assert {culture for culture, _, found in moved if found} == set()
    assert {culture for culture, *_ in moved} <= {"th-TH"}  # another era: each record is rejected, so the file refused
    assert not [file for file in refused if "-" in file.name and file.culture != "th-TH"]
    assert {file.culture for file in refused}.isdisjoint(
        {"de-DE", "fi-FI", "hu-HU", "sv-SE", "ko-KR", "en-ZA", "words"}
    )
    assert all(file.days[0].day <= 12 for file in refused)
    assert len(results) > 1500


@pytest.mark.long
@examples(max_examples=2000, deadline=None)
@given(
    st.sampled_from(sorted(CULTURES)), st.sampled_from(DAYS), st.sampled_from(["no", "day", "next", "after next"]),
    st.integers(1, 10), st.integers(-3, 60), st.integers(1, 3),
)  # fmt: skip
def test_days_of_any_export_are_read_right_or_refused(
    culture: str, first: date, named: str, length: int, age: int, step: int
) -> None:
    days = tuple(day for number in range(length) if (day := first + timedelta(days=number * step)).year == 2026)
    results, _ = read([File(culture, name_of(days[-1], named), days[-1] + timedelta(days=age), days)])
    assert all(found in (day, None) for _, day, found in results)


def test_dates_are_taken_apart_as_the_order_needs_them() -> None:
    told = [(day, culture) for culture in ("en-US", "fi-FI", "hr-HR", "nl-NL", "ar-EG", "days only") for day in DAYS]
    with duckdb.connect() as con:
        con.execute("create temp table raw (date_time varchar)")
        others = ["2026-11-16", "total", "99/99/2026", "1/1/1999", None]
        texts = [f" {written(culture, datetime.combine(day, time(1, 2, 3)))}" for day, culture in told]
        con.execute("insert into raw select unnest($t)", {"t": [*texts, *others]})
        found = con.execute(database.sql("formats/delimited", "date_parts")).fetchall()
    days = {(day.day, day.month, 2026) for day in DAYS}
    assert set(found) == days | {(second, first, year) for first, second, year in days}


ORDERS: list[tuple[list[tuple[int, int]], str, date, bool, str | None]] = [
    ([(5, 11)], "t.csv", date(2026, 11, 25), False, None),
    ([(16, 11), (5, 11)], "t.csv", date(2026, 11, 25), False, "day_first"),
    ([(11, 16), (11, 5)], "t.csv", date(2026, 11, 25), False, "month_first"),
    ([(16, 11), (11, 16)], "t.csv", date(2026, 11, 25), False, None),
    ([(11, 16), (11, 5)], "t.csv", date(2026, 11, 25), True, "month_first"),  # dots are no law
    ([(5, 11)], "t.csv", date(2026, 11, 25), True, "day_first"),
    ([(5, 11)], "trace-2026-11-05.csv", date(2026, 11, 25), False, "day_first"),
    ([(11, 5)], "trace_20261106.csv", date(2026, 11, 25), False, "month_first"),
    ([(5, 11)], "trace-2026-05-11.csv", date(2026, 11, 25), True, None),  # dots say one thing, the name the other
    ([(5, 11)], "trace-2026-08-01.csv", date(2026, 11, 25), False, None),
    ([(5, 11)], "trace-2026-13-77.csv", date(2026, 11, 25), False, None),
    ([(5, 11), (6, 11), (7, 11)], "t.csv", date(2026, 11, 25), False, "day_first"),
    ([(11, 5), (11, 6), (11, 7)], "t.csv", date(2026, 11, 25), False, "month_first"),
    ([(11, 5), (11, 6)], "t.csv", date(2026, 11, 25), False, None),  # two days a month apart would be the other way
    ([(11, 12)], "t.csv", date(2026, 11, 13), False, "month_first"),  # the 11th of December is yet to come
    ([(12, 11)], "t.csv", date(2026, 11, 13), False, "day_first"),
    ([(11, 12)], "t.csv", date(2026, 11, 30), False, None),  # nor is an export made that late
    ([(11, 11)], "t.csv", date(2026, 11, 30), False, "day_first"),  # one day, read either way
    ([], "t.csv", date(2026, 11, 30), False, "day_first"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "name", "exported", "dotted", "way"), ORDERS)
def test_the_order_is_proven_or_not(
    parts: list[tuple[int, int]], name: str, exported: date, dotted: bool, way: str | None
) -> None:
    found = dates.order([(*pair, 2026) for pair in parts], dates.days_in(name), exported, dotted=dotted)
    assert found == way


@pytest.mark.parametrize(
    "text",
    [
        "16 de noviembre de 2026 10:00:00", "05/11/26 10:00", "46342.4166", "11/16/2026 10:00:00 +01:00",
        "/Date(1795600000)/",
        "2026-W47-1", "11/16/2026 10:00:00 UTC", "10:00:00 11/16/2026", "16-marras-2026", "1795600000", "n/a",
    ],
)  # fmt: skip
def test_what_says_too_little_is_read_in_no_way(text: str) -> None:
    assert dates.read(text, dates.day_halves([text])) is None
