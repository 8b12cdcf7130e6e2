"""What Exchange Server writes above its logs, once more after each restart: `#Log-type:` and `#Fields:`."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from etl.errors import ExportUnreadable
from etl.formats import text
from etl.storage import disk_errors


@dataclass(frozen=True)
class Part:
    """A stretch of a log under one header: where it lies, its bytes from `start` to `end`, what the header says."""

    path: Path
    start: int
    end: int
    log_type: str = ""
    fields: tuple[str, ...] = ()

    def says_as(self, other: Part) -> bool:
        """Whether both stand under headers that say the same."""
        return (self.log_type, self.fields) == (other.log_type, other.fields)


def parts(path: Path) -> list[Part]:
    """The stretches of `path` whose headers say different things; nearly always one. Nothing is copied."""
    found = [Part(path, 0, path.stat().st_size)]
    if not found[0].end:
        return found
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        for start, line in _header_lines(whole):
            last = found[-1]
            name, _, told = line.partition(":")
            said = replace(
                last,
                log_type=told.strip() if name == "#Log-type" else last.log_type,
                fields=tuple(word.strip().lower() for word in told.split(",")) if name == "#Fields" else last.fields,
            )
            if said.says_as(last):
                continue
            if not last.fields:
                found[-1] = said
            else:
                found[-1] = replace(last, end=start)
                found.append(replace(said, start=start))
    return found


def cut(whole: Sequence[Part], work: Path) -> list[Part]:
    """The stretches as files of their own in `work`; the file itself where it is one stretch."""
    if len(whole) == 1:
        return list(whole)
    pieces = []
    for number, part in enumerate(whole):
        path = work / f"part-{number:04d}.log"
        with part.path.open("rb") as file, disk_errors(path), path.open("wb") as copy:
            file.seek(part.start)
            left = part.end - part.start
            while left:
                chunk = file.read(min(left, text.CHUNK))
                copy.write(chunk)
                left -= len(chunk)
        pieces.append(replace(part, path=path, start=0, end=part.end - part.start))
    return pieces


def require(part: Part, wanted: Sequence[str]) -> None:
    """Raises `ExportUnreadable` where the header lacks one of the fields `wanted`, naming those it has."""
    missing = [name for name in wanted if name not in part.fields]
    if missing:
        raise ExportUnreadable(
            f"no field {', '.join(missing)} in the header ({', '.join(part.fields)[:400]})",
            "a log with its own #Fields line",
            "check what the source's pattern takes, and its format",
        )


def _header_lines(whole: mmap.mmap) -> Iterator[tuple[int, str]]:
    """Where lines that begin with `#` start, with their text."""
    start = 0 if whole[:1] == b"#" else whole.find(b"\n#") + 1
    while start or whole[:1] == b"#":
        end = whole.find(b"\n", start)
        line = whole[start : min(end if end >= 0 else len(whole), start + 4096)]
        yield start, line.decode("utf-8", errors="replace").strip()
        following = whole.find(b"\n#", max(end, start))
        if end < 0 or following < 0:
            return
        start = following + 1
