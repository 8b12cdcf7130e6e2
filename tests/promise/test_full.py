"""A disk that is full, broken or read-only, and folders that may not be written: said clearly, and made good later.

The disk fails as the system says it does: by its limit on a file's size, which runs everywhere, or at the n-th place
where something is written. Rights are tried as a user who has none, since root's tests of rights pass for nothing.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from etl import facts, staging, warehouse
from etl.common.errors import StorageFull, TransitLedgerError
from etl.ops import status
from tests.helpers import NOBODY, export, row
from tests.promise.killing import full_disk
from tests.promise.test_histories import finish, told
from tests.promise.test_killed import GROWN, PREFIX, Reader, at, begun, drop, ingest, publish

Outcome = tuple[warehouse.Digest, dict[str, list[tuple[Any, ...]]]]
ERRORS = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a day ingested, and a second, longer export still to come."""
    folder = begun(tmp_path_factory.mktemp("base"))
    drop(folder, f"{PREFIX} grown.csv", GROWN)
    return folder


@pytest.fixture(scope="module")
def undisturbed(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What the same site comes to where the second export comes in without trouble."""
    folder = tmp_path_factory.mktemp("undisturbed") / "site"
    shutil.copytree(base, folder)
    return outcome(folder)


def outcome(folder: Path) -> Outcome:
    """Digest and warehouse after one more run."""
    finish(at(folder))
    return warehouse.digest(at(folder)), told(at(folder))


def made_good(folder: Path, undisturbed: Outcome) -> None:
    """After room is made, the next run comes to what it would have come to."""
    assert outcome(folder) == undisturbed


def refused(work: Callable[[], object], place: int) -> str | None:
    """What `work` says where the disk fails from `place` on; nothing where it does not come that far."""
    try:
        with full_disk(place, ERRORS[place % len(ERRORS)]):
            work()
    except StorageFull as error:
        return str(error)
    return None


def fails_from(places: range, base: Path, undisturbed: Outcome, folder: Path) -> int:
    """Lets the disk fail from each of `places` on; how many of these an ingest came to."""
    reader, came = Reader({(2, 2), (3, 2)}), 0
    for place in places:
        case = folder / "case"
        shutil.copytree(base, case)
        said = refused(lambda case=case: ingest(case), place)  # type: ignore[misc]  # bound per turn
        came += said is not None
        assert said is None or "Make room, correct the permissions or name another folder in [storage]" in said, place
        if reader.is_new(case):
            reader.look(case)
            made_good(case, undisturbed)
        shutil.rmtree(case)
    return came


def test_a_disk_that_fails_at_some_place_is_told_and_made_good(
    tmp_path: Path, base: Path, undisturbed: Outcome
) -> None:
    assert fails_from(range(1, 160, 11), base, undisturbed, tmp_path) > 10


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_disk_that_fails_at_any_place_is_told_and_made_good(tmp_path: Path, base: Path, undisturbed: Outcome) -> None:
    assert fails_from(range(1, 200), base, undisturbed, tmp_path) > 100


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_an_edition_that_finds_no_room_is_made_later(tmp_path: Path, base: Path) -> None:
    case = tmp_path / "case"
    shutil.copytree(base, case)
    for place in range(1, 60, 7):
        with full_disk(place), pytest.raises(StorageFull):
            publish(case)
        assert not list(at(case).storage.archive_path.glob("ledger/*.json"))
    publish(case)
    assert len(list(at(case).storage.archive_path.glob("ledger/*.json"))) == 1


def apart(work: Callable[[], object], before: Callable[[], object]) -> str:
    """Runs `before`, then `work`, in a process of its own; what error of ours it came to, or nothing."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_apart, args=(work, before, theirs))
    child.start()
    theirs.close()
    said = str(ours.recv())
    child.join()
    return said


def _apart(work: Callable[[], object], before: Callable[[], object], answer: Connection) -> None:
    before()
    try:
        work()
    except TransitLedgerError as error:
        answer.send(f"{type(error).__name__}: {error}")
    except BaseException as error:  # noqa: BLE001  told to the parent, where it fails the test
        answer.send(f"{type(error).__name__}: {error}")
    else:
        answer.send("")


@pytest.mark.parametrize("size", [100, 3_000, 60_000])
def test_no_file_may_grow_beyond_a_size(tmp_path: Path, base: Path, undisturbed: Outcome, size: int) -> None:
    case = tmp_path / "case"
    shutil.copytree(base, case)
    said = apart(lambda: ingest(case), lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert said.startswith("StorageFull: "), said
    Reader({(2, 2), (3, 2)}).look(case)
    made_good(case, undisturbed)


@pytest.fixture
def case(base: Path) -> Iterator[Path]:
    """A copy of the site that belongs to a user without rights elsewhere, outside pytest's folders, which are closed to
    that user by every pytest that begins."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "case"
        shutil.copytree(base, folder)
        if os.geteuid() == 0:
            for path in (Path(name), folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        yield folder


def become_nobody() -> None:
    """Makes this process, if it is root's, that user's."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


CLOSED = (
    "",
    "landed/m365",
    "receipts/m365",
    "staged/m365",
    "facts",
    "facts/2026-11-16",
    "work/staging",
    "work",
    "locks",
)


@pytest.mark.parametrize("part", CLOSED)
def test_a_folder_that_may_not_be_written(case: Path, undisturbed: Outcome, part: str) -> None:
    closed = case / "data" / part
    closed.chmod(0o500)
    said = apart(lambda: ingest(case), become_nobody)
    closed.chmod(0o750)
    assert said.startswith("StorageFull: "), said
    assert "Permission denied" in said
    Reader({(2, 2), (3, 2)}).look(case)
    assert apart(lambda: made_good(case, undisturbed), become_nobody) == ""


def test_status_tells_of_a_disk_that_may_not_be_written(case: Path) -> None:
    publish(case)
    for path in (case, *case.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def looked() -> None:
        found = status.status(at(case))
        assert found["editions"]
        assert found["days"]
        raise StorageFull("; ".join(item["what"] for item in found["trouble"]))

    said = apart(looked, become_nobody)
    assert said.startswith("StorageFull: "), said
    assert "which editions are out of date can't be worked out: could not write" in said.replace("Which", "which")
    for path in (case, *case.rglob("*")):
        path.chmod(0o700)


def test_what_may_not_be_read_is_told(case: Path) -> None:
    (case / "data" / "hash.key").chmod(0)
    said = apart(lambda: ingest(case), become_nobody)
    assert "hash.key" in said
    assert "Permission denied" in said


def test_no_rows_are_lost_where_the_last_write_failed(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    drop(folder, f"{PREFIX} other.csv", export([row(9)]))
    settings = at(folder)
    with full_disk(40), pytest.raises(StorageFull):
        ingest(folder)
    ingest(folder)
    assert sum(made.messages for made in facts.partitions(settings).values()) == 3
    assert {counts.state for counts in staging.stage_all(settings)} == {"staged"}
