"""What may go, and when: a day is sealed before anything of it is removed; facts, receipts and counts stay for good.

Removing takes the bytes and the staged records of landed files all of whose days are sealed. What no sealed fact covers
(a quarantined file, a file with an open day, a log that an open day reads) is never touched, nor a day sealed whose
rows may still come. Archived editions are no part of this.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from etl import facts, formats, staging
from etl.common import disk, periods
from etl.common.errors import NotFound, UsageInvalid
from etl.landing import evidence
from etl.settings import Settings, Source


@dataclass(frozen=True)
class Removal:
    """One landed file whose time is over: what of it goes, and how many bytes that frees."""

    source: str
    sha256: str
    name: str
    last_date: date
    paths: tuple[Path, ...]
    size: int


@dataclass(frozen=True)
class Plan:
    """What retention would do: the days to be sealed first, then the files to go, and mails past their own time."""

    seal: tuple[date, ...]
    remove: tuple[Removal, ...]
    mails: tuple[Path, ...]


def seal(settings: Settings, day: date, *, who: str, why: str) -> evidence.Note:
    """Fixes the facts of `day` as they are. Raises `UsageInvalid` where the day is dirty or sealed already."""
    return _seal(settings, facts.files_once_staged(settings), day, who=who, why=why)


def _seal(settings: Settings, files: Sequence[facts.SourceFiles], day: date, *, who: str, why: str) -> evidence.Note:
    with disk.lock(settings.storage.root, f"day-{day}"):
        if day in facts.sealed_days(settings):
            raise UsageInvalid(f"{day} is sealed already", "an open or settled day")
        made = facts.partition(settings, day)
        if made is None:
            raise NotFound(
                f"there are no facts of {day}", "a day with facts", "`python -m etl digest --json` counts days"
            )
        if facts.is_dirty(settings, files, day):
            raise UsageInvalid(f"{day} has changes that are not counted yet", "a clean day", "run `ingest` first")
        about = {"data_date": day.isoformat(), "sha256": made.facts_sha256}
        return evidence.add_note(settings, "seal", who=who, why=why, **about)


def revoke(settings: Settings, number: int, *, who: str, why: str) -> evidence.Note:
    """Takes a note back. Raises `UsageInvalid` where none of that number stands, where it seals a day of which raw data
    were removed (its facts can't be made anew), or where it took back a seal (the facts may have changed since)."""
    with disk.lock(settings.storage.root, "retention"):
        note = evidence.standing(settings).get(number)
        if note is None:
            raise UsageInvalid(f"no standing note has number {number}", "a number that `history` lists as standing")
        if note.kind == "seal" and note.data_date and _is_removed(settings, date.fromisoformat(note.data_date)):
            raise UsageInvalid(f"raw data of {note.data_date} were removed since", "a day with all its raw data")
        if any(other.number == note.revokes and other.kind == "seal" for other in evidence.history(settings)):
            raise UsageInvalid(f"note {number} takes a seal back", "another note", "seal the day again with `seal`")
        return evidence.add_note(settings, "revoke", who=who, why=why, revokes=number)


def _is_removed(settings: Settings, day: date) -> bool:
    """Whether a file is gone that the facts of `day` were made from."""
    return any(
        item.counts[sha256].removed
        for item in facts.files_once_staged(settings)
        for sha256 in item.counted(day, removed=True)
    )


def plan(settings: Settings, today: date) -> Plan:
    """What would be sealed and removed if it were `today`, by `[retention]`; nothing where no number is set."""
    days = settings.retention.landed_days
    to_seal: list[date] = []
    removals: list[Removal] = []
    if days is not None:
        may_come = max((source.lateness_days for source in settings.sources), default=0)
        limit = today - timedelta(days=max(days, may_come))
        sealed = facts.sealed_days(settings)
        finished = facts.partitions(settings)
        to_seal = [day for day in sorted(finished) if day < limit and day not in sealed]
        covered = set(sealed) | set(to_seal)
        removals = _removals(settings, covered, limit)
    return Plan(tuple(to_seal), tuple(removals), tuple(_old_mails(settings, today)))


def _removals(settings: Settings, covered: set[date], limit: date) -> list[Removal]:
    found = []
    finished = set(facts.partitions(settings))
    for item in facts.files_by_source(settings):
        for sha256, counts in item.counts.items():
            days = staging.days_of(counts)
            if not days or not covered.issuperset(days) or max(days) >= limit:
                continue
            if any(day >= limit or (day in finished and day not in covered) for day in read_for(item.source, days)):
                continue
            landed = item.landed[sha256]
            paths = [
                path for path in (landed.path, staging.staged_files(settings, item.source, sha256)) if path.exists()
            ]
            if paths:
                size = sum(_size(path) for path in paths)
                found.append(Removal(item.source.name, sha256, landed.receipt.name, max(days), tuple(paths), size))
    return found


def read_for(source: Source, days: Sequence[date]) -> set[date]:
    """The data dates whose facts read records of `days`: a log's lines are read for neighbouring days too."""
    before, after = formats.reader(source.format).reach
    return {day + timedelta(days=n) for day in days for n in range(-after, before + 1)}


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _old_mails(settings: Settings, today: date) -> list[Path]:
    days = settings.retention.deliveries_days
    folder = settings.storage.deliveries_path
    if days is None or not folder.is_dir():
        return []
    limit = periods.day_start(today - timedelta(days=days), settings.report.time_zone).timestamp()
    return sorted(path for path in folder.rglob("*.eml") if path.stat().st_mtime < limit)


def plan_now(settings: Settings) -> Plan:
    """What `[retention]` asks for today, by the calendar of the report's time zone."""
    return plan(settings, periods.data_date(periods.now(), settings.report.time_zone))


def told(wanted: Plan, *, only_say: bool) -> list[str]:
    """A plan in words: a line for each file that goes, then the sums."""
    seals, removes = ("would seal", "would remove") if only_say else ("seal", "remove")
    lines = [f"{removes} {item.name} ({item.size:,} bytes, until {item.last_date})" for item in wanted.remove]
    days = f" ({wanted.seal[0]} to {wanted.seal[-1]})" if wanted.seal else ""
    size = sum(item.size for item in wanted.remove)
    files = f"{len(wanted.remove)} file(s), {size:,} bytes, and {len(wanted.mails)} mail(s)"
    return [*lines, f"{seals} {len(wanted.seal)} day(s){days}, {removes} {files}"]


def carry_out(settings: Settings, wanted: Plan, *, who: str) -> None:
    """Seals, keeps what must stay of each file, then removes. Killed anywhere, the next run does the rest."""
    why = f"retention: [retention] landed_days = {settings.retention.landed_days}"
    files = facts.files_once_staged(settings) if wanted.seal else []
    for day in wanted.seal:
        with suppress(UsageInvalid):  # changed, or sealed by another, since the plan was made
            _seal(settings, files, day, who=who, why=why)
    with disk.lock(settings.storage.root, "retention"):
        sealed = set(facts.sealed_days(settings))
        open_days = set(facts.partitions(settings)) - sealed
        for removal in wanted.remove:
            source = settings.source(removal.source)
            counts = staging.counts(settings, source, removal.sha256)
            if counts is None or not sealed.issuperset(days := staging.days_of(counts)):
                continue
            if open_days & read_for(source, days):
                continue
            staging.keep_counts(settings, source, removal.sha256)
            _remove(removal.paths)
    _remove(wanted.mails)


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
