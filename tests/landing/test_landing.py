"""Landing: bytes unchanged, once; what grew, what came again, what must wait; notes say what counts."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from etl import facts, landing, warehouse
from etl.chain import bring_up
from etl.common import disk
from etl.common.errors import NotFound
from etl.landing import evidence, inbox
from etl.landing.inbox import Copied, Inbox, Offer
from etl.landing.land import _export_at
from etl.ops import check
from etl.settings import Settings
from tests import helpers
from tests.helpers import bring, export, row, site

DAY = date(2026, 11, 16)
LINES = export([row(number) for number in range(30)]).splitlines(keepends=True)
SHORT, MIDDLE, LONG = (b"".join(LINES[:count]) for count in (6, 11, 21))


def states(settings: Settings) -> dict[str, str]:
    """What becomes of each landed file, by name."""
    (files,) = facts.files_by_source(settings)
    return {item.receipt.name: files.states[sha256][0] for sha256, item in files.landed.items()}


def messages(settings: Settings) -> int:
    """All messages of the day."""
    made = facts.partition(settings, DAY)
    return made.messages if made else 0


def land(settings: Settings, name: str, content: bytes) -> landing.LandedFile:
    """Lands one export."""
    path = settings.sources[0].location / name
    path.write_bytes(content)
    return helpers.land(settings, path)


def test_bytes_lie_unchanged_under_their_hash(tmp_path: Path) -> None:
    settings = site(tmp_path)
    landed = land(settings, "connector-2026-11-16.csv", SHORT)
    assert landed.sha256 is not None
    assert evidence.landed_path(settings, "m365", landed.sha256).read_bytes() == SHORT
    receipt = evidence.landed(settings, "m365")[landed.sha256].receipt
    assert (receipt.size, receipt.named_date, receipt.name) == (len(SHORT), DAY, "connector-2026-11-16.csv")


def test_the_same_bytes_again_make_one_more_receipt_line(tmp_path: Path) -> None:
    settings = site(tmp_path)
    first = land(settings, "connector-2026-11-16.csv", SHORT)
    for _ in range(2):
        again = land(settings, "connector-2026-11-16 (1).csv", SHORT)
        assert (again.result, again.duplicate_of) == ("again", "connector-2026-11-16.csv")
    assert land(settings, "connector-2026-11-16.csv", SHORT).duplicate_of is None
    (item,) = evidence.landed(settings, "m365").values()
    assert (item.receipt.sha256, item.receipts) == (first.sha256, 2)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_a_file_that_grew_counts_once_whichever_came_first(tmp_path: Path, order: tuple[int, ...]) -> None:
    settings = site(tmp_path)
    contents = (SHORT, MIDDLE, LONG)
    bring(settings, {f"connector-{number}": contents[number] for number in order})
    assert states(settings) == {"connector-0": "grown", "connector-1": "grown", "connector-2": "counted"}
    assert messages(settings) == 20
    (found,) = facts.files_by_source(settings)
    shortest, *longer = (evidence.find(settings, f"connector-{number}") for number in range(3))
    told = max(item.receipt.sha256 for item in longer)[:12]  # of two, whichever was noted last
    assert found.states[shortest.receipt.sha256] == ("grown", f"{told} begins with it")


def test_a_header_alone_grew_into_nothing(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-2026-11-15": LINES[0], "connector-2026-11-16": SHORT})
    assert set(states(settings).values()) == {"counted"}


def test_a_middle_one_retracted_leaves_the_longest(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-0": SHORT, "connector-1": MIDDLE, "connector-2": LONG})
    about = {"source": "m365", "sha256": evidence.find(settings, "connector-1").receipt.sha256}
    evidence.add_note(settings, "retract", who="test", why="wrong", **about)
    bring_up(settings)
    assert states(settings) == {"connector-0": "grown", "connector-1": "retracted", "connector-2": "counted"}
    assert messages(settings) == 20


def test_the_longest_retracted_brings_the_next_back(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-0": SHORT, "connector-1": MIDDLE, "connector-2": LONG})
    about = {"source": "m365", "sha256": evidence.find(settings, "connector-2").receipt.sha256}
    note = evidence.add_note(settings, "retract", who="test", why="wrong", **about)
    bring_up(settings)
    assert states(settings) == {"connector-0": "grown", "connector-1": "counted", "connector-2": "retracted"}
    assert messages(settings) == 10
    evidence.add_note(settings, "revoke", who="test", why="right after all", revokes=note.number)
    bring_up(settings)
    assert messages(settings) == 20


def test_the_longest_replaced_does_not_bring_its_beginning_back(tmp_path: Path) -> None:
    settings = site(tmp_path)
    corrected = export([row(number, tls_version="TLS1.3") for number in range(4)])
    bring(settings, {"connector-0": SHORT, "connector-1": MIDDLE, "connector-new": corrected})
    found = {name: evidence.find(settings, name).receipt.sha256 for name in ("connector-1", "connector-new")}
    about = {"source": "m365", "sha256": found["connector-1"], "other": found["connector-new"]}
    evidence.add_note(settings, "replace", who="test", why="corrected", **about)
    bring_up(settings)
    assert states(settings) == {"connector-0": "grown", "connector-1": "replaced", "connector-new": "counted"}
    assert messages(settings) == 4


def test_a_longer_file_in_quarantine_leaves_the_shorter_counted(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-0": SHORT, "connector-1": SHORT + b'2026-11-16T10:00:00Z,"open,,,\n' + LINES[9]})
    assert states(settings) == {"connector-0": "counted", "connector-1": "quarantined"}
    assert messages(settings) == 5


def test_a_note_that_is_taken_back_may_be_meant_again(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-0": SHORT})
    about = {"source": "m365", "sha256": evidence.find(settings, "connector-0").receipt.sha256}
    retract = evidence.add_note(settings, "retract", who="a", why="wrong", **about)
    back = evidence.add_note(settings, "revoke", who="b", why="right", revokes=retract.number)
    assert states(settings) == {"connector-0": "counted"}
    evidence.add_note(settings, "revoke", who="c", why="wrong after all", revokes=back.number)
    assert states(settings) == {"connector-0": "retracted"}
    assert [(note.kind, note.who) for note in evidence.history(settings)] == [
        ("retract", "a"), ("revoke", "b"), ("revoke", "c"),
    ]  # fmt: skip


def test_a_landed_file_is_found_by_name_path_and_hash(tmp_path: Path) -> None:
    settings = site(tmp_path)
    landed = land(settings, "connector-2026-11-16.csv", SHORT)
    land(settings, "connector-2026-11-17.csv", export([row(77)]))
    assert landed.sha256 is not None
    (tmp_path / "elsewhere").write_bytes(SHORT)
    for text in (landed.sha256[:8], landed.sha256, "connector-2026-11-16.csv", str(tmp_path / "elsewhere")):
        assert evidence.find(settings, text).receipt.sha256 == landed.sha256
    for text in ("connector", landed.sha256[:7], "none.csv", ""):
        with pytest.raises(NotFound):
            evidence.find(settings, text)


def test_the_day_of_a_run_takes_the_files_named_for_it(tmp_path: Path) -> None:
    settings = site(tmp_path)
    folder = settings.sources[0].location
    for name in ("connector-2026-11-16.csv", "connector-20261116_b.csv", "connector-2026-11-17.csv",
                 ".connector-2026-11-16", "other-2026-11-16.csv", "connector-2026-13-16.csv"):  # fmt: skip
        (folder / name).write_bytes(export([row(1, connector_name=name)]))
    collected = landing.collect(settings, data_date=DAY)
    assert [item.name for item in collected.files] == ["connector-2026-11-16.csv", "connector-20261116_b.csv"]
    assert collected.missing == []
    assert landing.collect(settings, data_date=date(2026, 11, 18)).missing == [("m365", date(2026, 11, 18))]


def test_export_time_is_the_one_in_the_name_else_the_files_own(tmp_path: Path) -> None:
    settings = site(tmp_path)
    named = land(settings, "connector-2026-11-16T07-30-05Z.csv", SHORT)
    plain = settings.sources[0].location / "connector-2026-11-17.csv"
    plain.write_bytes(LONG)
    os.utime(plain, (1_800_000_000, 1_800_000_000))
    other = helpers.land(settings, plain)
    found = evidence.landed(settings, "m365")
    assert found[str(named.sha256)].receipt.export_at.isoformat() == "2026-11-16T07:30:05+00:00"
    assert found[str(other.sha256)].receipt.export_at.timestamp() == 1_800_000_000


def _land_all(settings: Settings) -> None:
    landing.collect(settings)


def test_landing_at_once_lands_once(tmp_path: Path) -> None:
    settings = site(tmp_path)
    for number in range(8):
        content = b"".join(LINES[: number + 3])
        (settings.sources[0].location / f"connector-2026-11-16_{number}.csv").write_bytes(content)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_land_all, args=(settings,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    found = evidence.landed(settings, "m365")
    assert len(found) == 8
    assert {item.receipts for item in found.values()} == {1}
    assert all(disk.sha256_of(item.path) == sha256 for sha256, item in found.items())
    bring_up(settings)
    assert messages(settings) == 9
    assert sorted(states(settings).values()) == ["counted", *["grown"] * 7]


def test_killed_before_the_receipt_nothing_has_landed_and_again_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "append_numbered", lambda *_, **__: os._exit(137))
        child = multiprocessing.get_context("fork").Process(target=land, args=(settings, "connector-1", SHORT))
        child.start()
        child.join()
        assert child.exitcode == 137
    assert evidence.landed(settings, "m365") == {}
    bring(settings, {"connector-1": SHORT})
    assert messages(settings) == 5
    assert warehouse.digest(settings).days == 1


class Shelf(Inbox):
    """A place that is no folder: names and bytes, each version with a number of its own."""

    def __init__(self, **exports: bytes) -> None:
        self.exports, self.number, self.growing = exports, 1, False

    def offers(self) -> list[Offer]:
        return [item for name in sorted(self.exports) if (item := self.offer(name))]

    def offer(self, name: str) -> Offer | None:
        content = self.exports.get(name)
        return None if content is None else Offer(name, len(content), datetime(2026, 11, 17, tzinfo=UTC), self.number)

    def head(self, name: str) -> bytes:
        return self.exports[name][:65536]

    def copy(self, name: str, target: Path, beginnings: Sequence[int] = ()) -> Copied:
        content = self.exports[name]
        target.write_bytes(content)
        self.number += self.growing
        firsts = {size: hashlib.sha256(content[:size]).hexdigest() for size in beginnings}
        return Copied(hashlib.sha256(content).hexdigest(), len(content), firsts)

    def may_read(self, name: str) -> bool:
        return name in self.exports

    def trouble(self) -> None:
        return None


def test_landing_asks_a_place_for_no_more_than_the_port_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = site(tmp_path)
    names = {"connector-2026-11-16": SHORT, "connector-2026-11-17": MIDDLE, "other": LONG}
    shelf = Shelf(**names)
    monkeypatch.setattr(inbox, "of", lambda _source: shelf)
    assert [item.result for item in landing.collect(settings).files] == ["landed", "landed"]
    assert [item.result for item in landing.collect(settings).files] == ["again", "again"]
    bring_up(settings)
    assert states(settings) == {"connector-2026-11-16": "grown", "connector-2026-11-17": "counted"}
    assert {item.receipt.export_at for item in evidence.landed(settings, "m365").values()} == {
        datetime(2026, 11, 17, tzinfo=UTC)
    }
    assert check.source_check(settings.sources[0]).found == "2 of 3 file(s) fit connector-{date}*"
    shelf.exports["connector-2026-11-18"], shelf.growing = LONG, True
    taken = landing.collect(settings, data_date=date(2026, 11, 18))
    assert [(item.name, item.result) for item in taken.files] == [("connector-2026-11-18", "growing")]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("trace_2026-11-16_2026-11-22.csv", None),
        ("trace-20261116-20261122.csv", None),
        ("trace_20261116T073005Z.csv", "2026-11-16T07:30:05+00:00"),
        ("trace-20261116073005123.csv", "2026-11-16T07:30:05+00:00"),
        ("trace_2026-11-16_07-30-05.csv", "2026-11-16T07:30:05+00:00"),
    ],
)
def test_a_first_and_a_last_day_in_a_name_are_no_time(name: str, at: str | None) -> None:
    changed = datetime(2026, 11, 25, tzinfo=UTC)
    assert _export_at(Offer(name, 0, changed, 0)).isoformat() == (at or changed.isoformat())
