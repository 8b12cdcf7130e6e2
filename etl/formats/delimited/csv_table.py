"""Delimited exports: header to columns by alias, DuckDB's CSV reader over the rest, every record accounted for.

DuckDB drops what it can't read, and after a quote that is never closed it can lose records without a word. It tells why
in a table of rejects, which takes memory without a bound; so it is asked only where few are left out. The records told
apart are held against the line feeds of the file, and a file whose records don't add up is refused as a whole.
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

from etl.common import database
from etl.common.errors import ExportUnreadable
from etl.common.masking import mask
from etl.formats import text
from etl.formats.base import Job

MAX_RECORD_BYTES = 4 << 20
"""A record longer than this is rejected, with its number."""

DELIMITERS = ",;\t"

MOST_REFUSED = 50_000
"""A file with more lines than this that are no records of its header's width is refused as a whole: telling why each of
them is none would take memory without a bound."""

_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A delimited file, ready for SQL: the view `raw` has a text column for each name of the format's aliases."""

    plain: text.Plain
    delimiter: str
    columns: dict[str, str]
    """Which header stands for which column of the format."""
    width: int
    """How many fields a record has."""
    before: int
    """Lines up to the end of the header: usually one; more where a header holds line feeds, or after `sep=;`."""


def fold(word: str) -> str:
    """A header or a word without case, spaces, underscores, hyphens, dots and quotes: how names are compared."""
    return re.sub(r"[\s_\-.\"'?\ufeff]+", "", word).lower()


@dataclass(frozen=True)
class Header:
    """The first record of a delimited file. `skipped` counts the lines before it (`sep=;` of Excel, `#TYPE` of
    PowerShell), `lines` also its own."""

    delimiter: str
    cells: list[str]
    skipped: int = 0
    lines: int = 1


def header(raw: bytes) -> tuple[str, list[str]]:
    """Delimiter and cells of the first record of a head (UTF-8)."""
    found = read_header(raw)
    return found.delimiter, found.cells


def read_header(raw: bytes) -> Header:
    """The header of a head (UTF-8); one without cells where there is none to be read."""
    start = raw.decode("utf-8", errors="replace").lstrip("\ufeff")
    first, _, rest = start.partition("\n")
    stated = _SEPARATOR.fullmatch(first.strip())
    above = 1 if stated or first.startswith("#TYPE ") else 0
    if above:
        start, first = rest, rest.partition("\n")[0]
    try:
        marks = [stated[1]] if stated else list(DELIMITERS)
        delimiter = max(marks, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
        reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
        cells = next(reader, [])
    except csv.Error:
        return Header(",", [])
    return Header(delimiter, [cell.strip() for cell in cells], above, reader.line_num + above)


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

    `job.reading.columns` extends the aliases and comes first. Raises `ExportUnreadable` where a required column is not
    found, naming the headers seen and the aliases tried.
    """
    known = _extended(aliases, job.reading.columns)
    plain = text.plain(job.path, job.work / "plain.csv", job.expanded_size)
    with plain.path.open("rb") as file:
        head = file.read(text.HEAD)
    top = read_header(head)
    found = match(top.cells, known)
    missing = [column for column in required if column not in found]
    if missing:
        tried = "; ".join(f"{column}: {', '.join(known[column])}" for column in missing)
        raise ExportUnreadable(
            f"no column for {', '.join(missing)} in the header ({_shown(top.cells)})",
            f"one of these headers ({tried})",
            "name the export's own header in the source's `columns`",
        )
    _make_raw(job, plain, top, found, template)
    return Table(plain, top.delimiter, found, len(top.cells), top.lines)


def _shown(cells: Sequence[str]) -> str:
    """A header for a message; of a first line that is no header but data only that, since it may hold anything."""
    if any("@" in cell or mask(cell) != cell or re.search(r"\d{4}-\d\d-\d\d|\d:\d\d|\0", cell) for cell in cells):
        return "there is none: the first line holds data"
    readable = ("".join(mark if mark.isprintable() else "?" for mark in cell[:40]) for cell in cells[:40])
    return ", ".join(readable) or "there is none"


def _extended(aliases: Mapping[str, Sequence[str]], own: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
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


def _make_raw(job: Job, plain: text.Plain, top: Header, found: Mapping[str, str], template: str) -> None:
    by_header = {header_name: column for column, header_name in found.items()}
    columns = {by_header.pop(cell, f"other_{number}"): "VARCHAR" for number, cell in enumerate(top.cells, 1)}
    variables = {"path": str(plain.path), "columns": columns, "delimiter": top.delimiter, "skipped_lines": top.skipped}
    database.set_variables(job.con, variables | {"record_bytes": MAX_RECORD_BYTES})
    job.con.execute(template)
    job.con.execute(database.sql("formats/delimited", "csv_raw"))


@dataclass(frozen=True)
class Rejected:
    """A record that can't be used: its number (1 is the first after the header), why, and its day if it tells."""

    record: int
    reason: str
    data_date: date | None = None


def unread(con: duckdb.DuckDBPyConnection) -> tuple[list[Rejected], int]:
    """The records that the CSV reader refuses, and the line feeds inside them, by one more pass over the file."""
    con.execute(database.sql("formats/delimited", "csv_strict"))
    con.execute(database.sql("formats/delimited", "csv_pass")).fetchall()
    con.execute(database.sql("formats/delimited", "csv_refused"))
    found = database.rows(con, "select record, reason, line_feeds from refused order by record")
    return [Rejected(row["record"], row["reason"]) for row in found], sum(row["line_feeds"] for row in found)


def is_whole(con: duckdb.DuckDBPyConnection, table: Table, accepted: int) -> bool:
    """Whether `accepted` records are all the lines of the file; else it must be read again, taking notes.

    Raises `ExportUnreadable` where too many lines are no records.
    """
    open_lines, swallowed = _open_lines(con, table, accepted)
    if not open_lines and not swallowed:
        con.execute(database.sql("formats/delimited", "csv_refused_none"))
        return True
    if open_lines > MOST_REFUSED:
        raise ExportUnreadable(
            f"{open_lines:,} lines are no records with the {table.width} fields of the header",
            "an export of one kind, every quote closed",
            "look at how it was made; the file stays in storage",
        )
    return False


def account(con: duckdb.DuckDBPyConnection, table: Table, accepted: int) -> int:
    """Holds the records told apart against the file's lines; how many records the CSV reader refused.

    To be called after a pass over csv_strict.sql in which `accepted` records became rows. Makes the temporary table
    `refused`. Raises `ExportUnreadable` where records were swallowed, behind a quote that is never closed or is closed
    by the next stray one.
    """
    open_lines, swallowed = _open_lines(con, table, accepted)
    con.execute(database.sql("formats/delimited", "csv_refused"))
    count, inside, first_open = con.execute(database.sql("formats/delimited", "csv_refused_sums")).fetchall()[0]
    if swallowed or first_open is not None or open_lines != count + inside:
        place = f" after record {first_open}" if first_open else ""
        raise ExportUnreadable(
            f"lines could not be told apart into records{place}: a quote is not closed",
            "every quote to be closed",
            "fetch the export again, or mend a copy and hand it in",
        )
    return int(count)


def _open_lines(con: duckdb.DuckDBPyConnection, table: Table, accepted: int) -> tuple[int, bool]:
    """The lines that no accepted record accounts for, and whether a value looks as if it had swallowed a record."""
    open_lines = table.plain.lines - table.before - accepted
    if not open_lines:
        return 0, False
    told = con.execute(database.sql("formats/delimited", "csv_accounting"), {"width": table.width}).fetchall()[0]
    return open_lines - int(told[0]), bool(told[1])


def ordinal_of(record: int | None, unread_numbers: Sequence[int]) -> int | None:
    """The place of a record among the accepted ones: what `number_of` turns back. A refused one has none: 0."""
    if record is None:
        return None
    return 0 if record in unread_numbers else record - bisect_right(unread_numbers, record)


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
