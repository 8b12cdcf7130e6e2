"""The ledger: canonical bytes, chained, create-exclusive."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785

from etl.archive import ledger
from etl.archive.shelf import Folder
from etl.common.errors import ArchiveBroken
from tests.archive import handmade


def test_an_entry_is_canonical_json_and_its_hash_is_that_of_a_leaf(tmp_path: Path) -> None:
    entry = handmade.add(tmp_path)
    content = (tmp_path / "ledger" / "00000001.json").read_bytes()
    assert content == rfc8785.dumps(json.loads(content))
    assert entry.hash == hashlib.sha256(b"\x00" + content).hexdigest()
    assert ledger.parse(content) == entry


def test_each_entry_holds_the_hash_of_the_one_before(tmp_path: Path) -> None:
    entries = [handmade.add(tmp_path), handmade.add(tmp_path), handmade.add(tmp_path, "2026-W48")]
    assert [entry.previous for entry in entries] == [None, entries[0].hash, entries[1].hash]
    assert ledger.read(Folder(tmp_path)) == entries
    assert ledger.head(entries) == entries[2].hash


def test_a_number_can_be_taken_once(tmp_path: Path) -> None:
    entry = handmade.add(tmp_path)
    with pytest.raises(FileExistsError):
        ledger.append(Folder(tmp_path), replace(entry, origin="manual"))
    assert ledger.read(Folder(tmp_path)) == [entry]
    assert (tmp_path / "ledger" / "00000001.json").stat().st_mode & 0o777 == 0o440


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b'"x"', b"\xff", b'{"number":1}',
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        ledger.parse(content)


def test_other_bytes_for_the_same_entry_are_refused(tmp_path: Path) -> None:
    content = handmade.add(tmp_path).content
    with pytest.raises(ValueError, match="canonical"):
        ledger.parse(json.dumps(json.loads(content), indent=1).encode())


def test_nothing_is_added_to_a_broken_ledger(tmp_path: Path) -> None:
    for _ in range(3):
        handmade.add(tmp_path)
    (tmp_path / "ledger" / "00000002.json").unlink()
    with pytest.raises(ArchiveBroken, match="00000003"):
        ledger.read(Folder(tmp_path))


def test_a_release_makes_an_edition_count_as_regular(tmp_path: Path) -> None:
    entry = handmade.add(tmp_path, origin="manual")
    taken = replace(entry, number=2, previous=entry.hash, kind="release", origin="scheduled", supersedes=None)
    ledger.append(Folder(tmp_path), taken)
    entries = ledger.read(Folder(tmp_path))
    assert ledger.origin(entries[:1], entry) == "manual"
    assert ledger.origin(entries, entry) == "scheduled"
    assert ledger.editions(entries, "2026-W47") == [entry]
