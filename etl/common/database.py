"""The one place that opens DuckDB: limits, temporary folder, UTC, nothing fetched from outside."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from etl.common import disk
from etl.common.errors import Busy, Failed, NotFound, StorageFull, TransitLedgerError
from etl.common.program_files import PACKAGE
from etl.common.resources import Resources

DUCKDB_SHARE = 0.6
"""Part of the memory allowed that DuckDB may count as its own; the rest is for Python and what DuckDB leaves out."""

_LOCK_WAIT_SECONDS = 20.0


def sql(folder: str, name: str) -> str:
    """The text of the SQL file `name` in `folder` (a path below `etl/`)."""
    return (PACKAGE / folder / f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def workbench(resources: Resources | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection within `resources`, closed after; it spills below their work folder. A handful of rows
    needs none.

    Raises `StorageFull` where the disk or the memory allowed runs out, `Failed` for any other trouble with files.
    """
    with _opened(":memory:", read_only=False, resources=resources) as con:
        yield con


@contextmanager
def connect(
    path: Path, *, read_only: bool = True, resources: Resources | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the DuckDB file `path`, closed after. Waits a bounded time for another process's lock only."""
    if read_only and not path.exists():
        raise NotFound(f"no warehouse at {path}", "a published warehouse", "run `python -m etl ingest` first")
    with _opened(str(path), read_only=read_only, resources=resources) as con:
        yield con


@contextmanager
def _opened(path: str, *, read_only: bool, resources: Resources | None) -> Iterator[duckdb.DuckDBPyConnection]:
    con = None
    spill: Path | None = None
    try:
        con = _connect(path, read_only=read_only)
        if resources is not None:
            spill = _spill(resources, needed=not read_only)
            _limit(con, resources, spill)
        yield con
    except duckdb.Error as error:
        ours = _as_ours(error)
        if ours is None:
            raise
        raise ours from error
    finally:
        if con is not None:
            con.close()
        if spill is not None:
            shutil.rmtree(spill, ignore_errors=True)


def _connect(path: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    deadline = time.monotonic() + _LOCK_WAIT_SECONDS
    while True:
        try:
            con = duckdb.connect(path, read_only=read_only, config=config)
            break
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                raise Busy(f"another process holds {path}", "it to finish", "try again") from error
            time.sleep(0.05)
    con.execute("set TimeZone = 'UTC'")
    return con


def _spill(resources: Resources, *, needed: bool) -> Path | None:
    """A folder's name for what does not fit in memory. Who only reads goes without where nothing may be written: a disk
    that is full or read-only is when ops look."""
    try:
        return disk.make_folder(resources.work / "spill") / f"{disk.TEMPORARY}{uuid.uuid4().hex}"
    except StorageFull:
        if needed:
            raise
        return None


def _limit(con: duckdb.DuckDBPyConnection, resources: Resources, spill: Path | None) -> None:
    con.execute("set memory_limit = $limit", {"limit": f"{int(resources.memory * DUCKDB_SHARE)}B"})
    con.execute("set temp_directory = $spill", {"spill": str(spill or "")})
    con.execute("set preserve_insertion_order = false")
    if resources.threads:
        con.execute("set threads = $threads", {"threads": resources.threads})


_REFUSED = ("No space left", "File too large", "Read-only", "Permission denied", "Disk quota")
"""How DuckDB words the system's refusal to write."""


def _as_ours(error: duckdb.Error) -> TransitLedgerError | None:
    """`error` as one of ours where it tells of the machine; nothing where it tells of the query or its data."""
    first = str(error).splitlines()[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        return StorageFull(
            f"a query needed more than the memory or spill space allowed: {first}",
            "room for it",
            "raise [limits] memory, or free disk below the work folder, then run again",
        )
    if any(word in str(error) for word in _REFUSED):
        return StorageFull(
            f"the database could not write: {first}",
            "a writable disk with room",
            "make room, correct the permissions or name another folder in [storage], then run the command again; "
            "nothing half-written is visible",
        )
    if isinstance(error, duckdb.IOException):
        return Failed(f"the database could not read or write a file: {first}", "", "run the command again")
    return None


def rows(
    con: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of `query` as dictionaries by column name."""
    result = con.execute(query, dict(parameters or {}))
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def value(con: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """The first column of the first row of `query`, or nothing."""
    row = con.execute(query, dict(parameters or {})).fetchone()
    return row[0] if row else None


def set_variables(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any]) -> None:
    """Hands `values` to SQL as session variables, for views and table functions (`getvariable('path')`)."""
    for name, item in values.items():
        con.execute(f"set variable {name} = $item", {"item": item})  # names are our own constants, values are bound
