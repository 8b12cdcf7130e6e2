"""Where exports come from: a small port, with a local folder as its only kind so far.

Landing knows no more of a place than `Inbox` says: what it offers, whether that changed since, how it begins, and its
bytes. What only a disk has (a copy inside the kernel, rights, modification times) stays behind it.
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl.common import disk, periods
from etl.common.errors import ExportUnreadable, ExportVanished
from etl.common.masking import printable
from etl.formats import text
from etl.settings import Source

_PART = 4 << 20
"""So much is copied while the part before it is hashed."""


@dataclass(frozen=True)
class Offer:
    """An export as it lies in its place: `mark` is another one whenever its bytes are."""

    name: str
    size: int
    changed_at: datetime
    mark: int | str

    @property
    def shown(self) -> str:
        """Its name as receipts and messages give it."""
        return printable(self.name)


@dataclass(frozen=True)
class Copied:
    """What a copy came to: the hash over all of its `size` bytes, and those over the first bytes asked for."""

    sha256: str
    size: int
    beginnings: dict[int, str]


@dataclass(frozen=True)
class Trouble:
    """Why nothing can be taken from a place, and what to do."""

    found: str
    next_step: str


class Inbox(ABC):
    """A place that exports come from."""

    @abstractmethod
    def offers(self) -> list[Offer]:
        """What is there now, in the order of names; nothing where there is no such place. A name that begins with a
        dot is not finished, and is not offered."""

    @abstractmethod
    def offer(self, name: str) -> Offer | None:
        """One of them as it is now; nothing where it is gone. Raises `ExportUnreadable` where that can't be known."""

    @abstractmethod
    def head(self, name: str) -> bytes:
        """The beginning of its text, unpacked, as UTF-8: as much as is readable."""

    @abstractmethod
    def copy(self, name: str, target: Path, beginnings: Sequence[int] = ()) -> Copied:
        """Writes its bytes to the file `target`, hashed on the way; also the hash of the first `n` bytes for each `n`
        of `beginnings`, in order. Raises `ExportVanished` where it is gone, `ExportUnreadable` where it may not be
        read."""

    @abstractmethod
    def may_read(self, name: str) -> bool:
        """Whether the job has the right to its bytes."""

    @abstractmethod
    def trouble(self) -> Trouble | None:
        """What keeps everything in it from being taken, if anything does."""

    def changed(self, before: Iterable[Offer]) -> set[str]:
        """The names of those that are other now than they were offered; not of those that are gone."""
        return {item.name for item in before if (now := self.offer(item.name)) and now != item}


@dataclass(frozen=True)
class Folder(Inbox):
    """A folder on a disk, its own files only."""

    path: Path

    def offers(self) -> list[Offer]:
        if not self.path.is_dir():
            return []
        names = sorted(entry.name for entry in os.scandir(self.path) if entry.is_file() and entry.name[0] != ".")
        return [item for name in names if (item := self.offer(name))]

    def offer(self, name: str) -> Offer | None:
        try:
            stat = (self.path / name).stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(error) from error
        return Offer(name, stat.st_size, periods.from_timestamp(stat.st_mtime), stat.st_mtime_ns)

    def head(self, name: str) -> bytes:
        return text.head(self.path / name)

    def copy(self, name: str, target: Path, beginnings: Sequence[int] = ()) -> Copied:
        try:
            source = (self.path / name).open("rb")
        except FileNotFoundError:
            raise ExportVanished(f"{printable(name)} went away", "", "the next run looks again") from None
        except OSError as error:
            raise _unreadable(error) from error
        with source, disk.disk_errors(target), target.open("w+b") as copy:
            return _copied(source.fileno(), copy.fileno(), list(beginnings))

    def may_read(self, name: str) -> bool:
        return os.access(self.path / name, os.R_OK)

    def trouble(self) -> Trouble | None:
        if not self.path.is_dir():
            return Trouble(f"{self.path} is no folder", "make it, or correct location")
        if not os.access(self.path, os.R_OK | os.X_OK):
            return Trouble(f"{self.path} may not be read", "give the job's user the right to read it")
        return None


def of(source: Source) -> Inbox:
    """The place that the source's exports come from."""
    return Folder(source.location)


def _unreadable(error: OSError) -> ExportUnreadable:
    return ExportUnreadable(f"{error.strerror}: give the job a file that it can read")


def _copied(source: int, target: int, waiting: list[int]) -> Copied:
    """Copies one open file to another, and hashes what was copied while the next part is."""
    whole, size = hashlib.sha256(), 0
    beginnings: dict[int, str] = {}
    with ThreadPoolExecutor(max_workers=1) as beside:
        copied = disk.copy_part(source, target, 0, _PART)
        while copied:
            ahead = beside.submit(disk.copy_part, source, target, size + copied, _PART)
            chunk = os.pread(target, copied, size)
            while waiting and waiting[0] <= size + copied:
                part = whole.copy()
                part.update(chunk[: waiting[0] - size])
                beginnings[waiting.pop(0)] = part.hexdigest()
            whole.update(chunk)
            size += copied
            copied = ahead.result()
    return Copied(whole.hexdigest(), size, beginnings)
