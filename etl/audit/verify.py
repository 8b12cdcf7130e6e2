"""Is the archive what it says it is? Needs its files alone: no warehouse, no network, no settings.

What is told apart: `altered` (bytes differ), `missing`, `extra`, `reordered` (a ledger entry stands in another's
place), `cut-off` (entries after a known head, or before a known bag, are gone), `not-in-ledger` (an edition's folder
that no entry knows). Entries vouch for each other: a changed entry is known by the hash in the one after it and in the
bag that was built on it, the last one by its own bag. Only dropping the newest entries together with their bags leaves
no trace inside; for that there is `head`, a hash from an old mail or report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from etl.archive import bag, edition_file, ledger, site
from etl.archive.ledger import Entry
from etl.archive.shelf import Shelf
from etl.common.errors import UsageInvalid
from etl.common.masking import printable

Kind = Literal["altered", "missing", "extra", "reordered", "cut-off", "not-in-ledger"]


@dataclass(frozen=True)
class Defect:
    """One thing that is not as it should be. `number` is the ledger entry it concerns (for what no entry knows, the
    number it would have), `path` lies below the archive."""

    number: int
    kind: Kind
    path: str
    message: str
    period: str | None = None
    edition: int | None = None


def verify(shelf: Shelf, head: str | None = None) -> list[Defect]:
    """Everything wrong with the archive, the first bad edition first; empty for a sound one.

    `head` is a hash of the ledger that somebody kept, whole or its first digits (at least 12).
    """
    chain = _Chain(shelf)
    found = [*chain.findings(), *_bags(shelf, chain), *_strays(shelf, chain)]
    if head is not None:
        found += _against_head(chain, head)
    told = {replace(item, path=printable(item.path), message=printable(item.message)) for item in found}
    return sorted(told, key=lambda found: (found.number, found.kind != "cut-off", found.path, found.kind))


def checked_head(shelf: Shelf) -> tuple[int, str | None]:
    """How many ledger files there are, and the hash of the last."""
    names = list(ledger.files(shelf).values())
    return len(names), ledger.entry_hash(_bytes(shelf, names[-1])) if names else None


class _Chain:
    """The ledger's files as they lie there, read without trust."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.contents = {number: _bytes(shelf, name) for number, name in ledger.files(shelf).items()}
        self.hashes = {number: ledger.entry_hash(content) for number, content in self.contents.items()}
        self.entries: dict[int, Entry] = {}
        for number, content in self.contents.items():
            entry = _parsed(content)
            if entry is not None:
                self.entries[number] = entry
        self.last = max(self.contents, default=0)
        self.built_on = {number: self._bag_says(entry) for number, entry in self.entries.items()}

    def _bag_says(self, entry: Entry) -> str | None:
        """The head that an entry's bag says it was built on; nothing where it can't be asked."""
        if entry.kind != "edition" or not _is_inside(entry.bag):
            return None
        if bag.bag_hash(self.shelf, entry.bag) != entry.bag_sha256:
            return None
        head = (edition_file.read(self.shelf, entry.bag) or {}).get("ledger_head")
        return head if isinstance(head, str) else None

    def findings(self) -> Iterator[Defect]:
        """What the entries tell of themselves and of each other."""
        for number in range(1, self.last + 1):
            name = ledger.file_name(number)
            if number not in self.contents:
                yield Defect(number, "missing", name, f"ledger entry {number} is gone, later ones are there")
                continue
            entry = self.entries.get(number)
            if entry is None:
                yield Defect(number, "altered", name, f"ledger entry {number} is not as it was written")
            elif entry.number != number:
                said = f"the file of entry {number} holds entry {entry.number}"
                yield Defect(number, "reordered", name, said, entry.period, entry.edition)
            elif self._is_denied(number):
                said = f"ledger entry {number} does not have the hash that its successor recorded"
                yield Defect(number, "altered", name, said, entry.period, entry.edition)
            elif not self._follows(number):
                said = f"ledger entry {number} names another predecessor than entry {number - 1}"
                yield Defect(number, "altered", name, said, entry.period, entry.edition)

    def _is_denied(self, number: int) -> bool:
        """Whether what was built on this entry knows it by another hash."""
        after = self.entries.get(number + 1)
        if after is None or after.number != number + 1:
            return False
        witness = self.built_on.get(number + 1)
        if witness is not None:
            return witness != self.hashes[number]
        return after.previous != self.hashes[number]

    def _follows(self, number: int) -> bool:
        """Whether an entry names the one before it; where that one is known to be changed, it is not asked."""
        entry = self.entries[number]
        if number == 1:
            return entry.previous is None
        before = self.entries.get(number - 1)
        if before is None or before.number != number - 1 or self._is_denied(number - 1):
            return True
        return entry.previous == self.hashes[number - 1]


def _bags(shelf: Shelf, chain: _Chain) -> Iterator[Defect]:
    """What the bags tell, each against its entry."""
    held: dict[str, Entry] = {}
    for number, entry in sorted(chain.entries.items()):
        if entry.kind != "edition" or entry.number != number:
            continue
        before = held.get(entry.period)
        held[entry.period] = entry
        yield from _bag(shelf, entry)
        expected = (before.edition + 1, before.hash) if before else (1, None)
        if (entry.edition, entry.supersedes) != expected and not _gap_before(chain, number):
            said = f"edition {entry.edition} of {entry.period} does not follow edition {expected[0] - 1}"
            yield Defect(number, "altered", ledger.file_name(number), said, entry.period, entry.edition)


def _gap_before(chain: _Chain, number: int) -> bool:
    """Whether an earlier entry is gone, displaced or unreadable, so that an edition may be missing there."""
    return any(n not in chain.entries or chain.entries[n].number != n for n in range(1, number))


def _bag(shelf: Shelf, entry: Entry) -> Iterator[Defect]:
    def finding(kind: Kind, path: str, message: str) -> Defect:
        return Defect(entry.number, kind, path, message, entry.period, entry.edition)

    if not _is_inside(entry.bag):
        yield finding("altered", ledger.file_name(entry.number), "the entry names a folder outside of the archive")
        return
    if not shelf.holds(entry.bag):
        yield finding("missing", entry.bag, f"the folder of {entry.period}, edition {entry.edition}, is gone")
        return
    problems = bag.check(shelf, entry.bag)
    for problem in problems:
        yield finding(problem.kind, f"{entry.bag}/{problem.file}", f"{problem.kind} since it was archived")
    same = bag.bag_hash(shelf, entry.bag) == entry.bag_sha256
    if not same and not any(problem.file == bag.TAGMANIFEST for problem in problems):
        kept = f"the ledger recorded the bag as {entry.bag_sha256[:16]}…, its tagmanifest now has another hash"
        yield finding("altered", f"{entry.bag}/{bag.TAGMANIFEST}", kept)
    said_by_bag = edition_file.read(shelf, entry.bag)
    if same and not problems and (said_by_bag is None or _retold(entry, said_by_bag) != entry):
        said = f"ledger entry {entry.number} does not say what its bag says"
        yield finding("altered", ledger.file_name(entry.number), said)


def _retold(entry: Entry, said: dict[str, Any]) -> Entry | None:
    """The entry as its bag tells it."""
    try:
        return edition_file.entry_for(entry.number, entry.bag, entry.bag_sha256, said)
    except (KeyError, TypeError):
        return None


def _strays(shelf: Shelf, chain: _Chain) -> Iterator[Defect]:
    """What lies in the archive and belongs to no entry."""
    after, head = chain.last + 1, chain.hashes.get(chain.last)
    gaps = [n for n in range(1, after) if n not in chain.entries]
    before_gaps = {chain.hashes.get(n - 1) for n in gaps}
    for folder in edition_file.unentered(shelf, list(chain.entries.values())):
        said = edition_file.read(shelf, folder) or {}
        period, edition, built_on = said.get("period"), said.get("edition"), said.get("ledger_head")
        if gaps and said and built_on in before_gaps:
            continue  # the bag of an entry that is named as missing or altered already
        if built_on is not None and built_on not in chain.hashes.values() and not gaps:
            text = f"{folder} was built on the entry {built_on[:16]}…, which the ledger no longer holds"
            yield Defect(after, "cut-off", ledger.FOLDER, text, period, edition)
        text = f"no ledger entry knows {folder}"
        if said and built_on == head:
            text += "; it was built on the present head: the next publish enters it if it is whole"
        yield Defect(after, "not-in-ledger", folder, text, period, edition)
    yield from (Defect(after, "extra", path, "belongs to no edition") for path in _extra(shelf, chain))


def _extra(shelf: Shelf, chain: _Chain) -> Iterator[str]:
    """Files and folders that neither the ledger nor an edition accounts for; unfinished ones of a running or killed
    process (their names begin so) are left out."""
    bags = {entry.bag for entry in chain.entries.values()} | set(edition_file.unentered(shelf, []))
    folders = {"", ledger.FOLDER} | {parent.as_posix() for name in bags for parent in PurePosixPath(name).parents}
    folders -= {"."}  # how that names the archive itself
    known_files = {site.FILE} | {ledger.file_name(number) for number in chain.contents}
    for folder in sorted(folders):
        for item in shelf.items(folder):
            if item.is_unfinished or item.name in known_files | bags:
                continue
            if item.name not in folders or not item.is_plain:
                yield item.name


def _against_head(chain: _Chain, head: str) -> Iterator[Defect]:
    """Whether the ledger still holds the entry that `head` is the hash of."""
    digits = re.sub(r"[\s…-]", "", head).lower()
    if not re.fullmatch(r"[0-9a-f]{12,64}", digits):
        raise UsageInvalid(f"'{head}' is no ledger head", "at least 12 hex digits, as a report or mail prints")
    if not any(digest.startswith(digits) for digest in chain.hashes.values()):
        said = (
            f"no entry has the hash {digits[:16]}…: entries up to it were rewritten, or cut off at the end; "
            f"the ledger ends at entry {chain.last}"
        )
        yield Defect(chain.last + 1, "cut-off", ledger.FOLDER, said)


def _bytes(shelf: Shelf, name: str) -> bytes:
    try:
        return shelf.read(name) if shelf.is_plain(name) else b""
    except OSError:
        return b""


def _parsed(content: bytes) -> Entry | None:
    try:
        return ledger.parse(content)
    except (ValueError, TypeError):
        return None


def _is_inside(name: str) -> bool:
    """Whether a bag's name is a plain path below the archive."""
    parts = PurePosixPath(name).parts
    return len(parts) == 3 and not PurePosixPath(name).is_absolute() and ".." not in parts and parts[0] != ledger.FOLDER
