"""What Exchange Server writes above its logs, once more after each restart: `#Log-type:` and `#Fields:`."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Staged
from etl.formats.rejects import commonest


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


def parts(path: Path, *, quoted: bool = False) -> list[Part]:
    """The stretches of `path` whose headers say different things; nearly always one. Nothing is copied.

    `quoted` as in `header_spans`.
    """
    found = [Part(path, 0, path.stat().st_size)]
    if not found[0].end:
        return found
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        for start, end in header_spans(whole, 0, len(whole), quoted=quoted):
            last = found[-1]
            line = whole[start : min(end, start + 4096)].decode("utf-8", errors="replace")
            name, _, told = line.strip().partition(":")
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


def refuse_unusable(con: duckdb.DuckDBPyConnection, staged: Staged, rejects: Path) -> None:
    """Raises `ExportUnreadable` for a log of which nothing could be used, saying why: it would count as no mail.

    A log with headers alone is one without mail. `rejects` is the file of its rejected records.
    """
    if staged.used or not staged.rejected or set(staged.skipped) - {"header-line", "blank-line"}:
        return
    _, said = commonest(con, rejects)
    raise ExportUnreadable(
        f"none of the {staged.rejected:,} lines below the log's headers could be used: {said}",
        "the log as Exchange wrote it: no spreadsheet or script in between that parts fields or dates anew",
        "copy the server's own log file",
    )


def header_spans(whole: mmap.mmap, start: int, end: int, *, quoted: bool) -> Iterator[tuple[int, int]]:
    """From where to where each line goes that begins with `#`, its end included, between `start` and `end`.

    Where values may hold line feeds (`quoted`), a line that begins inside quotes is part of one, whatever it says.
    """
    counted, is_open = start, False
    for low, high in text.windows(whole, start, end):
        begins_line = low == start or whole[low - 1 : low] == b"\n"
        at = low if begins_line and whole[low : low + 1] == b"#" else _next_header(whole, low, high)
        while at < high:
            if quoted:
                is_open ^= sum(part.count(b'"') for part in text.parts(whole, counted, at)) % 2 == 1
                counted = at
            following = whole.find(b"\n", at, end) + 1 or end
            if not is_open:
                yield at, following
            at = following if whole[following : following + 1] == b"#" else _next_header(whole, following, high)


def _next_header(whole: mmap.mmap, start: int, end: int) -> int:
    return (whole.find(b"\n#", start, end) + 1) or end
