"""Where the archive is kept: the port that all of its files go through, and the local folder behind it.

Names are paths below the archive, with slashes, such as `2026/W47/e1/data/facts.csv`; `""` is the archive itself. What
only a disk has (renaming, linking, taking rights away, locks) is used in `Folder` alone, so that another kind of place
can stand beside it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from etl.common import disk
from etl.settings import Settings


@dataclass(frozen=True)
class Item:
    """What lies directly in a folder of the archive, by its whole name."""

    name: str
    is_folder: bool
    """Whether it may be listed in turn, by a link too."""
    is_plain: bool
    """Whether it is a file or a folder itself: no link, device or pipe."""

    @property
    def is_unfinished(self) -> bool:
        """Whether a process that still runs, or was killed, has not given it its own name yet."""
        return self.name.rpartition("/")[2].startswith(disk.TEMPORARY)


class Shelf(ABC):
    """A place for archives. Bytes that were laid or created are never changed; only `replace` may."""

    @abstractmethod
    def items(self, folder: str = "") -> list[Item]:
        """What lies directly in `folder`, by name; nothing where there is no such folder. `PermissionError` where it
        may not be listed."""

    @abstractmethod
    def holds(self, folder: str) -> bool:
        """Whether `folder` is one, and no link on the way leads out of the archive."""

    @abstractmethod
    def is_plain(self, name: str) -> bool:
        """Whether a file lies there itself: no link, device or pipe."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """A file's bytes; `OSError` where they can't be had."""

    def sha256(self, name: str) -> str:
        """The sha-256 of a file's bytes, in hexadecimal; `OSError` where they can't be had."""
        return hashlib.sha256(self.read(name)).hexdigest()

    @abstractmethod
    def create(self, name: str, content: bytes) -> None:
        """Writes a file that must not exist and never changes: `FileExistsError` if another writer was first."""

    @abstractmethod
    def replace(self, name: str, content: bytes) -> None:
        """Writes a file that may exist, so that a reader sees the old or the new one whole."""

    @abstractmethod
    def lay(self, folder: str, files: Mapping[str, bytes], check: Callable[[Path], None]) -> None:
        """Lays `files`, by their names in it, as `folder`: all of them or none. `check` is given a local folder with
        the files as they were written, and may raise. A folder that is there already stands as it is."""

    @abstractmethod
    def seal(self, folder: str) -> None:
        """Takes the right to write in a folder from everybody. May be repeated."""

    @abstractmethod
    def sweep(self, older_than: float) -> None:
        """Removes what killed processes left unfinished before `older_than` (epoch seconds)."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """Held by one writer at a time; freed when its process ends, however it ends."""

    @abstractmethod
    def room(self) -> int:
        """Tries to write, and leaves nothing: how many bytes fit. `OSError` where nothing can be written."""

    @abstractmethod
    def address(self, name: str) -> Path:
        """Where people find a file or folder of the archive."""

    def listed(self, folder: str = "") -> list[Item]:
        """As `items`, and nothing where `folder` may not be listed."""
        with suppress(PermissionError):
            return self.items(folder)
        return []

    def below(self, folder: str) -> Iterator[tuple[str, bool]]:
        """Every file and empty folder below `folder`, as (its name in there, whether it is a plain file); a folder's
        name ends in a slash. Links are not followed. Of a folder that may not be listed it says nothing."""
        yield from self._below(folder, "")

    def _below(self, folder: str, inner: str) -> Iterator[tuple[str, bool]]:
        try:
            items = self.items(folder)
        except OSError:
            return
        if not items and inner:
            yield inner, False
        for item in items:
            name = inner + item.name.rpartition("/")[2]
            if item.is_folder and item.is_plain:
                yield from self._below(item.name, f"{name}/")
            else:
                yield name, item.is_plain

    def part(self, folder: str) -> Part:
        """One folder of the archive, to read from."""
        return Part(self, folder)


@dataclass(frozen=True)
class Part:
    """A folder of an archive, such as an edition's data."""

    shelf: Shelf
    folder: str

    def read(self, name: str) -> bytes:
        """The bytes of a file in it; `OSError` where they can't be had."""
        return self.shelf.read(f"{self.folder}/{name}")


class Folder(Shelf):
    """An archive in a local folder. A finished name is a rename or a link, a seal the mode 0440 or 0550."""

    def __init__(self, root: Path, locks: Path | None = None) -> None:
        """`locks`: the folder below which writers exclude each other; none for those who only read."""
        self.root = root
        self._locks = locks

    def items(self, folder: str = "") -> list[Item]:
        try:
            with os.scandir(self.root / folder) as found:
                return sorted((self._item(folder, entry) for entry in found), key=lambda item: item.name)
        except (FileNotFoundError, NotADirectoryError):
            return []

    @staticmethod
    def _item(folder: str, entry: os.DirEntry[str]) -> Item:
        is_plain = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
        return Item(f"{folder}/{entry.name}" if folder else entry.name, entry.is_dir(), is_plain)

    def holds(self, folder: str) -> bool:
        path = self.root / folder
        return path.is_dir() and path.resolve() == self.root.resolve() / folder

    def is_plain(self, name: str) -> bool:
        try:
            return stat.S_ISREG((self.root / name).lstat().st_mode)
        except OSError:
            return False

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def sha256(self, name: str) -> str:
        return disk.sha256_of(self.root / name)

    def create(self, name: str, content: bytes) -> None:
        disk.write_new(self.root / name, content, mode=0o440)

    def replace(self, name: str, content: bytes) -> None:
        disk.write_atomic(self.root / name, content)

    def lay(self, folder: str, files: Mapping[str, bytes], check: Callable[[Path], None]) -> None:
        with disk.new_folder(self.root / folder) as temporary:
            for name, content in files.items():
                file = temporary / name
                file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                file.write_bytes(content)
            for inner in sorted(path for path in temporary.rglob("*") if path.is_dir()):
                disk.sync_folder(inner)
            check(temporary)

    def seal(self, folder: str) -> None:
        path = self.root / folder
        with disk.disk_errors(path):
            for item in sorted(path.rglob("*"), reverse=True):
                if not item.is_symlink():
                    item.chmod(0o550 if item.is_dir() else 0o440)
            path.chmod(0o550)

    def sweep(self, older_than: float) -> None:
        disk.sweep(self.root, older_than)

    def alone(self) -> AbstractContextManager[None]:
        if self._locks is None:
            raise ValueError("an archive opened to be read has no lock")
        return disk.lock(self._locks, "archive")

    def room(self) -> int:
        return disk.room(self.root)

    def address(self, name: str) -> Path:
        return self.root / name


def of(settings: Settings) -> Shelf:
    """Where the settings keep the archive."""
    return Folder(settings.storage.archive_path, locks=settings.storage.root)
