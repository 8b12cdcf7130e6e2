"""Bags: whole or not at all, the same bytes for the same input, and every defect named."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest

from etl.archive import bag
from etl.archive.bag import Problem
from etl.archive.shelf import Folder
from etl.common.errors import ArchiveBroken
from tests.helpers import unprivileged

PAYLOAD = {"facts.csv": b"a,b\n1,2\n", "en/report.pdf": b"%PDF", "en/mail.txt": b"Hello\n"}
INFO = {"Bagging-Date": "2026-11-23", "External-Identifier": "2026/W47/e1"}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "2026" / "W47" / "e1"
    bag.write(Folder(path.parent), path.name, PAYLOAD, INFO)
    return path


def unlock(path: Path) -> None:
    for item in (path, *path.rglob("*")):
        item.chmod(0o750 if item.is_dir() else 0o640)


def test_a_bag_is_valid_for_bagit_and_for_sha256sum(made: Path) -> None:
    assert bagit.Bag(str(made)).validate()
    assert bag.check(Folder(made), "") == []
    for manifest in (bag.MANIFEST, bag.TAGMANIFEST):
        subprocess.run(["sha256sum", "--check", "--strict", manifest], cwd=made, check=True, capture_output=True)
    assert bag.bag_hash(Folder(made), "") == hashlib.sha256((made / bag.TAGMANIFEST).read_bytes()).hexdigest()


def test_the_same_input_gives_the_same_bytes_whatever_its_order(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    bag.write(Folder(other.parent), other.name, dict(reversed(PAYLOAD.items())), dict(reversed(INFO.items())))
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    assert all((made / file).read_bytes() == (other / file).read_bytes() for file in files)


def test_nobody_may_write_afterwards(made: Path) -> None:
    modes = {stat.S_IMODE(item.stat().st_mode) for item in (made, *made.rglob("*")) if item.is_file()}
    folders = {stat.S_IMODE(item.stat().st_mode) for item in (made, *made.rglob("*")) if item.is_dir()}
    assert (modes, folders) == ({0o440}, {0o550})


def test_no_temporary_name_is_left(made: Path) -> None:
    assert [item.name for item in made.parent.iterdir()] == ["e1"]


def test_a_place_that_is_taken_is_refused_and_stays(made: Path) -> None:
    before = bag.bag_hash(Folder(made), "")
    with pytest.raises(ArchiveBroken, match="already holds something else"):
        bag.write(Folder(made.parent), made.name, {"facts.csv": b"other"}, INFO)
    assert bag.bag_hash(Folder(made), "") == before
    assert bag.check(Folder(made), "") == []


def test_the_same_bag_again_is_taken_for_written(made: Path) -> None:
    assert bag.write(Folder(made.parent), made.name, PAYLOAD, INFO) == bag.bag_hash(Folder(made), "")


@pytest.mark.parametrize("name", ["../out", "/abs", "a\nb", "a b", "", "a//b", ".hidden", "é.txt"])
def test_names_that_could_leave_the_bag_or_break_a_manifest_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        bag.write(Folder(tmp_path), "e1", {name: b""}, INFO)
    assert not (tmp_path / "e1").exists()


def test_a_line_break_in_the_info_makes_no_line_of_its_own(tmp_path: Path) -> None:
    bag.write(Folder(tmp_path), "e1", PAYLOAD, {"Source-Organization": "Contoso\nPayload-Oxum: 0.0"})
    assert bagit.Bag(str(tmp_path / "e1")).info["Source-Organization"] == "Contoso Payload-Oxum: 0.0"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def append(path: Path, text: str) -> None:
    path.write_bytes(path.read_bytes() + text.encode())


def link(path: Path) -> None:
    content = path.read_bytes()
    target = path.parent.parent.parent.parent / "elsewhere"
    target.write_bytes(content)
    path.unlink()
    path.symlink_to(target)


def first_line(path: Path) -> str:
    return path.read_text().splitlines(keepends=True)[0]


def capitals(path: Path) -> None:
    path.write_text("".join(line[:64].upper() + line[64:] for line in path.read_text().splitlines(keepends=True)))


def mark(path: Path) -> None:
    path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())


def crlf(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def forget(path: Path) -> None:
    """Changes the manifest, and takes its line out of the tagmanifest."""
    append(path.parent / bag.MANIFEST, f"{'0' * 64}  data/x\n")
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if bag.MANIFEST not in line))


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def move(path: Path) -> None:
    path.rename(path.parent.parent.parent / "moved")
    path.symlink_to(path.parent.parent.parent / "moved")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "x").write_bytes(b"")


DEFECTS: list[tuple[str, Callable[[Path], object], Problem]] = [
    ("flipped bit", lambda b: flip(b / "data/facts.csv"), Problem("data/facts.csv", "altered")),
    ("longer", lambda b: append(b / "data/facts.csv", "x"), Problem("data/facts.csv", "altered")),
    ("emptied", lambda b: (b / "data/facts.csv").write_bytes(b""), Problem("data/facts.csv", "altered")),
    ("missing", lambda b: (b / "data/en/mail.txt").unlink(), Problem("data/en/mail.txt", "missing")),
    ("extra", lambda b: (b / "data/more.csv").write_bytes(b""), Problem("data/more.csv", "extra")),
    ("extra beside", lambda b: (b / "notes.txt").write_bytes(b""), Problem("notes.txt", "extra")),
    ("extra folder", lambda b: (b / "data/empty").mkdir(), Problem("data/empty/", "extra")),
    ("fetch.txt", lambda b: (b / "fetch.txt").write_bytes(b""), Problem("fetch.txt", "extra")),
    ("declaration changed", lambda b: append(b / bag.BAGIT, " "), Problem(bag.BAGIT, "altered")),
    ("declaration missing", lambda b: (b / bag.BAGIT).unlink(), Problem(bag.BAGIT, "missing")),
    ("info missing", lambda b: (b / bag.INFO).unlink(), Problem(bag.INFO, "missing")),
    ("manifest missing", lambda b: (b / bag.MANIFEST).unlink(), Problem(bag.MANIFEST, "missing")),
    ("tagmanifest missing", lambda b: (b / bag.TAGMANIFEST).unlink(), Problem(bag.TAGMANIFEST, "missing")),
    ("manifest line added", lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  data/x\n"), Problem("data/x", "missing")),
    (
        "manifest climbs out",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  data/../../x\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    (
        "manifest absolute",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  /etc/passwd\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    (
        "manifest twice",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  data/facts.csv\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    ("manifest not text", lambda b: (b / bag.MANIFEST).write_bytes(b"\xff\xfe"), Problem(bag.MANIFEST, "altered")),
    (
        "manifest with a dot",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  ./data/x\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    (
        "manifest at home",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  ~/data/x\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    (
        "manifest with a backslash",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  data\\x\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    (
        "manifest names a tag file",
        lambda b: append(b / bag.MANIFEST, f"{'0' * 64}  bagit.txt\n"),
        Problem(bag.MANIFEST, "altered"),
    ),
    (
        "a file twice with its own hash",
        lambda b: append(b / bag.MANIFEST, first_line(b / bag.MANIFEST)),
        Problem(bag.MANIFEST, "altered"),
    ),
    ("manifest in capitals", lambda b: capitals(b / bag.MANIFEST), Problem(bag.MANIFEST, "altered")),
    ("manifest with a byte order mark", lambda b: mark(b / bag.MANIFEST), Problem(bag.MANIFEST, "altered")),
    ("manifest with CRLF", lambda b: crlf(b / bag.MANIFEST), Problem(bag.MANIFEST, "altered")),
    ("manifest cut off", lambda b: cut(b / bag.MANIFEST), Problem(bag.MANIFEST, "altered")),
    ("manifest empty", lambda b: (b / bag.MANIFEST).write_bytes(b""), Problem(bag.MANIFEST, "altered")),
    ("tagmanifest forgets the manifest", lambda b: forget(b / bag.TAGMANIFEST), Problem(bag.TAGMANIFEST, "altered")),
    ("declaration with a byte order mark", lambda b: mark(b / bag.BAGIT), Problem(bag.BAGIT, "altered")),
    (
        "another algorithm's manifest",
        lambda b: (b / "manifest-md5.txt").write_bytes(b""),
        Problem("manifest-md5.txt", "extra"),
    ),
    (
        "a name in capitals",
        lambda b: (b / "data/facts.csv").rename(b / "data/FACTS.csv"),
        Problem("data/FACTS.csv", "extra"),
    ),
    ("a line break in a name", lambda b: (b / "data/a\nb").write_bytes(b""), Problem("data/a\nb", "extra")),
    ("a name in two normal forms", lambda b: (b / "data/e\u0301").write_bytes(b""), Problem("data/e\u0301", "extra")),
    (
        "a name that is no text",
        lambda b: (b / os.fsdecode(b"data/\xff")).write_bytes(b""),
        Problem("data/\udcff", "extra"),
    ),
    ("a pipe in its place", lambda b: pipe(b / "data/facts.csv"), Problem("data/facts.csv", "altered")),
    ("a link to nowhere", lambda b: (b / "data/x").symlink_to("nowhere"), Problem("data/x", "extra")),
    ("a folder behind a link", lambda b: move(b / "data/en"), Problem("data/en/mail.txt", "missing")),
    ("a folder in its place", lambda b: folder(b / "data/facts.csv"), Problem("data/facts.csv", "missing")),
    ("a link in its place", lambda b: link(b / "data/facts.csv"), Problem("data/facts.csv", "altered")),
]


@pytest.mark.parametrize(("break_it", "problem"), [d[1:] for d in DEFECTS], ids=[d[0] for d in DEFECTS])
def test_each_defect_is_named(made: Path, break_it: Callable[[Path], object], problem: Problem) -> None:
    unlock(made)
    break_it(made)
    assert problem in bag.check(Folder(made), "")


def test_what_may_not_be_read_is_named_and_the_rest_is_checked(made: Path) -> None:
    unlock(made)
    (made / "data/facts.csv").chmod(0)
    (made / "data/en").chmod(0)
    (made / "data/more.csv").write_bytes(b"")
    with unprivileged(made.parent):
        found = bag.check(Folder(made), "")
    (made / "data/en").chmod(0o750)
    assert Problem("data/facts.csv", "altered") in found
    assert Problem("data/more.csv", "extra") in found
    assert any(problem.file.startswith("data/en") for problem in found)


def test_an_unreadable_tagmanifest_is_no_hash(made: Path) -> None:
    unlock(made)
    (made / bag.TAGMANIFEST).chmod(0)
    with unprivileged(made.parent):
        assert bag.bag_hash(Folder(made), "") is None
        assert Problem(bag.TAGMANIFEST, "altered") in bag.check(Folder(made), "")
