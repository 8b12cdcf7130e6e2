"""The ledger: one numbered file per entry, each holding the hash of the entry before and of the bag it enters.

An entry is canonical JSON (RFC 8785) in `ledger/00000042.json`, created exclusively and never changed. Its hash is the
sha-256 of 0x00 and its exact bytes (a leaf of RFC 6962). The *head* is the hash of the last entry: whoever kept an old
head can prove that nothing up to it was rewritten or dropped. An entry holds nothing that its bag and the entry before
do not tell, so entering the same bag on the same head again gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import rfc8785

from etl.archive.shelf import Shelf
from etl.common.errors import ArchiveBroken
from etl.common.words import Origin

FORMAT = "transit-ledger/1"
FOLDER = "ledger"
_FILE = re.compile(rf"{FOLDER}/(\d{{8,}})\.json")


@dataclass(frozen=True)
class Entry:
    """One entry. `kind` is `edition` (a bag was entered) or `release` (a regular run took over an edition that was
    made by hand or by a backfill, and may be delivered as that run's); hashes are lower-case hex, `made_at` is UTC."""

    number: int
    previous: str | None
    kind: Literal["edition", "release"]
    period: str
    edition: int
    origin: Origin
    basis: str
    made_at: str
    supersedes: str | None
    reasons: tuple[str, ...]
    bag: str
    """The bag's folder below the archive, such as `2026/W47/e1`."""
    bag_sha256: str

    @property
    def content(self) -> bytes:
        """The exact bytes of its file."""
        return rfc8785.dumps({"format": FORMAT, **asdict(self), "reasons": list(self.reasons)})

    @property
    def hash(self) -> str:
        """Sha-256 over 0x00 and its bytes."""
        return entry_hash(self.content)


def entry_hash(content: bytes) -> str:
    """The hash of an entry from its exact bytes (RFC 6962, section 2.1: a leaf is prefixed with 0x00)."""
    return hashlib.sha256(b"\x00" + content).hexdigest()


def parse(content: bytes) -> Entry:
    """The entry that `content` is; `ValueError` where it is not exactly what this module writes."""
    raw: Any = json.loads(content)
    names = {field.name for field in fields(Entry)}
    if not isinstance(raw, dict) or set(raw) != names | {"format"} or raw["format"] != FORMAT:
        raise ValueError(f"not an entry of the format {FORMAT}")
    values: dict[str, Any] = {name: raw[name] for name in names} | {"reasons": tuple(raw["reasons"])}
    entry = Entry(**values)
    if entry.content != content:
        raise ValueError("not in canonical form (RFC 8785)")
    return entry


def files(shelf: Shelf) -> dict[int, str]:
    """The names of the ledger's files by their number, in order; other files are left out."""
    found = {}
    for item in shelf.listed(FOLDER):
        if match := _FILE.fullmatch(item.name):
            found[int(match[1])] = item.name
    return dict(sorted(found.items()))


def read(shelf: Shelf) -> list[Entry]:
    """All entries in order. Raises `ArchiveBroken` at the first that is not chained to the one before."""
    entries: list[Entry] = []
    for number, name in files(shelf).items():
        try:
            entry = parse(shelf.read(name))
        except (ValueError, TypeError, OSError) as error:
            raise _broken(name, str(error)) from error
        if number != len(entries) + 1 or entry.number != number:
            raise _broken(name, f"it stands where entry {len(entries) + 1} should")
        if entry.previous != (entries[-1].hash if entries else None):
            raise _broken(name, "it does not follow from the entry before")
        entries.append(entry)
    return entries


def _broken(name: str, why: str) -> ArchiveBroken:
    return ArchiveBroken(
        f"the ledger is broken at {name.rpartition('/')[2]}: {why}",
        "an unbroken chain of entries",
        "run python -m etl verify for the whole picture; nothing is added to a broken ledger",
    )


def append(shelf: Shelf, entry: Entry) -> Entry:
    """Writes `entry` as the next file, create-exclusive and read-only; `FileExistsError` if its number is taken."""
    shelf.create(file_name(entry.number), entry.content)
    return entry


def file_name(number: int) -> str:
    """The name of an entry's file below the archive."""
    return f"{FOLDER}/{number:08d}.json"


def head(entries: list[Entry]) -> str | None:
    """The hash of the last entry; nothing for an empty ledger."""
    return entries[-1].hash if entries else None


def editions(entries: list[Entry], period: str) -> list[Entry]:
    """The entries that entered an edition of `period`, oldest first."""
    return [entry for entry in entries if entry.period == period and entry.kind == "edition"]


def origin(entries: list[Entry], edition: Entry) -> Origin:
    """What an edition counts as for delivery: its own origin, or that of the regular run that later took it over."""
    taken = [e for e in entries if e.kind == "release" and (e.period, e.edition) == (edition.period, edition.edition)]
    return taken[-1].origin if taken else edition.origin
