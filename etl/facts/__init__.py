"""From staged records to the facts of one data date: deliveries, transfers, sums, swapped in whole.

A partition records the set it was made from: staged files, settings, reader versions, and the notes through the files
they leave. A day is *dirty* when that set differs from today's, and not because of what some process just did: so
whichever run comes next finds what a crashed one left. A sealed day is never rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from etl import formats, reference, staging
from etl.common import database, disk, periods
from etl.common.canonical import canonical_sha256
from etl.facts import grain
from etl.landing import evidence
from etl.settings import Settings, Source

TABLES = ("facts", "connector_days", "source_days", "tls_reports")
"""What a partition is made of, a Parquet file each."""

VERSION = 6
"""Goes up with every change of the facts' own SQL that could change a number."""


LINES_AT_ONCE = 2_500_000
"""How many lines of a log's sessions are put together at a time: about 300 MiB of memory."""


@dataclass(frozen=True)
class SourceFiles:
    """The files of one source with what the notes and staging say of each.

    A file that nobody has read yet has the state `unstaged` and no counts: it counts nowhere.
    """

    source: Source
    landed: dict[str, evidence.Landed]
    states: dict[str, tuple[evidence.FileState, str | None]]
    counts: dict[str, staging.FileCounts]

    @cached_property
    def by_day(self) -> dict[str, list[str]]:
        """For each day the files with rows of it: a year of days asks for each of them."""
        found: dict[str, list[str]] = {}
        for sha256, counts in self.counts.items():
            for day in counts.days:
                found.setdefault(day, []).append(sha256)
        return found

    def counted(self, day: date, *, removed: bool = False) -> list[str]:
        """The files whose rows count on `day`: of exports without any message identity only the newest, and those whose
        hours of the day lie apart from it (an export of a UTC day holds hours of two local days).

        Of a log all stand: its `trace.sql` tells what a line, or a newer export, takes the place of. Files that
        retention removed are told only with `removed`: all days that they count on are sealed.
        """
        reader = formats.reader(self.source.format)
        first, last = reader.reach
        near = [(day + timedelta(days=n)).isoformat() for n in range(-first, last + 1)]
        there = dict.fromkeys(sha256 for near_day in near for sha256 in self.by_day.get(near_day, ()))
        standing = [
            sha256
            for sha256 in there
            if self.states[sha256][0] == "counted" and (removed or not self.counts[sha256].removed)
        ]
        if reader.kind == "log" or all(self.counts[sha256].has_identity for sha256 in standing):
            return sorted(standing)
        kept: list[str] = []
        for sha256 in sorted(standing, key=lambda sha256: self.landed[sha256].order, reverse=True):
            if all(self._can_stand_together(sha256, other, day) for other in kept):
                kept.append(sha256)
        return sorted(kept)

    def _can_stand_together(self, one: str, other: str, day: date) -> bool:
        """Whether two files can't tell of the same mail twice: rows have identities, or the hours don't meet."""
        first, second = self.counts[one], self.counts[other]
        if first.has_identity and second.has_identity:
            return True
        spans = [found.notes.get("spans", {}).get(day.isoformat()) for found in (first, second)]
        if spans[0] is None or spans[1] is None:
            return False
        return bool(spans[0][1] < spans[1][0] or spans[1][1] < spans[0][0])

    def staged_paths(self, settings: Settings, day: date) -> list[str]:
        """The staged records of the files that count on `day`, the newest export last."""
        ordered = sorted(self.counted(day), key=lambda sha256: self.landed[sha256].order)
        return [str(staging.staged_folder(settings, self.source, sha256) / "records.parquet") for sha256 in ordered]


@dataclass(frozen=True)
class Partition:
    """A finished day: what it was made from (`basis`), the hash over its facts, and where they lie."""

    data_date: str
    basis: str
    facts_sha256: str
    messages: int
    made_from: dict[str, Any]
    sessions: int = 0
    """TLS-RPT sessions: a table of their own, never added to messages."""
    folder: str = ""
    """Where its files lie below the day's folder: named by its basis, made anew beside it."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing counts on this day any more."""
        return self.messages == 0 and self.sessions == 0


def files_by_source(settings: Settings) -> list[SourceFiles]:
    """All landed files with their states. A question: nothing is written, and what is still to be staged is stated so.

    Who makes or removes something on its grounds asks `files_once_staged`.
    """
    standing = evidence.notes(settings)
    found = []
    for source in settings.sources:
        landed = evidence.landed(settings, source.name)
        key = staging.reader_key(settings, source)
        asked = {sha256: staging.counts(settings, source, sha256, key) for sha256 in landed}
        counts = {sha256: item for sha256, item in asked.items() if item}
        unstaged = [sha256 for sha256, item in asked.items() if not item]
        unusable = {sha256: item.reason for sha256, item in counts.items() if item.state == "quarantined"}
        states = evidence.file_states(landed, source.name, standing, unusable, unstaged)
        found.append(SourceFiles(source, landed, states, counts))
    return found


def files_once_staged(settings: Settings) -> list[SourceFiles]:
    """The same once all that is still to be staged has been: for those who act on it."""
    files = files_by_source(settings)
    waiting = [(item.source.name, sha256) for item in files for sha256 in item.landed if sha256 not in item.counts]
    for source, sha256 in waiting:
        staging.stage(settings, source, sha256)
    return files_by_source(settings) if waiting else files


def basis(settings: Settings, files: Sequence[SourceFiles], day: date) -> dict[str, Any]:
    """The set that the facts of `day` are a function of, as plain JSON."""
    sources = []
    for item in files:
        counted = item.counted(day)
        if counted:
            made_of = [list(item.counts[sha256].identity) for sha256 in counted]
            told = {"source": item.source.name, "role": item.source.role, "files": made_of}
            joined = [
                list(other.counts[sha256].identity) for other in _joined(files, item) for sha256 in other.counted(day)
            ]
            sources.append(told | {"joined": joined} if joined else told)
    return {"version": VERSION, "data_date": day.isoformat(), "sources": sources, "connectors": _told(settings, day)}


def _joined(files: Sequence[SourceFiles], item: SourceFiles) -> list[SourceFiles]:
    """The sources whose records a log's `trace.sql` joins with its own: those that `options.joins` names."""
    named = item.source.options.get("joins", ())
    return [other for other in files if other.source.name in ([named] if isinstance(named, str) else named)]


def joined_paths(settings: Settings, files: Sequence[SourceFiles], item: SourceFiles, day: date) -> list[str]:
    """The staged records of other sources that a log's own are held together with on `day`."""
    return [path for other in _joined(files, item) for path in other.staged_paths(settings, day)]


def _told(settings: Settings, day: date) -> list[dict[str, Any]]:
    """What the settings say of connectors on `day`, for SQL and for the basis."""
    return [
        {"name": item.name, "direction": item.direction, "connector_type": item.type, "forced_tls": item.forced_tls}
        for item in sorted(settings.connectors, key=lambda item: (item.name, item.direction or ""))
        if item.since is None or item.since <= day
    ]


def basis_sha256(made_from: dict[str, Any]) -> str:
    """Hash over a basis in canonical JSON (RFC 8785)."""
    return canonical_sha256(made_from)


def pointer_path(settings: Settings, day: date) -> Path:
    """The file that says which partition of `day` holds."""
    return settings.storage.root / "facts" / f"{day}.json"


def partition(settings: Settings, day: date) -> Partition | None:
    """The finished partition of `day`, if there is one."""
    try:
        return _read_pointer(str(pointer_path(settings, day)))
    except FileNotFoundError:
        return None


def partitions(settings: Settings) -> dict[date, Partition]:
    """All finished partitions that hold any facts, by day."""
    folder = settings.storage.root / "facts"
    found = {}
    for day in _days_made(folder):
        item = _read_pointer(f"{folder}/{day}.json")
        if not item.is_empty:
            found[day] = item
    return found


def _days_made(folder: Path) -> list[date]:
    """The days that have a partition below `folder`, in order."""
    names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208  a year of names
    return sorted(date.fromisoformat(name[:-5]) for name in names if _POINTER.fullmatch(name))


_POINTER = re.compile(r"\d{4}-\d{2}-\d{2}\.json")
_READ: dict[str, tuple[tuple[int, int], Partition]] = {}
"""What a day's file said, and which file that was: its number and when it was written. A new one takes its place."""


def _read_pointer(path: str) -> Partition:
    stat = os.stat(path)  # noqa: PTH116  a year of days, many times over
    written = stat.st_ino, stat.st_mtime_ns
    known = _READ.get(path)
    if known and known[0] == written:
        return known[1]
    item = Partition(**json.loads(Path(path).read_bytes()))
    _READ[path] = written, item
    return item


def partition_folder(settings: Settings, item: Partition) -> Path:
    """Where the Parquet files of a partition lie."""
    return settings.storage.root / "facts" / item.data_date / (item.folder or item.basis[:16])


def sealed_days(settings: Settings) -> dict[date, str]:
    """The sealed days and the hash of the facts that each was sealed with."""
    return {
        date.fromisoformat(note.data_date): note.sha256 or ""
        for note in evidence.notes(settings)
        if note.kind == "seal" and note.data_date
    }


def known_days(settings: Settings, files: Sequence[SourceFiles]) -> list[date]:
    """All days that any staged file has rows of, or that have a partition, in order."""
    days = {day for item in files for found in item.counts.values() for day in staging.days_of(found)}
    return sorted(days.union(_days_made(settings.storage.root / "facts")))


def dirty_days(settings: Settings) -> list[date]:
    """The days whose partition was not made from today's evidence, as far as it is staged, settings and readers; sealed
    days never are."""
    files = files_by_source(settings)
    sealed = sealed_days(settings)
    return [day for day in known_days(settings, files) if day not in sealed and _is_dirty(settings, files, day)]


def is_dirty(settings: Settings, files: Sequence[SourceFiles], day: date) -> bool:
    """Whether the partition of `day` was made from another set than today's; a sealed day never is."""
    return day not in sealed_days(settings) and _is_dirty(settings, files, day)


def _is_dirty(settings: Settings, files: Sequence[SourceFiles], day: date) -> bool:
    made = partition(settings, day)
    wanted = basis(settings, files, day)
    if made is None:
        return bool(wanted["sources"])
    return made.made_from != wanted and made.basis != basis_sha256(wanted)


def rebuild_day(settings: Settings, day: date, *, anew: bool = False, columns: Sequence[str] | None = None) -> bool:
    """Makes the partition of `day` if it is dirty, or `anew` in any case, under the day's lock; whether its facts
    changed. Until the new one is whole, the old one stands. With `columns`, its facts have those of the grain alone."""
    with disk.lock(settings.storage.root, f"day-{day}"):
        if day in sealed_days(settings):
            return False
        files = files_once_staged(settings)
        before = partition(settings, day)
        made_from = basis(settings, files, day)
        key = basis_sha256(made_from)
        if before and before.basis == key and not anew:
            return False
        if before is None and not made_from["sources"]:
            return False
        name = f"{key[:16]}-again" if before and (before.folder or before.basis[:16]) == key[:16] else key[:16]
        folder = settings.storage.root / "facts" / day.isoformat() / name
        if folder.exists():  # of a run that was killed, or older than the one that holds
            shutil.rmtree(folder)
        with disk.new_folder(folder, making_in=folder.parent.parent) as out:
            messages, sessions, facts_sha256 = _make(settings, files, day, made_from, out, columns)
        made = Partition(day.isoformat(), key, facts_sha256, messages, made_from, sessions, name)
        content = json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n"
        disk.write_atomic(pointer_path(settings, day), content.encode("utf-8"))
        _drop_older(folder, before)
    return before is None or before.facts_sha256 != facts_sha256


def _drop_older(folder: Path, before: Partition | None) -> None:
    """Removes partitions that no reader can still be on: all but this one and the one before."""
    keep = {folder.name, (before.folder or before.basis[:16]) if before else ""}
    for other in folder.parent.iterdir():
        if other.name not in keep:
            shutil.rmtree(other, ignore_errors=True)


def _make(
    settings: Settings,
    files: Sequence[SourceFiles],
    day: date,
    made_from: dict[str, Any],
    out: Path,
    columns: Sequence[str] | None,
) -> tuple[int, int, str]:
    """Writes the day's Parquet files into `out`; its messages, its TLS-RPT sessions, and the hash over its facts."""
    with database.workbench(settings.resources) as con:
        make_tables(con, columns)
        told = made_from["connectors"]
        con.execute(database.sql("facts", "day_connectors"), {"told": json.dumps(told)})
        database.set_variables(con, {"data_date": day.isoformat()})
        for item in sorted(files, key=lambda item: item.source.name):  # the canonical order of the facts
            paths = item.staged_paths(settings, day)
            if paths:
                joined = joined_paths(settings, files, item, day)
                _add_source(con, settings, item.source, day, paths, joined)
        database.set_variables(con, {f"{name}_file": str(out / f"{name}.parquet") for name in TABLES})
        con.execute("set preserve_insertion_order = true")
        con.execute(database.sql("facts", "day_write"))
        messages = int(database.value(con, "select coalesce(sum(messages), 0) from day_facts"))
        sessions = int(database.value(con, "select coalesce(sum(sessions), 0) from day_tls_reports"))
        return messages, sessions, _facts_sha256(con, out)


def recompute_sha256(settings: Settings, item: Partition) -> str:
    """The hash over a partition's facts and connectors as they lie on the disk now; empty where they can't be read."""
    folder = partition_folder(settings, item)
    with database.workbench(settings.resources) as con, disk.scratch_folder(settings.storage.work_path) as scratch:
        con.execute("set preserve_insertion_order = true")
        for name in TABLES:
            path = folder / f"{name}.parquet"
            if not path.exists():
                return ""
            try:
                con.read_parquet(str(path)).create(f"day_{name}")
            except duckdb.Error:
                return ""
        return _facts_sha256(con, scratch)


def is_as_sealed(settings: Settings, day: date, sha256: str) -> bool:
    """Whether the partition of a sealed day says, and its files hold, the facts that it was sealed with."""
    try:
        kept = partition(settings, day)
    except (ValueError, TypeError):  # not the JSON that was written
        return False
    return kept is not None and kept.facts_sha256 == sha256 == recompute_sha256(settings, kept)


def _facts_sha256(con: duckdb.DuckDBPyConnection, scratch: Path) -> str:
    """sha-256 over the day's facts, its connectors, then its TLS-RPT sessions, as CSV in canonical order."""
    names = ("facts", "connector_days", "tls_reports")
    texts = [scratch / f"{name}.csv" for name in names]
    database.set_variables(con, {f"{text.stem}_text": str(text) for text in texts})
    con.execute(database.sql("facts", "day_text"))
    digest = hashlib.sha256()
    for text in texts:
        with text.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        text.unlink()
    return digest.hexdigest()


def _set_window(con: duckdb.DuckDBPyConnection, settings: Settings, source: Source, day: date) -> None:
    """Hands the SQL the instants (UTC, half-open) of the day and of the days around it that a log's `trace.sql` has to
    see."""
    zone = settings.report.time_zone
    before, after = formats.reader(source.format).reach
    days = {"window_from": -before, "day_from": 0, "day_to": 1, "window_to": after + 1}
    starts = {name: periods.day_start(day + timedelta(days=n), zone) for name, n in days.items()}
    database.set_variables(con, {name: periods.instant(start).rstrip("Z") for name, start in starts.items()})


def make_trace(
    con: duckdb.DuckDBPyConnection, settings: Settings, source: Source, day: date, paths: list[str], joined: list[str]
) -> None:
    """Makes the view `trace`, one source's trace rows of `day`, from its staged records; `joined` are those that they
    are held together with. A log gets the reference tables, and whether its daemons are said to log TLS
    (`options.logs_tls`, as JSON)."""
    reader = formats.reader(source.format)
    database.set_variables(
        con,
        {"data_date": day.isoformat(), "staged_files": paths, "joined_files": joined, "file_count": len(paths)},
    )
    _set_window(con, settings, source, day)
    if reader.kind == "log":
        database.set_variables(con, {"logs_tls": json.dumps(source.options.get("logs_tls"))})
        reference.load(con)
    database.set_variables(con, {"lines_at_once": LINES_AT_ONCE})
    for folder, name in reader.trace_scripts(joined=bool(joined)):
        parts = database.value(con, "select getvariable('parts')") if (folder, name) in reader.in_parts else 1
        for part in range(parts):
            database.set_variables(con, {"part": part})
            con.execute(database.sql(folder, name))


def make_tables(con: duckdb.DuckDBPyConnection, columns: Sequence[str] | None = None) -> None:
    """Makes the tables of a day, empty; with `columns`, its facts have those of the grain alone."""
    grain.load(con, columns)
    con.execute(database.sql("facts", "day_tables"))


def sum_up(con: duckdb.DuckDBPyConnection) -> None:
    """Adds to the table `day_facts` what the rows of the view `trace` come to: deliveries, transfers, sums."""
    grain.complete(con)
    con.execute(database.sql("facts", "duplicates"))
    has_doubles = database.value(con, "select count(*) > 0 from told_twice")
    con.execute(database.sql("facts", "deliveries_once" if has_doubles else "deliveries_all"))
    con.execute(database.sql("facts", "places"))
    con.execute("set preserve_insertion_order = true")
    con.execute(database.sql("facts", "facts"))
    con.execute("set preserve_insertion_order = false")


def _add_source(
    con: duckdb.DuckDBPyConnection, settings: Settings, source: Source, day: date, paths: list[str], joined: list[str]
) -> None:
    """Adds one source's transfers, connectors and numbers to the day's tables."""
    database.set_variables(con, {"source": source.name})
    make_trace(con, settings, source, day, paths, joined)
    sum_up(con)
    con.execute(database.sql("facts", "connector_days"))
    con.execute(database.sql("facts", "source_days"))
    for folder, name in formats.reader(source.format).own_facts:  # what is no message
        con.execute(database.sql(folder, name))
