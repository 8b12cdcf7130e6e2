"""The evidence: landed bytes, their receipts, and the notes about them. Append-only; the facts depend on nothing else.

`receipts/<source>/<sha256>/00000001.json` is a file's first receipt, the one that counts; later ones say that the same
bytes came again. `notes/` holds what people, and landing, said about files and days. What counts is worked out from
all of them together, in no order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from etl.common import disk, periods
from etl.common.errors import NotFound
from etl.settings import Settings

NoteKind = Literal["grew", "retract", "replace", "seal", "revoke"]
FileState = Literal["counted", "quarantined", "grown", "retracted", "replaced", "restated", "unstaged"]


@dataclass(frozen=True)
class Receipt:
    """What was noted when an export landed. `export_at`: the time inside the file, else in its name, else its
    modification time; `named_date`: the day that the source's pattern reads from its name."""

    source: str
    name: str
    size: int
    sha256: str
    landed_at: datetime
    export_at: datetime
    named_date: date | None

    def as_json(self) -> bytes:
        """The receipt as stored."""
        return _dump(
            asdict(self)
            | {
                "landed_at": periods.instant(self.landed_at),
                "export_at": periods.instant(self.export_at),
                "named_date": self.named_date.isoformat() if self.named_date else None,
            }
        )

    @classmethod
    def from_json(cls, raw: bytes) -> Receipt:
        """The receipt that `as_json` wrote."""
        found = json.loads(raw)
        return cls(
            **found
            | {
                "landed_at": periods.parse_instant(found["landed_at"]),
                "export_at": periods.parse_instant(found["export_at"]),
                "named_date": date.fromisoformat(found["named_date"]) if found["named_date"] else None,
            }
        )


@dataclass(frozen=True)
class Note:
    """Something said about a file or a day, by whom, when and why; `number` is its place among the notes.

    `retract` takes the file `sha256` out; `replace` puts `other` in its place; `grew` says that `other` begins with
    it; `seal` fixes `data_date` with the facts' hash `sha256`; `revoke` takes the note `revokes` back.
    """

    number: int
    kind: NoteKind
    who: str
    at: str
    why: str
    source: str | None = None
    sha256: str | None = None
    other: str | None = None
    data_date: str | None = None
    revokes: int | None = None


@dataclass(frozen=True)
class Landed:
    """One landed file: its first receipt, how many receipts there are, where its bytes lie, and all days that names of
    these bytes gave."""

    receipt: Receipt
    receipts: int
    path: Path
    named_dates: tuple[date, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        """By export time, ties by hash: which of two restating exports is the newer."""
        return periods.instant(self.receipt.export_at), self.receipt.sha256


def landed_path(settings: Settings, source: str, sha256: str) -> Path:
    """Where the bytes of a landed file lie, unchanged."""
    return settings.storage.root / "landed" / source / sha256


def receipts_folder(settings: Settings, source: str) -> Path:
    """Where a source's receipts lie, a folder per file."""
    return settings.storage.root / "receipts" / source


def landed(settings: Settings, source: str) -> dict[str, Landed]:
    """All landed files of a source, by hash, in the order of their hashes."""
    folder, bytes_folder = receipts_folder(settings, source), landed_path(settings, source, "")
    names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208  a year of files, many times over
    hashes = sorted(name for name in names if not name.startswith(disk.TEMPORARY))
    found = {sha256: _landed(f"{folder}/{sha256}", f"{bytes_folder}/{sha256}") for sha256 in hashes}
    return {sha256: item for sha256, item in found.items() if item}


_LISTED: dict[str, tuple[int, Landed | None]] = {}
"""What was found in a file's folder of receipts, and when that was last changed (nanoseconds)."""
_SETTLED = timedelta(seconds=2)
"""A folder changed less long ago may change again without its time telling so."""


def _landed(place: str, path: str) -> Landed | None:
    """The landed file whose receipts lie in the folder `place` and its bytes at `path`; the folder is listed anew when
    it has changed."""
    changed = os.stat(place).st_mtime_ns  # noqa: PTH116  as above
    known = _LISTED.get(place)
    if known and known[0] == changed:
        return known[1]
    is_settled = periods.from_timestamp(changed / 1e9) < periods.now() - _SETTLED
    numbered = sorted(name for name in os.listdir(place) if name.endswith(".json") and name[:-5].isdigit())  # noqa: PTH208  as above
    found = None
    if numbered:
        receipts = [Receipt.from_json(Path(place, name).read_bytes()) for name in numbered]
        named = sorted({receipt.named_date for receipt in receipts if receipt.named_date})
        found = Landed(receipts[0], len(numbered), Path(path), tuple(named))
    if is_settled:
        _LISTED[place] = changed, found
    return found


def notes(settings: Settings) -> list[Note]:
    """All notes that hold: those that no later note takes back, in order; without the notes that take others back."""
    return [note for note in standing(settings).values() if note.kind != "revoke"]


def standing(settings: Settings) -> dict[int, Note]:
    """All notes that no later note that stands takes back, those that take others back included, by number."""
    all_notes = history(settings)
    left: dict[int, Note] = {note.number: note for note in all_notes}
    for note in reversed(all_notes):
        if note.kind == "revoke" and note.number in left and note.revokes in left:
            del left[note.revokes]
    return left


def history(settings: Settings) -> list[Note]:
    """All notes ever made, in order, those taken back and those that take back included."""
    folder = settings.storage.root / "notes"
    names = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208  a seal for each day of some years
    paths = [f"{folder}/{name}" for name in sorted(names) if name.endswith(".json") and name[:-5].isdigit()]
    return [_read_note(path, os.stat(path).st_mtime_ns) for path in paths]  # noqa: PTH116  as above


@cache
def _read_note(path: str, _written: int) -> Note:
    """A note is never rewritten, so reading it once is enough."""
    note = Path(path)
    return Note(number=int(note.stem), **json.loads(note.read_bytes()))


def add_note(settings: Settings, kind: NoteKind, *, who: str, why: str, **about: Any) -> Note:
    """Appends a note and returns it."""
    content = {"kind": kind, "who": who, "at": periods.instant(periods.now()), "why": why} | about
    path = disk.append_numbered(settings.storage.root / "notes", _dump(content))
    return Note(number=int(path.stem), **content)


def file_states(
    files: Iterable[str],
    source: str,
    standing: Iterable[Note],
    unusable: Mapping[str, str | None] = MappingProxyType({}),
    unstaged: Collection[str] = (),
) -> dict[str, tuple[FileState, str | None]]:
    """For each landed file of a source whether it counts: its state and the reason.

    `unusable` are files that staging quarantined, with its reasons; `unstaged` those that nobody has read yet, which
    count nowhere until somebody has. A retraction wins over all else; a file that
    another replaces is out, whatever becomes of the other; a file that grew is out as long as the longer one counts,
    and shares its fate where that was replaced. Where the longer one is retracted or quarantined the shorter counts.
    """
    known = set(files)
    about = [note for note in standing if note.source == source and note.sha256 in known]
    states: dict[str, tuple[FileState, str | None]] = {
        sha256: ("quarantined", unusable[sha256]) if sha256 in unusable else ("counted", None)
        for sha256 in sorted(known)
    }
    states |= dict.fromkeys(unstaged, ("unstaged", "not yet read with today's settings: python -m etl ingest"))
    for note in about:
        if note.kind == "replace" and note.sha256:
            states[note.sha256] = ("replaced", f"by {(note.other or '')[:12]}: {note.why}")
    for note in about:
        if note.kind == "retract" and note.sha256:
            states[note.sha256] = ("retracted", note.why)
    for note in sorted(about, key=lambda note: note.other or ""):  # landing notes them in any order
        if note.kind != "grew" or not note.sha256 or states[note.sha256][0] not in ("counted", "grown"):
            continue
        longer = states.get(note.other or "", ("", None))[0]
        if longer in ("counted", "grown"):
            states[note.sha256] = ("grown", f"{(note.other or '')[:12]} begins with it")
        elif longer == "replaced" and states[note.sha256][0] == "counted":
            states[note.sha256] = ("grown", f"{(note.other or '')[:12]} begins with it, and was replaced")
    return states


def find(settings: Settings, text: str) -> Landed:
    """The landed file that `text` names: a path to the same bytes, its name, or the beginning of its hash."""
    everything = [item for source in settings.sources for item in landed(settings, source.name).values()]
    wanted = text
    if Path(text).is_file():
        wanted = disk.sha256_of(Path(text))
    matches = [
        item
        for item in everything
        if item.receipt.name == wanted or (len(wanted) >= 8 and item.receipt.sha256.startswith(wanted))
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        listed = ", ".join(f"{item.receipt.name} ({item.receipt.sha256[:12]})" for item in matches[:5])
        raise NotFound(f"'{text}' names {len(matches)} landed files: {listed}", "one", "give more of the hash")
    raise NotFound(
        f"no landed file is called '{text}'", "a name, a path or a hash", "`python -m etl ingest` lists files"
    )


def _dump(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode("utf-8")
