"""What an edition's bag says of itself in `data/edition.json`: all that its ledger entry holds, and more."""

from __future__ import annotations

import json
from typing import Any

from etl.archive import ledger
from etl.archive.ledger import Entry
from etl.archive.shelf import Part, Shelf
from etl.archive.variants import Variant
from etl.common.errors import ArchiveBroken, NotFound
from etl.common.periods import Period

FORMAT = "transit-ledger-edition/1"
FILE = "edition.json"
BY_THEMSELVES = ("facts", "completeness")
"""Parts of an edition's basis that make a new one when they change."""
IF_ACTIONS_CHANGE = "history"
"""The part that makes a new one only where an action appears, disappears or changes with it (`compared`)."""
WHEN_ASKED = ("policy", "settings", "readers")
"""Parts that make a new one only when asked."""


def data(shelf: Shelf, bag: str) -> Part:
    """The data files of a bag."""
    return shelf.part(f"{bag}/data")


def read(shelf: Shelf, bag: str) -> dict[str, Any] | None:
    """What the bag in this folder says of its edition; nothing where it can't be read or is another thing."""
    try:
        found = json.loads(data(shelf, bag).read(FILE))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def of(shelf: Shelf, entry: Entry) -> dict[str, Any]:
    """What the bag of an entry says. Raises `ArchiveBroken` where it can't be read."""
    found = read(shelf, entry.bag)
    if found is None:
        raise ArchiveBroken(
            f"{entry.bag}/data/{FILE} is missing or altered", "the file as it was archived", "run python -m etl verify"
        )
    return found


def entry_for(number: int, bag: str, bag_sha256: str, said: dict[str, Any]) -> Entry:
    """The ledger entry, at place `number`, of the bag whose `edition.json` holds `said`: its bytes depend on nothing
    else. `KeyError` or `TypeError` where something is missing."""
    return Entry(
        number=number,
        previous=said["ledger_head"],
        kind="edition",
        period=said["period"],
        edition=said["edition"],
        origin=said["origin"],
        basis=said["basis"],
        made_at=said["made_at"],
        supersedes=said["supersedes"],
        reasons=tuple(said["reasons"]),
        bag=bag,
        bag_sha256=bag_sha256,
    )


def unentered(shelf: Shelf, entries: list[Entry]) -> list[str]:
    """Folders where editions lie that none of `entries` names, such as `2026/W47/e2`."""
    known = {entry.bag for entry in entries}
    years = [item for item in shelf.listed() if item.is_folder and item.name[0].isdigit()]
    spans = [item for year in years for item in shelf.listed(year.name) if item.is_folder]
    held = [item for span in spans for item in shelf.listed(span.name) if item.is_folder]
    return sorted(item.name for item in held if item.name not in known and not item.is_unfinished)


def comes_next(entries: list[Entry], said: dict[str, Any]) -> bool:
    """Whether an edition that says this is the one that comes next: built on the present head, next of its period."""
    held = ledger.editions(entries, str(said.get("period")))
    last = held[-1] if held else None
    return (said.get("ledger_head"), said.get("edition"), said.get("supersedes")) == (
        ledger.head(entries),
        last.edition + 1 if last else 1,
        last.hash if last else None,
    )


def variants(shelf: Shelf, entry: Entry) -> list[Variant]:
    """The variants that an edition holds."""
    return [
        Variant(folder, said["language"], tuple(said["connectors"]))
        for folder, said in of(shelf, entry)["variants"].items()
    ]


def find(entries: list[Entry], period: Period, edition: int | None = None) -> Entry:
    """The entry of an edition of `period`; without a number the current one. `NotFound` lists those there are."""
    held = ledger.editions(entries, str(period))
    for entry in reversed(held):
        if edition is None or entry.edition == edition:
            return entry
    listed = ", ".join(str(entry.edition) for entry in held) or "none"
    wanted = f"edition {edition} of {period}" if edition is not None else f"edition of {period}"
    raise NotFound(f"the archive holds no {wanted}", f"one of: {listed}", f"`python -m etl publish {period}` makes one")
