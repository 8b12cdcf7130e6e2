"""How files come to be on a disk: whole or not at all, readable for their owner and group only.

Everything that other processes may read is written to a temporary name beside its place, synced, and renamed, or, where
a second writer must lose, linked create-exclusive. A process killed anywhere leaves at most a temporary file, and
`sweep` removes those older than a day. What goes into one of very many folders (`making_in`) is written in the folder
above them: so few folders have to be looked at for what a killed process left.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from etl.common.errors import Busy, StorageFull

TEMPORARY = ".partial-"
LEFT_OVER = timedelta(days=1)
"""A temporary file or folder older than this was left by a process that is gone."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write (full, read-only, not permitted) into `StorageFull`, which may be retried."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(
                f"could not write below {path.parent}: {os.strerror(error.errno or 0)}",
                "a writable disk with room",
                "make room, correct the permissions or name another folder in [storage], then run the command again; "
                "nothing half-written is visible",
            ) from error
        raise


def make_folder(path: Path) -> Path:
    """The folder, made if need be with those above it, for owner and group only."""
    with disk_errors(path / "x"):
        missing = [path, *path.parents][: next((n for n, at in enumerate([path, *path.parents]) if at.is_dir()), None)]
        for folder in reversed(missing):
            folder.mkdir(mode=0o750, exist_ok=True)
    return path


def sync_folder(path: Path) -> None:
    """Makes names in a folder last (a rename is only durable when its folder is synced)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path, mode: int = 0o640) -> None:
    """Makes a file's bytes last, and takes rights from everybody but owner and group."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fchmod(handle, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def new_file(path: Path, *, making_in: Path | None = None) -> Iterator[Path]:
    """A temporary path beside `path`, or in `making_in`; renamed to it, synced, when the block ends well; removed when
    it does not."""
    make_folder(path.parent)
    with disk_errors(path):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=path.suffix, dir=making_in or path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            sync_file(temporary)
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def scratch_file(folder: Path) -> Iterator[Path]:
    """A temporary file in `folder` that is gone after the block, unless it was adopted."""
    with disk_errors(folder / "x"):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A temporary folder below `parent`, gone after the block; what a killed process leaves of it is swept."""
    make_folder(parent)
    with disk_errors(parent / "x"):
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_for_libraries(parent: Path) -> Iterator[Path]:
    """A scratch folder in which libraries lay what they would lay in the system's temporary folder, where nobody would
    sweep up after a killed process."""
    with scratch_folder(parent) as folder:
        before = tempfile.tempdir
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before


def copy_part(source: int, target: int, at: int, size: int) -> int:
    """Copies at most `size` bytes from place `at` of one open file to the same place of another; how many it were.

    Inside the kernel where it can (not between two kinds of file system): that costs half.
    """
    try:
        return os.copy_file_range(source, target, size, at, at)
    except OSError:
        return os.pwrite(target, os.pread(source, size, at), at)


def adopt(temporary: Path, path: Path) -> None:
    """Gives a finished temporary file its name, synced."""
    with disk_errors(path):
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path, *, making_in: Path | None = None) -> Iterator[Path]:
    """A temporary folder beside `path`, or in `making_in`, renamed to it when the block ends well. If `path` exists by
    then, it stands."""
    make_folder(path.parent)
    with disk_errors(path):
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=making_in or path.parent))
        try:
            yield temporary
            temporary.chmod(0o750)
            for file in sorted(temporary.rglob("*")):
                if file.is_file():
                    sync_file(file)
            sync_folder(temporary)
            try:
                temporary.rename(path)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            sync_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write_atomic(path: Path, content: bytes, *, making_in: Path | None = None) -> None:
    """Writes `content` to `path` so that a reader sees the old or the new whole, never a part."""
    with new_file(path, making_in=making_in) as temporary:
        temporary.write_bytes(content)


def write_new(path: Path, content: bytes, mode: int = 0o640, *, making_in: Path | None = None) -> None:
    """Writes `content` to `path`, which must not exist: `FileExistsError` if another writer was first. Never a part."""
    make_folder(path.parent)
    with disk_errors(path):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=making_in or path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            sync_file(temporary, mode)
            os.link(temporary, path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def append_numbered(folder: Path, content: bytes, suffix: str = ".json", *, making_in: Path | None = None) -> Path:
    """Writes `content` as the next of `00000001.json`, `00000002.json`, …; two writers at once get two numbers."""
    make_folder(folder)
    while True:
        numbers = [int(path.stem) for path in folder.glob(f"*{suffix}") if path.stem.isdigit()]
        path = folder / f"{max(numbers, default=0) + 1:08d}{suffix}"
        try:
            write_new(path, content, making_in=making_in)
        except FileExistsError:
            continue
        return path


@contextmanager
def lock(root: Path, name: str, wait_seconds: float = 600) -> Iterator[None]:
    """Holds the lock `name` below `root/locks`; the system frees it when the process ends, however it ends."""
    folder = make_folder(root / "locks")
    with disk_errors(folder / name):
        held = FileLock(folder / f"{name}.lock", mode=0o660)
        try:
            held.acquire(timeout=wait_seconds)
        except Timeout:
            raise Busy(
                f"another process has held the lock '{name}' for {wait_seconds:.0f} s",
                "it to finish",
                "try again when it is done",
            ) from None
    try:
        yield
    finally:
        held.release()


def sweep(root: Path, older_than: float) -> list[Path]:
    """Removes temporary files and folders anywhere below `root`, last changed before `older_than` (epoch seconds)."""
    gone = []
    for folder, folders, _ in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(TEMPORARY)]
        gone += sweep_folder(folder, older_than)
    return gone


def sweep_folder(folder: Path | str, older_than: float) -> list[Path]:
    """The same for what lies in `folder` itself; one that is not there has nothing."""
    gone = []
    try:
        names = os.listdir(folder)  # noqa: PTH208  names are all that most folders are asked for
    except (FileNotFoundError, NotADirectoryError):
        return []
    for path in [Path(folder, name) for name in names if name.startswith(TEMPORARY)]:
        with suppress(OSError):
            if path.stat().st_mtime < older_than:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                gone.append(path)
    return gone


def room(folder: Path) -> int:
    """Tries to write in `folder`, or in the nearest one above it that is there, and leaves nothing: how many bytes are
    free. `OSError` where it can't be written."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    with tempfile.NamedTemporaryFile(dir=there, prefix=".transit-ledger-check-") as probe:
        probe.write(b"\0" * 4096)
        probe.flush()
        os.fsync(probe.fileno())
    return shutil.disk_usage(there).free


def sha256_of(path: Path) -> str:
    """The sha-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
