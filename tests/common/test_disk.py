"""Files come to be whole or not at all, wherever the process dies; rights are the owner's and the group's."""

from __future__ import annotations

import multiprocessing
import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from etl import staging
from etl.common import disk
from etl.common.errors import Busy, StorageFull
from tests.helpers import site, unprivileged

OLD, NEW = b"old" * 1000, b"new" * 100_000
CALLS = ("fsync", "fchmod", "link", "replace", "rename", "unlink")


def _dies_at(call: str, count: int, work: Callable[[], None]) -> None:
    """Runs `work` in this process and ends it, as SIGKILL would, just before the `count`-th use of `os.<call>`."""
    real, left = getattr(os, call), [count]

    def counted(*args: object, **kwargs: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            os._exit(137)
        return real(*args, **kwargs)

    setattr(os, call, counted)
    work()
    os._exit(0)


def killed(call: str, count: int, work: Callable[[], None]) -> bool:
    """Whether a process doing `work` was killed before the `count`-th use of `os.<call>`; else it ended well."""
    child = multiprocessing.get_context("fork").Process(target=_dies_at, args=(call, count, work))
    child.start()
    child.join()
    assert child.exitcode in (0, 137)
    return child.exitcode == 137


@pytest.mark.parametrize("call", CALLS)
def test_killed_anywhere_a_file_is_the_old_or_the_new(tmp_path: Path, call: str) -> None:
    path = tmp_path / "file"
    count, died = 0, True
    while died:
        count += 1
        path.write_bytes(OLD)
        died = killed(call, count, lambda: disk.write_atomic(path, NEW))
        assert path.read_bytes() in (OLD, NEW)
    assert path.read_bytes() == NEW
    leftovers = list(tmp_path.glob(".partial-*"))
    assert sorted(disk.sweep(tmp_path, older_than=path.stat().st_mtime + 60)) == sorted(leftovers)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", CALLS)
def test_killed_anywhere_a_new_file_is_whole_or_not_there(tmp_path: Path, call: str) -> None:
    count, died = 0, True
    while died:
        count += 1
        path = tmp_path / f"file-{count}"
        died = killed(call, count, lambda path=path: disk.write_new(path, NEW))  # type: ignore[misc]  # bound per turn
        assert not path.exists() or path.read_bytes() == NEW
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("call", CALLS)
def test_killed_anywhere_a_new_folder_is_whole_or_not_there(tmp_path: Path, call: str) -> None:
    def make(path: Path) -> None:
        with disk.new_folder(path) as folder:
            for name in ("a", "b"):
                (folder / name).write_bytes(NEW)

    count, died = 0, True
    while died:
        count += 1
        path = tmp_path / f"folder-{count}"
        died = killed(call, count, lambda path=path: make(path))  # type: ignore[misc]  # bound per turn
        assert not path.exists() or [file.read_bytes() for file in sorted(path.iterdir())] == [NEW, NEW]
    assert path.exists()


@pytest.mark.parametrize("call", CALLS)
def test_killed_anywhere_what_is_left_lies_where_it_was_being_made(tmp_path: Path, call: str) -> None:
    def make(place: Path) -> None:
        disk.write_new(place / "a" / "new", NEW, making_in=place)
        disk.write_atomic(place / "a" / "file", NEW, making_in=place)
        disk.append_numbered(place / "b", NEW, making_in=place)
        with disk.new_folder(place / "c" / "folder", making_in=place) as folder:
            (folder / "file").write_bytes(NEW)

    count, died = 0, True
    while died:
        count += 1
        place = tmp_path / f"place-{count}"
        place.mkdir()
        died = killed(call, count, lambda place=place: make(place))  # type: ignore[misc]  # bound per turn
        disk.sweep_folder(place, older_than=place.stat().st_mtime + 60)
        whole = {"a": {"new", "file"}, "b": {"00000001.json"}, "c": {"folder"}}
        for folder in place.iterdir():
            assert {path.name for path in folder.iterdir()} <= whole[folder.name]
    assert {path.name for path in place.rglob("*") if path.is_file()} == {"new", "file", "00000001.json"}


def test_what_libraries_leave_when_killed_lies_where_it_is_swept(tmp_path: Path) -> None:
    """WeasyPrint lays fonts into the system's temporary folder, where nobody would find what a killed report left."""
    before = tempfile.gettempdir()
    with disk.scratch_for_libraries(tmp_path / "work"):
        done = Path(tempfile.mkdtemp(prefix="weasyprint-"))
    assert tempfile.gettempdir() == before
    assert not done.exists()

    def killed() -> None:
        with disk.scratch_for_libraries(tmp_path / "work"):
            tempfile.mkdtemp(prefix="weasyprint-")
            os._exit(137)

    child = multiprocessing.get_context("fork").Process(target=killed)
    child.start()
    child.join()
    (left,) = (tmp_path / "work").iterdir()
    assert left.name.startswith(disk.TEMPORARY)
    assert [path.name.startswith("weasyprint-") for path in left.iterdir()] == [True]


def test_of_two_writers_of_a_new_file_the_second_loses(tmp_path: Path) -> None:
    disk.write_new(tmp_path / "file", OLD)
    with pytest.raises(FileExistsError):
        disk.write_new(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == OLD
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_there_stands(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with disk.new_folder(tmp_path / "folder") as folder:
            (folder / "file").write_text(content)
    assert (tmp_path / "folder" / "file").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_failed_block_leaves_nothing(tmp_path: Path) -> None:
    def fail(inside: AbstractContextManager[Path]) -> None:
        with inside:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(disk.new_file(tmp_path / "file"))
    with pytest.raises(ZeroDivisionError):
        fail(disk.new_folder(tmp_path / "folder"))
    assert list(tmp_path.iterdir()) == []


def _append(folder: Path, who: int) -> None:
    for number in range(15):
        disk.append_numbered(folder, f"{who}/{number}".encode())


def test_numbers_are_given_once_to_writers_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append, args=(tmp_path / "notes", who)) for who in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = sorted((tmp_path / "notes").iterdir())
    assert [path.name for path in found] == [f"{number:08d}.json" for number in range(1, 46)]
    assert len({path.read_bytes() for path in found}) == 45


def test_only_owner_and_group_may_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        disk.write_atomic(tmp_path / "a" / "b" / "c" / "file", NEW)
        disk.write_new(tmp_path / "a" / "x" / "new", NEW)
        with disk.new_folder(tmp_path / "a" / "folder") as folder:
            (folder / "file").write_bytes(NEW)
        settings = site(tmp_path / "site")
        staging.make_hash_key(settings)
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o640}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o750}
    assert stat.S_IMODE((settings.storage.root / "hash.key").stat().st_mode) == 0o600


def test_the_hash_key_is_made_once_or_comes_from_the_environment(tmp_path: Path) -> None:
    settings = site(tmp_path)
    assert staging.hash_key(settings, {}) == b""
    assert staging.make_hash_key(settings, {}) == staging.make_hash_key(settings, {}) == staging.hash_key(settings, {})
    given = staging.hash_key(settings, {settings.storage.key_env: "from outside"})
    assert given != staging.hash_key(settings, {})
    assert given == staging.hash_key(site(tmp_path / "other"), {settings.storage.key_env: "from outside"})


def test_a_disk_that_refuses_is_told_from_other_trouble(tmp_path: Path) -> None:
    with unprivileged(tmp_path):
        (tmp_path / "closed").mkdir()
        (tmp_path / "closed").chmod(0o500)
        with pytest.raises(StorageFull, match="Permission denied"):
            disk.write_atomic(tmp_path / "closed" / "file", NEW)
        with pytest.raises(StorageFull, match="Permission denied"):
            disk.make_folder(tmp_path / "closed" / "a" / "b")


def test_a_lock_is_waited_for_a_bounded_time_and_freed_by_death(tmp_path: Path) -> None:
    def hold(ready: str) -> None:
        with disk.lock(tmp_path, "day"):
            Path(ready).touch()
            os._exit(9)

    with disk.lock(tmp_path, "day"), pytest.raises(Busy, match="'day'"), disk.lock(tmp_path, "day", 0.05):
        pass
    child = multiprocessing.get_context("fork").Process(target=hold, args=(str(tmp_path / "ready"),))
    child.start()
    child.join()
    assert (tmp_path / "ready").exists()
    with disk.lock(tmp_path, "day", 1):
        pass


def test_only_old_leftovers_are_swept(tmp_path: Path) -> None:
    for name in ("old", "young"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f".partial-{name}").write_bytes(b"x")
    (tmp_path / "old" / ".partial-folder").mkdir()
    (tmp_path / "old" / ".partial-folder" / "file").write_bytes(b"x")
    for path in (tmp_path / "old").iterdir():
        os.utime(path, (1, 1))
    assert len(disk.sweep(tmp_path, older_than=1_000)) == 2
    assert [path.name for path in tmp_path.rglob(".partial-*")] == [".partial-young"]
