"""Delimited exports: header to columns by alias, DuckDB's CSV reader over the rest, every record accounted for.

DuckDB drops what it can't read into a table of rejects, and after a quote that is never closed it can lose records
without a word. So the records told apart are held against the line feeds of the file, and a file whose records don't
add up is refused as a whole.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from etl import database
from etl.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Job

MAX_RECORD_BYTES = 4 << 20
"""A record longer than this is rejected, with its number."""

DELIMITERS = ",;\t"

_REASONS = {
    "MISSING COLUMNS": "too few fields",
    "TOO MANY COLUMNS": "too many fields",
    "UNQUOTED VALUE": "a quote that is not closed",
    "LINE SIZE OVER MAXIMUM": f"longer than {MAX_RECORD_BYTES >> 20} MiB",
    "INVALID ENCODING": "bytes that are no UTF-8",
}


@dataclass(frozen=True)
class Table:
    """A delimited file, ready for SQL: the view `raw` has a text column for each name of the format's aliases."""

    plain: text.Plain
    delimiter: str
    columns: dict[str, str]
    """Which header stands for which column of the format."""


def fold(word: str) -> str:
    """A header or a word without case, spaces, underscores, hyphens, dots and quotes: how names are compared."""
    return re.sub(r"[\s_\-.\"'?\ufeff]+", "", word).lower()


def header(raw: bytes) -> tuple[str, list[str]]:
    """Delimiter and cells of the first record of a head (UTF-8)."""
    start = raw.decode("utf-8", errors="replace").lstrip("\ufeff")
    line = text.first_line(raw.lstrip(b"\xef\xbb\xbf"))
    delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))
    cells = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
    return delimiter, [cell.strip() for cell in cells]


def match(cells: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For each column of the format the header that stands for it: the first alias that no other column has taken."""
    seen: dict[str, str] = {}
    for cell in cells:
        seen.setdefault(fold(cell), cell)
    found = {}
    for column, words in aliases.items():
        for word in words:
            if fold(word) in seen:
                found[column] = seen.pop(fold(word))
                break
    return found


def open_table(job: Job, aliases: Mapping[str, Sequence[str]], required: Sequence[str], template: str) -> Table:
    """Unpacks and recodes the file, maps its header, and makes the view `raw` in `job.con`.

    `template` is the SQL that makes the empty table `template` with a text column for each of the aliases.

    `job.source.columns` extends the aliases and comes first. Raises `ExportUnreadable` where a required column is not
    found, naming the headers seen and the aliases tried.
    """
    known = _extended(aliases, job.source.columns)
    plain = text.plain(job.path, job.work / "plain.csv", job.settings.limits.expanded_size)
    with plain.path.open("rb") as file:
        head = file.read(text.HEAD)
    delimiter, cells = header(head)
    found = match(cells, known)
    missing = [column for column in required if column not in found]
    if missing:
        tried = "; ".join(f"{column}: {', '.join(known[column])}" for column in missing)
        seen = ", ".join(cell[:40] for cell in cells[:40]) or "no header"
        raise ExportUnreadable(
            f"no column for {', '.join(missing)} in the header ({seen})",
            f"one of these headers ({tried})",
            "name the export's own header in the source's `columns`",
        )
    _make_raw(job, plain, delimiter, cells, found, template)
    return Table(plain, delimiter, found)


def _extended(aliases: Mapping[str, Sequence[str]], own: Mapping[str, str | tuple[str, ...]]) -> dict[str, list[str]]:
    known = {column: list(words) for column, words in aliases.items()}
    for column, words in own.items():
        if column not in known:
            raise ExportUnreadable(
                f"the source's `columns` names '{column}', which this format does not have",
                f"one of {', '.join(known)}",
                "correct the settings",
            )
        known[column] = [*([words] if isinstance(words, str) else words), *known[column]]
    return known


def _make_raw(
    job: Job, plain: text.Plain, delimiter: str, cells: Sequence[str], found: Mapping[str, str], template: str
) -> None:
    by_header = {header_name: column for column, header_name in found.items()}
    columns = {by_header.pop(cell, f"other_{number}"): "VARCHAR" for number, cell in enumerate(cells, 1)}
    database.set_variables(
        job.con,
        {"path": str(plain.path), "columns": columns, "delimiter": delimiter, "record_bytes": MAX_RECORD_BYTES},
    )
    job.con.execute(template)
    job.con.execute(database.sql("formats", "csv_raw"))


@dataclass(frozen=True)
class Rejected:
    """A record that can't be used: its number (1 is the first after the header), why, and its day if it tells."""

    record: int
    reason: str
    data_date: date | None = None


def unread(con: duckdb.DuckDBPyConnection) -> tuple[list[Rejected], int]:
    """The records that the CSV reader refused, and the line feeds inside them; call it after the pass over `raw`."""
    found = database.rows(con, database.sql("formats", "csv_rejects"))
    rejected = [Rejected(row["record"], _REASONS.get(row["error_type"], row["error_type"].lower())) for row in found]
    return rejected, sum(row["line_feeds"] or 0 for row in found)


def account(
    con: duckdb.DuckDBPyConnection, table: Table, accepted: int, rejected: Sequence[Rejected], inside: int
) -> None:
    """Holds the records told apart against the file's lines; raises `ExportUnreadable` where some were swallowed.

    `accepted` are records that became rows, `inside` the line feeds inside rejected ones.
    """
    open_lines = table.plain.lines - 1 - accepted - len(rejected)
    if open_lines == 0:
        return
    with table.plain.path.open("rb") as file:
        blank = sum(1 for line in file if not line.strip())
    open_lines -= inside + int(database.value(con, database.sql("formats", "csv_accounting")) or 0)
    if 0 <= open_lines <= blank or open_lines < 0:
        return
    place = next((f", at record {r.record}" for r in rejected if r.reason == _REASONS["UNQUOTED VALUE"]), "")
    raise ExportUnreadable(
        f"{open_lines:,} lines could not be told apart into records{place}",
        "every quote to be closed",
        "fetch the export again, or mend a copy and hand it in",
    )


def number_of(ordinal: int, unread_numbers: Sequence[int]) -> int:
    """The record number of the `ordinal`-th accepted record (from 1), given the sorted numbers of the refused ones.

    A row number over accepted rows skips the refused; records are numbered over both.
    """
    number = ordinal
    while True:
        moved = ordinal + bisect_right(unread_numbers, number)
        if moved == number:
            return number
        number = moved
