"""Publishing takes over what stands and reads what is new; it comes to the same as making all of it anew."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl import facts, landing, staging, warehouse
from etl.chain import bring_up
from etl.common import disk
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.helpers import bring, export, row, site
from tests.promise.test_histories import told

LONG_AGO = 1_700_000_000
BAD = row(7, directionality="Sideways")
LOG = (
    "2026-11-16T09:00:00.000000+00:00 mx postfix/smtpd[7]: connect from mail.fabrikam.example[198.51.100.7]\n"
    "2026-11-16T09:00:01.000000+00:00 mx postfix/smtpd[7]: 4ABCD1Yz0001: client=mail.fabrikam.example[198.51.100.7]\n"
)


def asked(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        return con.execute(query).fetchall()


def same_as_anew(settings: Settings) -> bool:
    """Whether the published warehouse holds what one made from nothing holds."""
    before = told(settings)
    warehouse.rebuild(settings)
    return told(settings) == before


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A day's export with a record that was rejected."""
    made = site(tmp_path)
    bring(made, {"connector-2026-11-16.csv": export([row(1), BAD])})
    return made


def test_only_the_rejects_of_new_files_are_read(settings: Settings) -> None:
    (first,) = evidence.landed(settings, "m365")
    rejects = staging.rejects_file(settings, settings.sources[0], first)
    rejects.rename(rejects.with_suffix(".aside"))
    bring(settings, {"connector-2026-11-17.csv": export([row(2, date_time_utc="2026-11-17T10:00:00Z"), BAD, BAD])})
    assert asked(settings, "select count(*), count(distinct sha256) from rejects") == [(3, 2)]
    rejects.with_suffix(".aside").rename(rejects)
    assert same_as_anew(settings)


def test_rejects_of_a_file_that_is_read_otherwise_are_read_again(settings: Settings, tmp_path: Path) -> None:
    typed = row(2, date_time_utc="2026-11-17T10:00:00Z", connector_type="Inbound")
    bring(settings, {"connector-2026-11-17.csv": export([typed, row(3, date_time_utc="2026-11-17T10:00:00Z"), BAD])})
    columns = {"direction": "connector_type"}
    source = settings.sources[0].model_dump(mode="json") | {"columns": columns}
    again = site(tmp_path, sources=[source])
    bring_up(again)
    assert asked(again, "select count(*), count(distinct sha256) from rejects") == [
        (2, 1)
    ]  # the other is refused whole
    assert same_as_anew(again)
    bring_up(settings)
    assert asked(settings, "select count(*), count(distinct sha256) from rejects") == [(2, 2)]
    assert same_as_anew(settings)


def test_the_view_of_staged_rows_takes_in_a_format_that_comes_later(settings: Settings, tmp_path: Path) -> None:
    log = {"name": "mx", "format": "postfix_log", "location": "exports", "pattern": "mail-{date}*"}
    both = site(tmp_path, sources=[settings.sources[0].model_dump(mode="json"), log])
    path = tmp_path / "exports" / "mail-2026-11-16.log"
    path.write_text(LOG)
    landing.collect(both, files=[path])
    bring_up(both)
    assert asked(both, "select source, count(*) from trace_rows group by all order by all") == [("m365", 2), ("mx", 2)]
    assert asked(both, "select count(line_key) from trace_rows") == [(2,)]


def _came_again(settings: Settings) -> None:
    path = settings.sources[0].location / "connector-2026-11-16 copy.csv"
    shutil.copy(settings.sources[0].location / "connector-2026-11-16.csv", path)
    landing.collect(settings, files=[path])


def _retracted(settings: Settings) -> None:
    (first,) = evidence.landed(settings, "m365")
    evidence.add_note(settings, "retract", who="ops", why="a test", source="m365", sha256=first)


def _late(settings: Settings) -> None:
    retention.seal(settings, next(iter(facts.partitions(settings))), who="ops", why="closed")
    path = settings.sources[0].location / "connector-2026-11-16_late.csv"
    path.write_bytes(export([row(9)]))
    landing.collect(settings, files=[path])


@pytest.mark.parametrize(
    ("change", "query", "expected"),
    [
        (_came_again, "select receipts from files", [(2,)]),
        (_retracted, "select state, reason from files", [("retracted", "a test")]),
        (_late, "select late_rows from source_days", [(1,)]),
    ],
)
def test_evidence_that_changes_is_told_again(
    settings: Settings, change: Callable[[Settings], None], query: str, expected: list[tuple[Any, ...]]
) -> None:
    change(settings)
    bring_up(settings)
    assert asked(settings, query) == expected
    assert same_as_anew(settings)


def test_with_nothing_new_the_file_stays(settings: Settings) -> None:
    before = settings.storage.warehouse_path.stat()
    assert warehouse.publish(settings) == []
    assert settings.storage.warehouse_path.stat().st_ino == before.st_ino


def test_what_another_process_noted_is_seen(settings: Settings) -> None:
    """Files are listed from what is remembered of their folders, as long as those are as they were."""
    (item,) = evidence.landed(settings, "m365").values()
    folder = evidence.receipts_folder(settings, "m365") / item.receipt.sha256
    os.utime(folder, (LONG_AGO, LONG_AGO))
    assert [item.receipts for item in evidence.landed(settings, "m365").values()] == [1]
    shutil.copy(folder / "00000001.json", folder / "00000002.json")
    assert [item.receipts for item in evidence.landed(settings, "m365").values()] == [2]


def test_two_receipts_within_a_moment_are_both_seen(settings: Settings) -> None:
    (item,) = evidence.landed(settings, "m365").values()
    folder = evidence.receipts_folder(settings, "m365") / item.receipt.sha256
    changed = folder.stat().st_mtime_ns
    assert [item.receipts for item in evidence.landed(settings, "m365").values()] == [1]
    shutil.copy(folder / "00000001.json", folder / "00000002.json")
    os.utime(folder, ns=(changed, changed))  # as a clock that is coarser than two changes would tell it
    assert [item.receipts for item in evidence.landed(settings, "m365").values()] == [2]


def test_a_partition_that_another_process_swapped_is_seen(settings: Settings) -> None:
    (day,) = facts.partitions(settings)
    path = facts.pointer_path(settings, day)
    content = json.loads(path.read_bytes()) | {"messages": 5}
    disk.write_atomic(path, json.dumps(content).encode())
    assert facts.partitions(settings)[day].messages == 5


PLACES = (
    "data", "data/facts", "data/notes", "data/landed/m365", "data/receipts/m365", "data/staged/m365", "data/work",
    "data/work/staging", "data/work/spill", "data/deliveries/2026/W47/e1",
)  # fmt: skip


def test_a_publish_sweeps_wherever_files_come_to_be(settings: Settings, tmp_path: Path) -> None:
    for place in PLACES:
        for age in ("old", "young"):
            folder = tmp_path / place / f"{disk.TEMPORARY}{age}"
            folder.mkdir(parents=True)
            (folder / "file").touch()
        os.utime(tmp_path / place / f"{disk.TEMPORARY}old", (LONG_AGO, LONG_AGO))
    warehouse.publish(settings)
    left = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob(f"{disk.TEMPORARY}*"))
    assert left == sorted(Path(place) / f"{disk.TEMPORARY}young" for place in PLACES)


def test_a_rebuild_sweeps_everywhere(settings: Settings, tmp_path: Path) -> None:
    left = tmp_path / "data" / "a" / "b" / f"{disk.TEMPORARY}old"
    left.mkdir(parents=True)
    os.utime(left, (LONG_AGO, LONG_AGO))
    warehouse.rebuild(settings)
    assert not left.exists()
