"""The conformance set: archives with one defect each, and what `verify` calls it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785

from etl.archive import bag, ledger
from etl.archive.shelf import Folder
from etl.audit.verify import verify
from etl.common.errors import UsageInvalid
from tests.archive import handmade


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five entries: W46 e1, W47 e1, W46 e2, a release of W46 e2, W48 e1."""
    archive = tmp_path / "archive"
    handmade.add(archive, "2026-W46")
    handmade.add(archive, "2026-W47")
    second = handmade.add(archive, "2026-W46", origin="manual", cells={("inbound", "A", "TLS 1.2"): 1})
    release = replace(
        second, number=4, previous=second.hash, kind="release", origin="scheduled", supersedes=None, reasons=()
    )
    ledger.append(Folder(archive), release)
    handmade.add(archive, "2026-W48")
    (archive / "index.html").write_bytes(b"page")
    handmade.unlock(archive)
    return archive


def entry_file(archive: Path, number: int) -> Path:
    return archive / "ledger" / f"{number:08d}.json"


def edit(path: Path, **values: object) -> None:
    path.write_bytes(rfc8785.dumps(json.loads(path.read_bytes()) | values))


def swap(archive: Path, one: int, other: int) -> None:
    first, second = entry_file(archive, one).read_bytes(), entry_file(archive, other).read_bytes()
    entry_file(archive, one).write_bytes(second)
    entry_file(archive, other).write_bytes(first)


def copy(archive: Path, one: int, other: int) -> None:
    entry_file(archive, other).write_bytes(entry_file(archive, one).read_bytes())


def behind_link(path: Path) -> None:
    """Moves a file or folder out of the archive and leaves a link in its place."""
    archive = next(parent for parent in path.parents if (parent / "index.html").exists())
    away = archive.with_name("away")
    path.rename(away)
    path.symlink_to(away)


def rewrite(archive: Path, number: int) -> None:
    """Changes an entry and chains all later ones to it anew, as somebody who knows the format would."""
    entries = ledger.read(Folder(archive))
    entries[number - 1] = replace(entries[number - 1], made_at="2026-01-01T00:00:00Z")
    for place in range(number, len(entries)):
        entries[place] = replace(entries[place], previous=entries[place - 1].hash)
    for entry in entries:
        entry_file(archive, entry.number).write_bytes(entry.content)


def rebag(archive: Path, folder: str) -> None:
    """Changes a file of a bag and writes its manifests anew."""
    path = archive / folder
    files = {f.relative_to(path / "data").as_posix(): f.read_bytes() for f in (path / "data").rglob("*") if f.is_file()}
    shutil.rmtree(path)
    bag.write(Folder(archive), folder, files | {"facts.csv": b"changed"}, {"Bagging-Date": "2026-11-23"})


DEFECTS: list[tuple[str, Callable[[Path], object], tuple[int, str, str]]] = [
    (
        "file altered",
        lambda a: (a / "2026/W47/e1/data/facts.csv").write_bytes(b""),
        (2, "altered", "2026/W47/e1/data/facts.csv"),
    ),
    (
        "file missing",
        lambda a: (a / "2026/W47/e1/data/en/report.pdf").unlink(),
        (2, "missing", "2026/W47/e1/data/en/report.pdf"),
    ),
    ("file extra", lambda a: (a / "2026/W47/e1/data/x").write_bytes(b""), (2, "extra", "2026/W47/e1/data/x")),
    (
        "manifest altered",
        lambda a: (a / "2026/W47/e1" / bag.MANIFEST).write_bytes(b""),
        (2, "altered", "2026/W47/e1/" + bag.MANIFEST),
    ),
    ("bag made anew", lambda a: rebag(a, "2026/W47/e1"), (2, "altered", "2026/W47/e1/" + bag.TAGMANIFEST)),
    ("bag missing", lambda a: shutil.rmtree(a / "2026/W46/e2"), (3, "missing", "2026/W46/e2")),
    (
        "bag emptied",
        lambda a: [shutil.rmtree(a / "2026/W46/e2"), (a / "2026/W46/e2").mkdir()],
        (3, "missing", "2026/W46/e2/bag-info.txt"),
    ),
    ("bag renamed", lambda a: (a / "2026/W46/e2").rename(a / "2026/W46/e3"), (3, "missing", "2026/W46/e2")),
    (
        "bag replaced by another",
        lambda a: [shutil.rmtree(a / "2026/W46/e2"), shutil.copytree(a / "2026/W46/e1", a / "2026/W46/e2")],
        (3, "altered", "2026/W46/e2/" + bag.TAGMANIFEST),
    ),
    ("entry altered", lambda a: edit(entry_file(a, 2), origin="manual"), (2, "altered", "ledger/00000002.json")),
    (
        "entry's predecessor altered",
        lambda a: edit(entry_file(a, 2), previous="0" * 64),
        (2, "altered", "ledger/00000002.json"),
    ),
    (
        "entry names another bag",
        lambda a: edit(entry_file(a, 2), bag="../../../etc"),
        (2, "altered", "ledger/00000002.json"),
    ),
    (
        "entry not canonical",
        lambda a: entry_file(a, 2).write_bytes(entry_file(a, 2).read_bytes() + b"\n"),
        (2, "altered", "ledger/00000002.json"),
    ),
    ("entry emptied", lambda a: entry_file(a, 2).write_bytes(b""), (2, "altered", "ledger/00000002.json")),
    ("release altered", lambda a: edit(entry_file(a, 4), origin="backfill"), (4, "altered", "ledger/00000004.json")),
    ("last entry altered", lambda a: edit(entry_file(a, 5), origin="manual"), (5, "altered", "ledger/00000005.json")),
    (
        "last entry's time altered",
        lambda a: edit(entry_file(a, 5), made_at="2020-01-01T00:00:00Z"),
        (5, "altered", "ledger/00000005.json"),
    ),
    ("first entry altered", lambda a: edit(entry_file(a, 1), basis="0" * 64), (1, "altered", "ledger/00000001.json")),
    ("rest of the ledger written anew", lambda a: rewrite(a, 2), (2, "altered", "ledger/00000002.json")),
    ("entry missing", lambda a: entry_file(a, 2).unlink(), (2, "missing", "ledger/00000002.json")),
    ("first entry missing", lambda a: entry_file(a, 1).unlink(), (1, "missing", "ledger/00000001.json")),
    ("entries swapped", lambda a: swap(a, 1, 2), (1, "reordered", "ledger/00000001.json")),
    ("last entry missing", lambda a: entry_file(a, 5).unlink(), (5, "not-in-ledger", "2026/W48/e1")),
    ("last entries missing", lambda a: [entry_file(a, n).unlink() for n in (3, 4, 5)], (3, "cut-off", "ledger")),
    (
        "stray edition",
        lambda a: shutil.copytree(a / "2026/W46/e1", a / "2026/W46/e9"),
        (6, "not-in-ledger", "2026/W46/e9"),
    ),
    ("empty stray edition", lambda a: (a / "2026/W45/e1").mkdir(parents=True), (6, "not-in-ledger", "2026/W45/e1")),
    ("stray file", lambda a: (a / "2026/W47/notes.txt").write_bytes(b""), (6, "extra", "2026/W47/notes.txt")),
    ("stray file on top", lambda a: (a / "notes.txt").write_bytes(b""), (6, "extra", "notes.txt")),
    ("stray file in the ledger", lambda a: (a / "ledger/1.json").write_bytes(b""), (6, "extra", "ledger/1.json")),
    ("entry copied to the end", lambda a: copy(a, 2, 6), (6, "reordered", "ledger/00000006.json")),
    ("last entry twice", lambda a: copy(a, 5, 6), (6, "reordered", "ledger/00000006.json")),
    ("entry copied over another", lambda a: copy(a, 1, 3), (3, "reordered", "ledger/00000003.json")),
    ("later entries swapped", lambda a: swap(a, 4, 5), (4, "reordered", "ledger/00000004.json")),
    ("an entry behind a link", lambda a: behind_link(entry_file(a, 3)), (3, "altered", "ledger/00000003.json")),
    ("a bag behind a link", lambda a: behind_link(a / "2026/W47/e1"), (2, "missing", "2026/W47/e1")),
    ("a folder behind a link", lambda a: behind_link(a / "2026/W47"), (2, "missing", "2026/W47/e1")),
    (
        "entry with a further key",
        lambda a: edit(entry_file(a, 2), note="x"),
        (2, "altered", "ledger/00000002.json"),
    ),
    ("entry says another edition", lambda a: edit(entry_file(a, 3), edition=3), (3, "altered", "ledger/00000003.json")),
    ("ledger gone", lambda a: shutil.rmtree(a / "ledger"), (1, "cut-off", "ledger")),
    ("stray entry", lambda a: entry_file(a, 7).write_bytes(b"{}"), (6, "missing", "ledger/00000006.json")),
]


@pytest.mark.parametrize(("break_it", "expected"), [d[1:] for d in DEFECTS], ids=[d[0] for d in DEFECTS])
def test_each_defect_is_told_by_its_name_and_is_the_first(
    archive: Path, break_it: Callable[[Path], object], expected: tuple[int, str, str]
) -> None:
    break_it(archive)
    found = verify(Folder(archive))
    assert found
    assert (found[0].number, found[0].kind, found[0].path) == expected


def test_a_sound_archive_has_no_findings(archive: Path) -> None:
    assert verify(Folder(archive)) == []
    for entry in ledger.read(Folder(archive)):
        assert verify(Folder(archive), entry.hash) == []
        assert verify(Folder(archive), entry.hash[:16].upper()) == []


def test_no_archive_yet_has_no_findings(tmp_path: Path) -> None:
    assert verify(Folder(tmp_path / "archive")) == []


def test_unfinished_work_of_a_running_process_is_no_finding(archive: Path) -> None:
    (archive / "2026/W47/.partial-x").mkdir()
    (archive / "ledger/.partial-y").write_bytes(b"")
    assert verify(Folder(archive)) == []


def test_an_old_head_shows_that_the_newest_editions_were_dropped(archive: Path) -> None:
    entries = ledger.read(Folder(archive))
    entry_file(archive, 5).unlink()
    shutil.rmtree(archive / "2026/W48")
    assert verify(Folder(archive)) == [], "without a witness nothing can be seen"
    assert [(f.kind, f.number) for f in verify(Folder(archive), entries[4].hash)] == [("cut-off", 5)]
    assert verify(Folder(archive), entries[3].hash) == []


def test_an_old_head_shows_that_everything_was_written_anew(
    archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old = ledger.read(Folder(archive))[1].hash
    forged = tmp_path_factory.mktemp("forged")
    handmade.add(forged, "2026-W46", cells={("inbound", "A", "TLS 1.3"): 7})
    handmade.add(forged, "2026-W47")
    assert verify(Folder(forged)) == []
    assert [f.kind for f in verify(Folder(forged), old)] == ["cut-off"]


@pytest.mark.parametrize("head", ["", "abc", "xyz" * 20, "0" * 65])
def test_what_is_no_head_is_refused(archive: Path, head: str) -> None:
    with pytest.raises(UsageInvalid, match="no ledger head"):
        verify(Folder(archive), head)


def test_names_are_shown_so_that_no_terminal_acts_on_them(archive: Path) -> None:
    for name in (b"a\nb", b"\x1b[2J", b"\xff", "Ä\u202e".encode()):
        (archive / "2026/W47/e1/data" / os.fsdecode(name)).write_bytes(b"")
    found = [finding.path.rpartition("/")[2] for finding in verify(Folder(archive))]
    assert found == ["\\udcff", "\\x1b[2J", "a\\nb", "Ä\\u202e"]


def test_findings_name_period_and_edition(archive: Path) -> None:
    (archive / "2026/W46/e2/data/facts.csv").write_bytes(b"")
    (archive / "2026/W48/e1/data/facts.csv").write_bytes(b"")
    assert [(f.number, f.period, f.edition) for f in verify(Folder(archive))] == [
        (3, "2026-W46", 2),
        (5, "2026-W48", 1),
    ]
