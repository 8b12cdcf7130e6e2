"""One DuckDB file for everybody to read: published whole, by copy, patch, checkpoint and rename.

Readers never meet a lock or half a load: who has the old file open goes on reading it, who opens the path gets the
last whole one. `rebuild` makes the same from nothing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from etl import facts, staging
from etl.common import database, disk, periods
from etl.common.errors import ArchiveBroken, Failed
from etl.facts import grain
from etl.landing import evidence
from etl.settings import Settings

VERSION = 5
"""Goes up with every change of the warehouse's tables; an older file is then made anew."""


_PARTITIONS = "select data_date, basis, sealed from partitions"
_STAGED_AS = "select distinct source, reader_key from staged_files order by all"
"""What the columns of staged files depend on."""
_TRIES = 5
"""How often publishing reads the partitions anew where one was swapped while it was read."""


@dataclass(frozen=True)
class Digest:
    """One hash over all facts, and the hashes of the three things that they depend on."""

    digest: str
    evidence: str
    settings: str
    readers: str
    days: int


@contextmanager
def connect(
    path: Path, *, read_only: bool = True, settings: Settings | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the published warehouse at `path`; with `settings`, its limits and the view `trace_rows` too."""
    resources = settings.resources if settings else None
    with database.connect(path, read_only=read_only, resources=resources) as con:
        if settings is not None:
            database.set_variables(con, {"storage_root": str(settings.storage.root)})
        yield con


def publish(settings: Settings, *, anew: bool = False) -> list[date]:
    """Brings the published warehouse up to the finished partitions and the evidence; returns the days that changed.

    With `anew` nothing of the last one is taken over. Until the new one is whole, readers have the old one.
    """
    with disk.lock(settings.storage.root, "publish"):
        for left in reversed(range(_TRIES)):
            try:
                finished = facts.partitions(settings)
                files = facts.files_once_staged(settings)
                changed = _publish(settings, finished, files, anew)
                _tidy(settings, files, everywhere=anew)
                return changed
            except Failed:
                if not left:  # a day that another process makes anew was swapped while it was read: read it once more
                    raise
    return []


def _publish(
    settings: Settings, finished: dict[date, facts.Partition], files: Sequence[facts.SourceFiles], anew: bool
) -> list[date]:
    target = settings.storage.warehouse_path
    told_sha256 = _told_sha256(settings, files)
    published = _Published() if anew else _published(target)
    usable = published.version == VERSION and published.columns == tuple(grain.types())
    known = published.days if usable else {}
    sealed = set(facts.sealed_days(settings))
    now = {day: (item.basis, day in sealed) for day, item in finished.items()}
    changed = [day for day in {*now, *known} if now.get(day) != known.get(day)]
    is_told = usable and published.evidence_sha256 == told_sha256
    if is_told and not changed:
        return []
    with disk.new_file(target) as temporary:
        temporary.unlink()
        if usable:
            shutil.copyfile(target, temporary)
        told = None if is_told else _evidence(settings, files, told_sha256)
        _patch(settings, temporary, finished, sorted(changed), sealed, told)
    return sorted(changed)


def _tidy(settings: Settings, files: Sequence[facts.SourceFiles], *, everywhere: bool) -> None:
    """Removes what killed processes left, and what was staged under another reader or hash key than today's."""
    limit = (periods.now() - disk.LEFT_OVER).timestamp()
    if everywhere:
        for place in (settings.storage.root, settings.storage.work_path, settings.storage.deliveries_path):
            disk.sweep(place, limit)
    for folder in _made_in(settings):
        disk.sweep_folder(folder, limit)
    for item in files:
        staging.forget_other_keys(settings, item.source, item.landed, staging.reader_key(settings, item.source))


def _made_in(settings: Settings) -> Iterator[Path]:
    """The folders in which files come to be, under temporary names: few, however many files and days there are."""
    root, work, deliveries = settings.storage.root, settings.storage.work_path, settings.storage.deliveries_path
    yield from (root, root / "facts", root / "notes", work)
    for folder in ("landed", "receipts", "staged"):
        yield from (root / folder).glob("*")
    yield from work.glob("*")
    yield from deliveries.glob("[0-9]*/*/e*")


def rebuild(settings: Settings) -> list[date]:
    """All facts and the warehouse anew from the landed bytes; sealed days are carried over once their hash is checked.

    Returns the days it holds. Raises `ArchiveBroken` where a sealed day's facts are not those it was sealed with.
    """
    sealed = facts.sealed_days(settings)
    for day, sha256 in sealed.items():
        if not facts.is_as_sealed(settings, day, sha256):
            raise ArchiveBroken(
                f"the facts of the sealed day {day} are not those it was sealed with",
                f"facts with the hash {sha256[:16]}… in facts/{day}",
                "bring them back from a backup; or take the seal back with `revoke` and run `rebuild` again",
            )
    for day in facts.known_days(settings, facts.files_once_staged(settings)):
        if day not in sealed:
            facts.rebuild_day(settings, day, anew=True)
    publish(settings, anew=True)
    return sorted(facts.partitions(settings))


def digest(settings: Settings) -> Digest:
    """The hash over all finished facts, the same however they came to be.

    It is sha-256 over a line `day hash` for each day with mail, in order, where a day's hash is over its facts and
    connectors in canonical order.
    """
    finished = facts.partitions(settings)
    lines = "".join(f"{day} {item.facts_sha256}\n" for day, item in sorted(finished.items()))
    return Digest(
        digest=_sha256(lines),
        evidence=evidence_sha256(settings),
        settings=settings.counting_sha256(),
        readers=readers_sha256(),
        days=len(finished),
    )


def evidence_sha256(settings: Settings) -> str:
    """Hash over what the facts are a function of: the landed bytes, their first receipts, and the standing notes."""
    receipts = [
        f"{source.name} {sha256} {periods.instant(item.receipt.export_at)}\n"
        for source in sorted(settings.sources, key=lambda source: source.name)
        for sha256, item in sorted(evidence.landed(settings, source.name).items())
    ]
    notes = sorted(
        json.dumps([note.kind, note.source, note.sha256, note.other, note.data_date]) + "\n"
        for note in evidence.notes(settings)
    )
    return _sha256("".join([*receipts, *dict.fromkeys(notes)]))


def readers_sha256() -> str:
    """Hash over the versions of all readers and of the facts' own SQL."""
    from etl import formats

    versions = {name: formats.reader(name).version for name in formats.NAMES}
    return _sha256(json.dumps({"facts": facts.VERSION, "readers": versions}, sort_keys=True))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class _Published:
    """What the published file holds: its version, its facts' columns, its days with basis and whether sealed, and the
    evidence it told."""

    version: int = 0
    columns: tuple[str, ...] = ()
    days: dict[date, tuple[str, bool]] = field(default_factory=dict)
    evidence_sha256: str | None = None


def _published(path: Path) -> _Published:
    if not path.exists():
        return _Published()
    with database.connect(path) as con:
        version = int(database.value(con, "select max(version) from warehouse_version") or 0)
        days = {day: (basis, sealed) for day, basis, sealed in con.execute(_PARTITIONS).fetchall()}
        columns = tuple(name for (name,) in con.execute("select column_name from (describe facts)").fetchall())
        return _Published(version, columns, days, database.value(con, "select evidence_sha256 from origin"))


@dataclass(frozen=True)
class _Evidence:
    """Receipts and staging results as rows for the warehouse's small tables, and where the rejects of a file lie."""

    tables: dict[str, list[dict[str, Any]]]
    rejects: dict[tuple[str, str], str]
    sha256: str


def _told_sha256(settings: Settings, files: Sequence[facts.SourceFiles]) -> str:
    """Hash over what the rows of `_evidence` are a function of: whether they differ is known without making them."""
    sealed = [(day, item.basis if item else "") for day, item in _sealed(settings).items()]
    lines = [repr(([_source_row(source) for source in settings.sources], sealed))]
    for item in files:
        lines += [item.source.name, staging.reader_key(settings, item.source)]
        for sha256, counts in item.counts.items():
            landed = item.landed[sha256]
            lines.append(
                f"{sha256} {landed.receipt.landed_at} {landed.receipts} {item.states[sha256]} {counts.removed}"
            )
    return _sha256("\n".join(lines))


def _sealed(settings: Settings) -> dict[date, facts.Partition | None]:
    return {day: facts.partition(settings, day) for day in facts.sealed_days(settings)}


def _evidence(settings: Settings, files: Sequence[facts.SourceFiles], told_sha256: str) -> _Evidence:
    tables: dict[str, list[dict[str, Any]]] = {
        "sources": [_source_row(source) for source in settings.sources],
        "files": [], "file_days": [], "late_rows": [], "skips": [], "unknown_words": [], "staged_files": [],
        "reject_files": [],
    }  # fmt: skip
    rejects: dict[tuple[str, str], str] = {}
    sealed = _sealed(settings)
    for item in files:
        tables["late_rows"] += _late_rows(item, sealed)
        restated = _restated(item)
        reader_key = staging.reader_key(settings, item.source)
        for sha256, counts in sorted(item.counts.items()):
            key = {"source": item.source.name, "sha256": sha256}
            tables["files"].append(key | _file_row(item, sha256, restated))
            days = counts.days or _named_days(counts, item.landed[sha256])
            tables["file_days"] += [key | {"data_date": day, "used": used} for day, used in days.items()]
            tables["skips"] += [key | {"rule": rule, "records": n} for rule, n in counts.skipped.items()]
            tables["unknown_words"] += [key | word for word in counts.unknown_words]
            if item.states[sha256][0] == "counted" and counts.state == "staged" and not counts.removed:
                tables["staged_files"].append(key | {"reader_key": reader_key})
            if counts.rejected:
                tables["reject_files"].append(key | {"reader_key": reader_key})
                rejects[item.source.name, sha256] = str(staging.rejects_file(settings, item.source, sha256, reader_key))
    return _Evidence(tables, rejects, told_sha256)


def _late_rows(item: facts.SourceFiles, sealed: Mapping[date, facts.Partition | None]) -> list[dict[str, Any]]:
    """Rows that would count on a sealed day, were it open, of files that it was not made from: listed, not counted."""
    late = []
    for day, made in sealed.items():
        sources = made.made_from["sources"] if made else []
        known = {file[0] for source in sources if source["source"] == item.source.name for file in source["files"]}
        for sha256 in item.counted(day, removed=True):
            used = item.counts[sha256].days.get(day.isoformat(), 0)
            if used and sha256 not in known:
                key = {"source": item.source.name, "sha256": sha256, "data_date": day.isoformat()}
                late.append(key | {"late_rows": used})
    return late


def _source_row(source: Any) -> dict[str, Any]:
    return {
        "source": source.name,
        "format": source.format,
        "role": source.role,
        "expect": source.expect,
        "lateness_days": source.lateness_days,
        "has_date_pattern": "{date}" in source.pattern,
    }


def _named_days(counts: staging.FileCounts, landed: evidence.Landed) -> dict[str, int]:
    """The days that an export without any record came for: all that its names gave, since the exports of quiet days
    have the same bytes and land as one file."""
    if counts.state == "quarantined" or counts.records:
        return {}
    return {day.isoformat(): 0 for day in landed.named_dates}


def _restated(item: facts.SourceFiles) -> set[str]:
    """Files without any identity of which no day counts, since a newer export stands on each."""
    if all(counts.has_identity for counts in item.counts.values()):
        return set()
    days = {day for counts in item.counts.values() for day in staging.days_of(counts)}
    counted = {sha256 for day in days for sha256 in item.counted(day, removed=True)}
    return {
        sha256
        for sha256, counts in item.counts.items()
        if item.states[sha256][0] == "counted" and counts.days and sha256 not in counted
    }


def _file_row(item: facts.SourceFiles, sha256: str, restated: set[str]) -> dict[str, Any]:
    counts, landed = item.counts[sha256], item.landed[sha256]
    state, reason = item.states[sha256]
    if sha256 in restated:
        state, reason = "restated", "a newer export of the same days stands"
    days = list(counts.days)
    return {
        "name": landed.receipt.name,
        "size": landed.receipt.size,
        "landed_at": periods.instant(landed.receipt.landed_at),
        "export_at": periods.instant(landed.receipt.export_at),
        "named_date": landed.receipt.named_date.isoformat() if landed.receipt.named_date else None,
        "receipts": landed.receipts,
        "state": state,
        "reason": reason,
        "format": counts.format,
        "records": counts.records,
        "used": counts.used,
        "rejected": counts.rejected,
        "skipped": sum(counts.skipped.values()),
        "first_date": min(days, default=None),
        "last_date": max(days, default=None),
        "has_identity": counts.has_identity,
        "is_aggregate": counts.is_aggregate,
        "suspected_cut": counts.suspected_cut,
    }


def _patch(
    settings: Settings,
    path: Path,
    finished: dict[date, facts.Partition],
    changed: Sequence[date],
    sealed: set[date],
    told: _Evidence | None,
) -> None:
    """Replaces the changed days, and the evidence where it is `told`, in the warehouse file at `path`, in one
    transaction; makes the file where there is none."""
    fresh = not path.exists()
    with database.connect(path, read_only=False, resources=settings.resources) as con:
        con.execute("set preserve_insertion_order = true")
        grain.load(con)
        if fresh:
            con.execute(database.sql("warehouse", "warehouse"))
            con.execute(database.sql("warehouse", "mail_flow"))
            con.execute("insert into warehouse_version values ($version)", {"version": VERSION})
        con.execute("begin")
        _replace_days(con, settings, [finished[day] for day in changed if day in finished], list(changed), sealed)
        before = con.execute(_STAGED_AS).fetchall() if told else []
        if told:
            _replace_evidence(con, settings, told)
        staged_as = con.execute(_STAGED_AS).fetchall() if told else []
        con.execute(database.sql("warehouse/publish", "late_rows"))
        con.execute("commit")
        if staged_as and staged_as != before:  # it opens every staged file, to know their columns
            database.set_variables(con, {"storage_root": str(settings.storage.root)})
            con.execute(database.sql("warehouse", "trace_rows_view"))
        con.execute("checkpoint")


def _replace_days(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    items: Sequence[facts.Partition],
    days: Sequence[date],
    sealed: set[date],
) -> None:
    for table in (*facts.TABLES, "partitions"):
        con.execute(database.sql("warehouse/publish", f"forget_{table}"), {"days": list(days)})
    if not items:
        return
    folders = [facts.partition_folder(settings, item) for item in items]
    for table in facts.TABLES:
        files = [str(folder / f"{table}.parquet") for folder in folders]
        if table == "facts":
            _add_facts(con, files)
        else:
            con.execute(database.sql("warehouse/publish", f"add_{table}"), {"files": files})
    con.executemany(
        "insert into partitions values ($1, $2, $3, $4)",
        [
            [item.data_date, item.basis, item.facts_sha256, date.fromisoformat(item.data_date) in sealed]
            for item in items
        ],
    )


def _add_facts(con: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Adds the facts in `files`, those together that state the same columns; what they lack has the default."""
    for row in database.rows(con, database.sql("warehouse/publish", "facts_state"), {"files": files}):
        if set(row["stated"]) == set(grain.types()):
            con.execute(database.sql("warehouse/publish", "add_facts"), {"files": row["files"]})
        else:
            con.execute(database.sql("warehouse/publish", "add_facts_stated"), row)


def _replace_evidence(con: duckdb.DuckDBPyConnection, settings: Settings, told: _Evidence) -> None:
    with disk.scratch_folder(settings.storage.work_path) as folder:
        variables: dict[str, Any] = {"evidence_sha256": told.sha256}
        for name, rows in told.tables.items():
            path = folder / f"{name}.json"
            path.write_text(json.dumps(rows), encoding="utf-8")
            variables[f"{name}_file"] = str(path)
        database.set_variables(con, variables)
        con.execute(database.sql("warehouse/publish", "evidence"))
    to_read = con.execute(database.sql("warehouse/publish", "rejects_to_read")).fetchall()
    con.execute(database.sql("warehouse/publish", "rejects_gone"))
    if to_read:
        files = [told.rejects[source, sha256] for source, sha256 in to_read]
        con.execute(database.sql("warehouse/publish", "rejects"), {"files": files})
    con.execute(database.sql("warehouse/publish", "rejects_told"))
