"""Hands the days of `periods` to SQL: which data date an instant belongs to, and what UTC a source's clock means."""

from __future__ import annotations

from pathlib import Path

import duckdb

from etl import database, periods


def load(con: duckdb.DuckDBPyConnection, report_zone: str, source_zone: str, work: Path) -> None:
    """Makes the tables `utc_days` and `source_clock` in `con`; `work` takes the files that they are read from.

    `utc_days` tells for each UTC day the data dates it falls on; `source_clock` tells for each day of the source's own
    clock its distance from UTC, and is empty where that clock is UTC.
    """
    is_utc = source_zone in ("UTC", "Etc/UTC")
    files = {
        "utc_days_file": _write(work / "utc_days.csv", periods.utc_days(report_zone)),
        "source_clock_file": _write(work / "source_clock.csv", () if is_utc else periods.local_days(source_zone)),
    }
    database.set_variables(con, files)
    con.execute(database.sql("formats", "zones"))


def _write(path: Path, days: tuple[periods.ClockDay, ...]) -> str:
    lines = (
        f"{day.day},{day.other_0},{day.change_1 or ''},{_text(day.other_1)},{day.change_2 or ''},{_text(day.other_2)}\n"
        for day in days
    )
    path.write_text("".join(lines), encoding="ascii")
    return str(path)


def _text(value: object) -> str:
    return "" if value is None else str(value)
