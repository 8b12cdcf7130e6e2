"""Killed at any place where a file is made, renamed, linked, synced or removed: nothing half is seen, nothing is lost.

What a killed process leaves at each place is looked at as a reader would, then the next run goes over it, a day later,
and has to come to the same facts, with nothing landed twice and no temporary file left.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from etl import facts, landing, warehouse
from etl.archive import bag, editions, ledger
from etl.archive.shelf import Folder
from etl.audit import verify
from etl.chain import bring_up
from etl.common import disk, periods
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.helpers import export, row, site
from tests.promise.killing import killed_everywhere, stopped
from tests.promise.test_histories import finish, told

WEEK = periods.parse_period("2026-W47")
MADE = datetime(2026, 11, 23, 5, tzinfo=UTC)
TODAY = date(2026, 12, 30)
FIRST = export([row(1), row(2, date_time_utc="2026-11-17T10:00:00Z")])
GROWN = FIRST + export([row(3)]).splitlines(keepends=True)[1]
PREFIX = "connector-2026-11-16"


def at(folder: Path) -> Settings:
    """The site whose data and exports lie in `folder`."""
    return site(folder, retention={"landed_days": 10}, limits={"threads": 1})


def ingest(folder: Path) -> None:
    """What a daily run does."""
    landing.collect(at(folder))
    bring_up(at(folder))


def rebuild(folder: Path) -> None:
    """Everything anew."""
    warehouse.rebuild(at(folder))


def expire(folder: Path) -> None:
    """Seals what is old and removes its raw data."""
    retention.carry_out(at(folder), retention.plan(at(folder), TODAY), who="ops")


def publish(folder: Path) -> None:
    """Makes an edition of the week."""
    editions.publish(at(folder), WEEK, origin="manual", made_at=MADE)


WORKS: dict[str, Callable[[Path], None]] = {"ingest": ingest, "rebuild": rebuild, "expire": expire}


def begun(folder: Path) -> Path:
    """A site with a day's file ingested, and one that grew from it, and an other's beginning, still to come."""
    settings = at(folder)
    (folder / "tmp").mkdir()
    drop(folder, f"{PREFIX}.csv", FIRST)
    ingest(folder)
    disk.sweep(settings.storage.root, older_than=2e9)
    return folder


def drop(folder: Path, name: str, content: bytes) -> None:
    """Lays an export where its source looks for it, made long enough ago not to be waited for."""
    path = folder / "exports" / name
    path.write_bytes(content)
    os.utime(path, (1_795_000_000,) * 2)


@dataclass
class Reader:
    """Looks at what killed processes left. `allowed`: the sums that published states may show."""

    allowed: set[tuple[int, int]]
    seen: set[str] = field(default_factory=set)

    def is_new(self, folder: Path) -> bool:
        """Whether anything that readers see is other than in the cases before: names, contents, rights."""
        lines: list[object] = [self._sums(at(folder))]
        modes = set()
        for path in sorted((folder / "data").rglob("*")):
            name = path.relative_to(folder).as_posix()
            if disk.TEMPORARY in name or "/locks/" in name or path.is_dir():
                continue
            timed = any(part in name for part in ("receipts/", "notes/", "warehouse.duckdb"))
            content = "" if timed else hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append((name, content))
            modes.add(path.stat().st_mode)
        lines.append(sorted(modes))
        before = len(self.seen)
        self.seen.add(repr(lines))
        return len(self.seen) > before

    def look(self, folder: Path) -> None:
        """Everything under its own name is whole."""
        settings = at(folder)
        for path in (settings.storage.root / "landed").rglob("*"):
            if path.is_file() and not path.name.startswith(disk.TEMPORARY):
                assert disk.sha256_of(path) == path.name
        for path in settings.storage.root.rglob("*.json"):
            if disk.TEMPORARY not in str(path):
                json.loads(path.read_bytes())
        for made in facts.partitions(settings).values():
            assert facts.recompute_sha256(settings, made) == made.facts_sha256
        assert self._sums(settings) in self.allowed
        for folder_of_bag in settings.storage.archive_path.glob("[0-9]*/*/e[0-9]*"):
            assert bag.check(Folder(folder_of_bag), "") == []
        assert {finding.kind for finding in verify.verify(Folder(settings.storage.archive_path))} <= {"not-in-ledger"}

    @staticmethod
    def _sums(settings: Settings) -> tuple[int, int]:
        query = "select coalesce(sum(messages), 0)::int, (select count(*) from partitions)::int from facts"
        with warehouse.connect(settings.storage.warehouse_path) as con:
            return con.execute(query).fetchall()[0]


def recover(folder: Path, work: Callable[[Path], None]) -> None:
    """The same work again, then the next daily run, more than a day later."""
    for path in (folder / "data").rglob(f"{disk.TEMPORARY}*"):
        os.utime(path, (1_795_000_000,) * 2)
    work(folder)
    finish(at(folder))
    assert list((folder / "data").rglob(f"{disk.TEMPORARY}*")) == []
    assert list((folder / "tmp").iterdir()) == []


def check(cases: Iterable[Path], work: Callable[[Path], None], undisturbed: Path, allowed: set[tuple[int, int]]) -> int:
    """Looks at every case, and lets the next run go over those that differ; how many did."""
    reader = Reader(allowed)
    expected, rows = warehouse.digest(at(undisturbed)), told(at(undisturbed))
    for case in cases:
        if not reader.is_new(case):
            continue
        reader.look(case)
        recover(case, work)
        assert warehouse.digest(at(case)) == expected, case.name
        assert told(at(case)) == rows, case.name
        assert {item.receipts for item in evidence.landed(at(case), "m365").values()} == {1}, case.name
    return len(reader.seen)


def prepared(tmp_path: Path, name: str) -> tuple[Path, Path, set[tuple[int, int]]]:
    """A site before the work `name`, one after it, and what readers may see of either."""
    base = begun(tmp_path / "base")
    if name == "ingest":
        drop(base, f"{PREFIX} grown.csv", GROWN)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(base, undisturbed)
    WORKS[name](undisturbed)
    finish(at(undisturbed))
    return base, undisturbed, {(2, 2), (3, 2)} if name == "ingest" else {(2, 2)}


@pytest.mark.parametrize("name", WORKS)
def test_stopped_at_any_place_the_next_run_comes_to_the_same(tmp_path: Path, name: str) -> None:
    base, undisturbed, allowed = prepared(tmp_path, name)
    cases = stopped(base, tmp_path / "cases", lambda: WORKS[name](base))
    assert check(cases, WORKS[name], undisturbed, allowed) > 3


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", WORKS)
def test_killed_at_any_place_the_next_run_comes_to_the_same(tmp_path: Path, name: str) -> None:
    base, undisturbed, allowed = prepared(tmp_path, name)
    cases = killed_everywhere(base, tmp_path / "place", WORKS[name])
    assert check(cases, WORKS[name], undisturbed, allowed) > 3


def check_editions(cases: Iterable[Path], place: Path) -> int:
    """Looks at every case, and publishes again over those that differ, at `place`: an edition tells where it was made.

    What the ledger and the index hold has to be, byte for byte, what is at `place` now.
    """
    reader = Reader({(2, 2)})
    archive = at(place).storage.archive_path
    expected, index = [entry.content for entry in ledger.read(Folder(archive))], (archive / "index.html").read_bytes()
    for case in cases:
        if not reader.is_new(case):
            continue
        reader.look(case)
        shutil.rmtree(place)
        shutil.copytree(case, place)
        recover(place, publish)
        assert [entry.content for entry in ledger.read(Folder(archive))] == expected, case.name
        assert verify.verify(Folder(archive)) == [], case.name
        assert (archive / "index.html").read_bytes() == index, case.name
    return len(reader.seen)


def test_stopped_at_any_place_an_edition_is_whole_or_not_there(tmp_path: Path) -> None:
    base = begun(tmp_path / "base")
    cases = list(stopped(base, tmp_path / "cases", lambda: publish(base)))
    assert check_editions(cases, base) > 3


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_at_any_place_an_edition_is_whole_or_not_there(tmp_path: Path) -> None:
    base, place = begun(tmp_path / "base"), tmp_path / "place"
    shutil.copytree(base, place)
    publish(place)
    assert check_editions(killed_everywhere(base, place, publish), place) > 3
