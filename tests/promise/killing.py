"""A process that dies, or a disk that is full, at the n-th place where files are made, renamed, synced or removed.

The places are found by name: the functions of `os` and `open` below are counted while some work runs. DuckDB's own
writes are not among them, and need not be: all of its files lie under temporary names until one of these gives them
their own.
"""

from __future__ import annotations

import errno
import functools
import io
import itertools
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CALLS = ("replace", "rename", "link", "fsync", "mkdir", "unlink", "rmdir", "remove", "chmod", "fchmod")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@contextmanager
def counted(at_place: Callable[[str], None]) -> Iterator[None]:
    """While the block runs `at_place` is told the name of each place just before it is passed."""

    def told(name: str, real: Callable[..., Any], writes: Callable[..., bool] = lambda *_, **__: True) -> Any:
        def place(*args: Any, **kwargs: Any) -> Any:
            if writes(*args, **kwargs):
                at_place(name)
            return real(*args, **kwargs)

        return place

    def to_write(_path: Any, mode: str = "r", *_: Any, **__: Any) -> bool:
        return any(letter in mode for letter in "wax+")

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, told(name, getattr(os, name)))
        patch.setattr(os, "open", told("open", os.open, lambda _, flags, *__, **___: bool(flags & _WRITING)))
        patch.setattr(io, "open", told("open", io.open, to_write))
        patch.setattr("builtins.open", io.open)
        yield


@contextmanager
def full_disk(after: int, error: int = errno.ENOSPC) -> Iterator[None]:
    """From the `after`-th place on there is no space: whatever makes or writes a file fails, removing does not."""
    left = [after]

    def refuse(name: str) -> None:
        left[0] -= 1
        if left[0] <= 0 and name not in ("unlink", "rmdir", "remove", "chmod", "fchmod"):
            raise OSError(error, os.strerror(error))

    with counted(refuse):
        yield


def killed(work: Callable[[], object], at: int, scratch: Path | None = None) -> bool:
    """Runs `work` in a process of its own and kills it (SIGKILL) at its `at`-th place; whether it came that far.

    `scratch` is where that process finds the system's folder for temporary files.
    """
    child = multiprocessing.get_context("fork").Process(target=_die, args=(work, at, scratch))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL), child.exitcode
    return child.exitcode != 0


def _die(work: Callable[[], object], at: int, scratch: Path | None) -> None:
    left = [at]

    def die(_name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    if scratch is not None:
        tempfile.tempdir = str(scratch)
    with counted(die):
        work()
    os._exit(0)


def stopped(folder: Path, cases: Path, work: Callable[[], object]) -> Iterator[Path]:
    """Runs `work` once, and gives a copy of `folder` as it was at each place: what a process killed there leaves.

    A copy holds what the system had been given by then, as after SIGKILL; what Python still buffered is not in it.
    """
    taken = 0
    busy = False

    def take(_name: str) -> None:
        nonlocal taken, busy
        if busy:
            return
        busy = True
        taken += 1
        shutil.copytree(folder, cases / f"{taken:04d}", symlinks=True)
        busy = False

    cases.mkdir()
    with counted(take):
        work()
    yield from sorted(cases.iterdir())


def killed_everywhere(folder: Path, place: Path, work: Callable[[Path], object]) -> Iterator[Path]:
    """Runs `work` on a copy of `folder` at `place`, killed one place later each time; gives a copy of what is left."""
    case, died = place.parent / "case", True
    for at in itertools.count(1):
        if not died:
            return
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place, symlinks=True)
        died = killed(functools.partial(work, place), at, place / "tmp")
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(place, case, symlinks=True)
        yield case
