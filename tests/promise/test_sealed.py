"""Sealed days: later rows are listed and change nothing, what a day needs stays, alterations are seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from etl import facts, warehouse
from etl.chain import bring_up
from etl.common.errors import ArchiveBroken, UsageInvalid
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.helpers import HEADER, bring, export, row, site

DAY, NEXT = date(2026, 11, 16), date(2026, 11, 17)
NO_IDENTITY = [name for name in HEADER if name not in ("message_id", "network_message_id")]


def late_rows(settings: Settings) -> list[tuple[str, int]]:
    """The files with rows that came too late, and how many rows each."""
    with warehouse.connect(settings.storage.warehouse_path) as con:
        query = "select name, late_rows.late_rows from late_rows join files using (source, sha256) order by name"
        return con.execute(query).fetchall()


def restated(settings: Settings, number: int, messages: int) -> None:
    """Brings export `number` of the day, without identities; the higher number is the newer export."""
    rows = [row(10 * number + n, date_time_utc=f"{DAY}T{8 + n % 3:02d}:00:00Z") for n in range(messages)]
    bring(settings, {f"connector-{DAY}T{number:02d}-00-00.csv": export(rows, NO_IDENTITY)})


def test_only_what_would_count_is_called_late(tmp_path: Path) -> None:
    settings = site(tmp_path)
    restated(settings, 1, 3)
    restated(settings, 5, 4)
    retention.seal(settings, DAY, who="ops", why="closed")
    before = warehouse.digest(settings).digest
    restated(settings, 3, 6)
    assert late_rows(settings) == []
    restated(settings, 7, 5)
    assert late_rows(settings) == [(f"connector-{DAY}T07-00-00.csv", 5)]
    assert warehouse.digest(settings).digest == before
    warehouse.rebuild(settings)
    assert warehouse.digest(settings).digest == before
    assert late_rows(settings) == [(f"connector-{DAY}T07-00-00.csv", 5)]


def test_a_retraction_of_a_sealed_file_waits_for_the_seal(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-2026-11-16.csv": export([row(1), row(2)])})
    sealed = retention.seal(settings, DAY, who="ops", why="closed")
    about = {"source": "m365", "sha256": evidence.find(settings, "connector-2026-11-16.csv").receipt.sha256}
    evidence.add_note(settings, "retract", who="ops", why="wrong", **about)
    bring_up(settings)
    assert facts.partitions(settings)[DAY].messages == 2
    retention.revoke(settings, sealed.number, who="ops", why="it has to go")
    bring_up(settings)
    assert facts.partitions(settings) == {}
    with pytest.raises(UsageInvalid, match="takes a seal back"):
        retention.revoke(settings, sealed.number + 2, who="ops", why="seal it as it was")


def test_a_day_is_sealed_once(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-2026-11-16.csv": export([row(1)])})
    retention.seal(settings, DAY, who="ops", why="closed")
    with pytest.raises(UsageInvalid, match="sealed already"):
        retention.seal(settings, DAY, who="ops", why="closed")
    assert len(evidence.notes(settings)) == 1


def test_a_seal_stays_once_raw_data_are_gone_and_rebuild_carries_the_day_over(tmp_path: Path) -> None:
    settings = site(tmp_path, retention={"landed_days": 10})
    bring(settings, {"connector-2026-11-16.csv": export([row(1), row(2)])})
    before = warehouse.digest(settings).digest
    retention.carry_out(settings, retention.plan(settings, date(2026, 12, 20)), who="ops")
    assert not any(item.path.exists() for item in evidence.landed(settings, "m365").values())
    (note,) = evidence.notes(settings)
    with pytest.raises(UsageInvalid, match="were removed since"):
        retention.revoke(settings, note.number, who="ops", why="hm")
    with pytest.raises(UsageInvalid, match="No standing note"):
        retention.revoke(settings, note.number + 1, who="ops", why="hm")
    warehouse.rebuild(settings)
    assert warehouse.digest(settings).digest == before
    bring(settings, {"connector-2026-11-16 late.csv": export([row(1), row(3)])})
    assert late_rows(settings) == [("connector-2026-11-16 late.csv", 2)]
    assert warehouse.digest(settings).digest == before


def _message_more(folder: Path) -> None:
    path = str(folder / "facts.parquet")
    with duckdb.connect() as con:
        con.read_parquet(path).project("* replace (messages + 1 as messages)").create("altered")
        con.table("altered").write_parquet(path)


def _cut(folder: Path) -> None:
    path = folder / "connector_days.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def _gone(folder: Path) -> None:
    (folder / "facts.parquet").unlink()


def _pointer(change: Callable[[str], str]) -> Callable[[Path], None]:
    def altered(folder: Path) -> None:
        path = folder.parent.parent / f"{DAY}.json"
        path.write_text(change(path.read_text()))

    return altered


ALTERED: dict[str, Callable[[Path], None]] = {
    "a message more": _message_more,
    "a file cut short": _cut,
    "a file gone": _gone,
    "another hash noted": _pointer(lambda text: json.dumps(json.loads(text) | {"facts_sha256": "0" * 64})),
    "no JSON": _pointer(lambda text: text[: len(text) // 2]),
    "another shape": _pointer(lambda _: "[]"),
}


@pytest.mark.parametrize("how", ALTERED)
def test_rebuild_stops_at_sealed_facts_that_were_altered(tmp_path: Path, how: str) -> None:
    settings = site(tmp_path)
    other = row(2, date_time_utc=f"{NEXT}T10:00:00Z")
    bring(settings, {"connector-2026-11-16.csv": export([row(1), other])})
    retention.seal(settings, DAY, who="ops", why="closed")
    made = facts.partition(settings, DAY)
    assert made is not None
    open_day = facts.pointer_path(settings, NEXT).read_bytes()
    ALTERED[how](facts.partition_folder(settings, made))
    with pytest.raises(ArchiveBroken, match=f"sealed day {DAY} are not those it was sealed with.*backup"):
        warehouse.rebuild(settings)
    assert facts.pointer_path(settings, NEXT).read_bytes() == open_day
