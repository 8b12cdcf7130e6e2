"""Hands the days of `periods` to SQL: which data date an instant belongs to, and what UTC a source's clock means."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import duckdb

from etl.common import database, periods


def load(con: duckdb.DuckDBPyConnection, report_zone: str, source_zone: str, work: Path) -> None:
    """Makes the tables `utc_days` and `source_clock` in `con`; `work` takes the files that they are read from.

    `utc_days` tells for each UTC day the data dates it falls on; `source_clock` tells for each day of the source's own
    clock its distance from UTC, and is empty where that clock is UTC.
    """
    told = texts(report_zone, source_zone)
    for name, content in told.items():
        (work / name).write_text(content, encoding="ascii")
    database.set_variables(con, {name: str(work / name) for name in told})
    con.execute(database.sql("formats", "zones"))


def texts(report_zone: str, source_zone: str) -> dict[str, str]:
    """What the two tables are read from, by the variable that names the file; worked out once in a process."""
    return {
        "utc_days_file": _utc_days(report_zone),
        "source_clock_file": "" if source_zone in ("UTC", "Etc/UTC") else _source_clock(source_zone),
    }


@lru_cache(maxsize=8)
def _utc_days(zone: str) -> str:
    return _lines(periods.utc_days(zone))


@lru_cache(maxsize=8)
def _source_clock(zone: str) -> str:
    return _lines(periods.local_days(zone))


def _lines(days: tuple[periods.ClockDay, ...]) -> str:
    return "".join(
        f"{day.day},{day.other_0},{day.change_1 or ''},{_text(day.other_1)},{day.change_2 or ''},{_text(day.other_2)}\n"
        for day in days
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)
