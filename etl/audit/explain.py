"""From a number of a report to the files and records behind it, and from a record to the numbers it counts in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from etl import facts, formats, staging, warehouse
from etl.archive import edition_file, ledger, shelf
from etl.basis.inputs import PeriodInputs
from etl.common import database, disk
from etl.common.errors import NotFound
from etl.common.periods import Period, parse_period
from etl.facts import SourceFiles
from etl.formats.base import FoundRecord
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings

MOST_FILES = 31
"""How many files are read again for the numbers of their records: a month of days."""
FILTERS = ("direction", "connector", "partner_domain", "tls_version")


def explain(settings: Settings, period: Period, wanted: dict[str, Any], most: int = 20) -> dict[str, Any]:
    """From a number of a period to the files and records behind it.

    `wanted` may hold `direction`, `connector`, `partner_domain` and `tls_version`. Gives the sums of the published
    facts that fit, and per landed file the numbers of up to `most` records, what they say, never an address, and
    `why_not` where another export's record counts in their place. Files that count come first; beyond MOST_FILES they
    are named with their `trace_rows` alone.
    """
    bounds = {"first_date": period.first_date.isoformat(), "last_date": period.last_date.isoformat()}
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        asked = dict.fromkeys(FILTERS) | wanted | bounds
        cell = database.rows(con, database.sql("audit", "explain_cell"), asked)[0]
        files = database.rows(con, database.sql("audit", "explain_files"), bounds)
        counts = _counts(con, settings, files, asked)
    standing = _Standing(settings, {item.source.name: item for item in facts.files_by_source(settings)})
    told: list[dict[str, Any]] = []
    for file in sorted(files, key=lambda file: not standing.counts(file, period, asked)):
        rows = counts.get(file["sha256"])
        if rows == 0:
            continue
        entry = {key: file[key] for key in ("source", "name", "sha256", "state")} | {"trace_rows": rows}
        if len(told) >= MOST_FILES:
            told.append(entry | {"records": []})
            continue
        try:
            filters = {**wanted, **bounds, "outcome": "used"}
            records = staging.find_records(settings, file["source"], file["sha256"], filters, most)
        except NotFound as error:
            told.append(entry | {"records": [], "gone": str(error)})
            continue
        if records:
            why_not = [standing.why_not(file["source"], file["sha256"], found.says) for found in records]
            said = [{"record": found.record, **found.says} for found in records]
            told.append(entry | {"records": [says | {"why_not": why} for says, why in zip(said, why_not, strict=True)]})
    return {"period": str(period), **wanted, **cell, "files": told}


def _counts(
    con: duckdb.DuckDBPyConnection, settings: Settings, files: list[dict[str, Any]], asked: dict[str, Any]
) -> dict[str, int]:
    """Staged trace rows that fit, by file; logs, whose lines say only a part, and removed files are left out."""
    paths = {}
    for file in files:
        source = settings.source(file["source"])
        path = staging.staged_folder(settings, source, file["sha256"]) / "records.parquet"
        if formats.reader(source.format).kind == "trace" and path.exists():
            paths[file["sha256"]] = str(path)
    if not paths:
        return {}
    rows = database.rows(con, database.sql("audit", "explain_counts"), asked | {"files": list(paths.values())})
    return dict.fromkeys(paths, 0) | {row["sha256"]: row["trace_rows"] for row in rows}


class _Standing:
    """Which of the files that tell of a day count on it, and what stands in place of the others."""

    def __init__(self, settings: Settings, files: dict[str, SourceFiles]) -> None:
        self._settings, self._files = settings, files
        self._restating: dict[tuple[str, date], dict[tuple[str, str], str]] = {}

    def why_not(self, source: str, sha256: str, says: dict[str, Any]) -> str | None:
        """Why a record of a file that counts does not; nothing where it does, or tells no day."""
        item, day = self._files[source], says["data_date"]
        if day is None:
            return None
        made = facts.partition(self._settings, day)
        if made is None or not _made_from(made, item, sha256):
            return _why_not(self._settings, item, sha256, [day])
        stands = self._stands(item, day).get((says["direction"], says["connector"]), sha256)
        return None if stands == sha256 else _restated_by(item, stands)

    def counts(self, file: dict[str, Any], period: Period, asked: dict[str, Any]) -> bool:
        """Whether anything of a file can count in the period, in the direction and connector asked for."""
        item, sha256 = self._files[file["source"]], file["sha256"]
        for day in staging.days_of(item.counts[sha256]) if sha256 in item.counts else []:
            made = facts.partition(self._settings, day) if day in period else None
            if made is None or not _made_from(made, item, sha256):
                continue
            stands = self._stands(item, day)
            fitting = {
                other
                for key, other in stands.items()
                if all(
                    want in (None, has) for want, has in zip((asked["direction"], asked["connector"]), key, strict=True)
                )
            }
            if not stands or sha256 in fitting:
                return True
        return False

    def _stands(self, item: SourceFiles, day: date) -> dict[tuple[str, str], str]:
        """Of a source whose exports restate each other: the file that stands for each direction and connector."""
        if not formats.reader(item.source.format).restates:
            return {}
        key = item.source.name, day
        if key not in self._restating:
            paths = item.staged_paths(self._settings, day)
            with database.workbench(self._settings.resources) as con:
                database.set_variables(con, {"staged_files": paths, "data_date": day.isoformat()})
                rows = database.rows(con, database.sql("audit", "explain_stands")) if paths else []
            self._restating[key] = {(row["direction"], row["connector"]): row["sha256"] for row in rows}
        return self._restating[key]


def _restated_by(item: SourceFiles, sha256: str) -> str:
    return f"restated by {item.landed[sha256].receipt.name} ({sha256[:12]})"


def explain_record(settings: Settings, file: str, number: int) -> dict[str, Any]:
    """From record `number` of a landed file (`file`: its path, its name, or the beginning of its hash) to its numbers.

    `file`: its first receipt and state. `outcome`, `reason`, `says`: what the record is, never an address. `cells`: the
    facts that its message counts in, what it adds to each and what each holds in all; `sessions`: the same of facts
    that are no messages (TLS-RPT). `why_not`: why it counts nowhere.
    `editions`: those that cover the days and were made from the file. After retention: `gone`, and the editions that
    the file as a whole was part of. Of a file that is still to be staged nothing is known but its receipt.
    """
    landed = evidence.find(settings, file)
    receipt = landed.receipt
    files = {item.source.name: item for item in facts.files_by_source(settings)}
    item = files[receipt.source]
    state, why = item.states[receipt.sha256]
    told: dict[str, Any] = {"file": _evidence(landed, state), "record": number, "cells": [], "sessions": []}
    told["why_not"] = why
    counts = item.counts.get(receipt.sha256)
    if counts is None:
        return told | {"outcome": None, "reason": why, "says": [], "editions": []}
    if state == "quarantined":
        return told | {"outcome": "quarantined", "reason": why, "says": [], "editions": []}
    if not 1 <= number <= counts.records:
        raise NotFound(f"{receipt.name} has no record {number}", f"1 to {counts.records:,}")
    if not landed.path.exists():
        since = staging.removed_at(settings, item.source, receipt.sha256)
        gone = f"the bytes were removed by retention{f' at {since}' if since else ''}; receipt and counts remain"
        editions = _editions(settings, receipt.sha256, staging.days_of(counts))
        return told | {"outcome": None, "reason": None, "says": [], "gone": gone, "editions": editions}
    found = staging.find_records(settings, receipt.source, receipt.sha256, {"record": number}, most=1000)
    told |= {"says": [row.says for row in found]}
    if not found or found[0].outcome != "used":
        outcome, reason = (found[0].outcome, found[0].reason) if found else _rejected(settings, item, landed, number)
        return told | {"outcome": outcome, "reason": reason, "why_not": f"{outcome}: {reason}", "editions": []}
    told |= {"outcome": "used", "reason": None}
    own_days = sorted({day for row in found if (day := row.says["data_date"])})
    days = sorted(retention.read_for(item.source, own_days))
    standing = _Standing(settings, files)
    restated = [standing.why_not(receipt.source, receipt.sha256, row.says) for row in found]
    for day in days if state == "counted" and not all(restated) else []:
        told["cells"] += _cells(settings, list(files.values()), item, receipt.sha256, found, day)
    instead = None
    for day in own_days if state == "counted" else []:
        sessions, instead = _sessions(settings, item, receipt.sha256, number, day)
        told["sessions"] += sessions
    if not told["cells"] and not told["sessions"]:
        told["why_not"] = why or instead or restated[0] or _why_not(settings, item, receipt.sha256, days)
    counted_in = [*told["cells"], *told["sessions"]]
    shown_on = sorted({cell["data_date"] for cell in counted_in}) if state == "counted" else own_days
    return told | {"editions": _editions(settings, receipt.sha256, shown_on)}


def _evidence(landed: evidence.Landed, state: str) -> dict[str, Any]:
    """A landed file's first receipt, how often its bytes came, and its state."""
    receipt = landed.receipt
    keys = ("source", "name", "sha256", "size", "landed_at", "export_at", "named_date")
    return {key: getattr(receipt, key) for key in keys} | {"receipts": landed.receipts, "state": state}


def _rejected(settings: Settings, item: SourceFiles, landed: evidence.Landed, number: int) -> tuple[str, str | None]:
    """Why a record that no row tells of was refused by the reader itself."""
    path = staging.rejects_file(settings, item.source, landed.receipt.sha256)
    with database.workbench(settings.resources) as con:
        asked = {"file": str(path), "record": number}
        return "rejected", database.value(con, database.sql("audit", "explain_reject"), asked)


def _why_not(settings: Settings, item: SourceFiles, sha256: str, days: list[date]) -> str:
    sealed = facts.sealed_days(settings)
    made = [day for day in days if (found := facts.partition(settings, day)) and _made_from(found, item, sha256)]
    if made:
        return "it says nothing that counts by itself"
    if any(day in sealed for day in days):
        return "it came too late: the day is sealed"
    for day in days:
        standing = item.counted(day)
        newest = max(standing, key=lambda other: item.landed[other].order, default=sha256)
        if sha256 not in standing and item.landed[newest].order > item.landed[sha256].order:
            return _restated_by(item, newest)
    return "a newer export of the same day stands, or the day is still to be rebuilt: python -m etl ingest"


def _made_from(made: facts.Partition, item: SourceFiles, sha256: str) -> bool:
    sources = made.made_from["sources"]
    return any(
        told["source"] == item.source.name and any(file[0] == sha256 for file in told["files"]) for told in sources
    )


def _cells(
    settings: Settings, files: list[SourceFiles], item: SourceFiles, sha256: str, found: list[FoundRecord], day: date
) -> list[dict[str, Any]]:
    """The facts of `day` that the record's messages count in: what they add, and what the fact holds in all."""
    made = facts.partition(settings, day)
    if made is None or not _made_from(made, item, sha256):
        return []
    keys = [row.key for row in found if row.key is not None]
    with disk.scratch_folder(settings.storage.work_path) as scratch:
        trace = scratch / "trace.parquet"
        with database.workbench(settings.resources) as con:
            database.set_variables(con, {"trace_file": str(trace), "keys": [str(key) for key in keys]})
            reader = formats.reader(item.source.format)
            if reader.kind == "log" and not reader.restates:
                _rows_of_lines(con, settings, files, item, day, scratch)
            else:
                _rows_of_messages(con, settings, item, sha256, found, day, trace)
        return _sums(settings, item, day, trace, made)


def _rows_of_messages(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    item: SourceFiles,
    sha256: str,
    found: list[FoundRecord],
    day: date,
    trace_file: Path,
) -> None:
    """Writes the day's trace rows that tell of the same messages; without an identity, a row that says the same, or
    all of what a restated direction and connector are told as."""
    own = staging.staged_folder(settings, item.source, sha256) / "records.parquet"
    alone = all(row.key is None for row in found)
    paths = [str(own)] if alone else item.staged_paths(settings, day)
    facts.make_trace(con, settings, item.source, day, paths, [])
    if not alone:
        con.execute(database.sql("audit", "explain_messages"))
        return
    says = next((row.says for row in found if row.says["data_date"] == day), None)
    keys = ["direction", "connector", "partner_domain", "tls_version", "tls_cipher", "bytes"]
    restates = formats.reader(item.source.format).restates
    name, asked = ("explain_restated", keys[:2]) if restates else ("explain_alike", keys)
    con.execute(database.sql("audit", name), {key: says[key] if says else None for key in asked})
    con.table("alike").write_parquet(str(trace_file))


def _rows_of_lines(
    con: duckdb.DuckDBPyConnection, settings: Settings, files: list[SourceFiles], item: SourceFiles, day: date,
    scratch: Path,
) -> None:  # fmt: skip
    """Writes the trace rows that would be others without the line: those of its message, or of its session's."""
    paths = item.staged_paths(settings, day)
    joined = facts.joined_paths(settings, files, item, day)
    facts.make_trace(con, settings, item.source, day, paths, joined)
    con.execute("create temp table trace_with as select * from trace")
    without = []
    for number, path in enumerate(paths):
        copy = scratch / f"{number}.parquet"
        database.set_variables(con, {"staged_file": path, "without_file": str(copy)})
        con.execute(database.sql("audit", "explain_without"))
        without.append(str(copy))
    facts.make_trace(con, settings, item.source, day, without, joined)
    con.execute(database.sql("audit", "explain_lines"))


def _sessions(
    settings: Settings, item: SourceFiles, sha256: str, number: int, day: date
) -> tuple[list[dict[str, Any]], str | None]:
    """The facts of `day` other than messages that record `number` adds to, each beside the day's own fact; else the
    file that stands in its place."""
    named, made = formats.reader(item.source.format).own_cells, facts.partition(settings, day)
    if named is None or made is None or not _made_from(made, item, sha256):
        return [], None
    own = staging.staged_folder(settings, item.source, sha256) / "records.parquet"
    whole = facts.partition_folder(settings, made) / "tls_reports.parquet"
    with database.workbench(settings.resources) as con:
        facts.make_trace(con, settings, item.source, day, item.staged_paths(settings, day), [])
        asked = {"source": item.source.name, "staged_file": str(own), "record": number, "facts_file": str(whole)}
        database.set_variables(con, asked)
        rows = database.rows(con, database.sql(*named))
    instead = next((_restated_by(item, row["instead"]) for row in rows if row["instead"]), None)
    return [{key: row[key] for key in row if key != "instead"} for row in rows if not row["instead"]], instead


def _sums(settings: Settings, item: SourceFiles, day: date, trace: Path, made: facts.Partition) -> list[dict[str, Any]]:
    """The facts that the trace rows in a file make by themselves, each beside the day's own fact."""
    with database.workbench(settings.resources) as con:
        facts.make_tables(con)
        database.set_variables(con, {"data_date": day.isoformat(), "source": item.source.name})
        con.read_parquet(str(trace)).create_view("trace")
        facts.sum_up(con)
        whole = facts.partition_folder(settings, made) / "facts.parquet"
        return database.rows(con, database.sql("audit", "explain_sums"), {"facts": str(whole)})


def _editions(settings: Settings, sha256: str, days: list[date]) -> list[dict[str, Any]]:
    """The editions that cover any of `days` and were made from the file while it counted."""
    archive = shelf.of(settings)
    found = []
    for entry in ledger.read(archive):
        period = parse_period(entry.period)
        if entry.kind != "edition" or not any(day in period for day in days):
            continue
        listed = PeriodInputs.from_bag(edition_file.data(archive, entry.bag).read).inputs["files"]
        if any(file["sha256"] == sha256 and file["state"] == "counted" for file in listed):
            made_at = edition_file.of(archive, entry)["made_at"]
            found.append({"period": entry.period, "edition": entry.edition, "made_at": made_at})
    return found
