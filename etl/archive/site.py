"""`archive/index.html`, made from the ledger: every edition, the current one of each period, hashes and links.

It opens from a disk without a server, runs no script and loads nothing. It is a convenience: what counts is the ledger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from etl.archive import compared, edition_file, ledger
from etl.archive.ledger import Entry
from etl.archive.shelf import Shelf
from etl.common.program_files import REPORT_TEMPLATES

TEMPLATES = REPORT_TEMPLATES / "archive"
FILE = "index.html"
_FILES = (("report.html", "HTML"), ("report.pdf", "PDF"), ("mail.txt", "mail"))


@dataclass(frozen=True)
class Link:
    """A file of an edition, by its path below the archive."""

    href: str
    text: str


@dataclass(frozen=True)
class Row:
    """One edition as the page shows it: with the number of the edition that took its place, or, where it is current,
    the editions of earlier periods that corrected what it is compared with."""

    entry: Entry
    hash: str
    origin: str
    superseded_by: int | None
    corrected_by: tuple[Entry, ...]
    links: tuple[Link, ...]


@lru_cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("index.html")


def render(shelf: Shelf, entries: list[Entry]) -> bytes:
    """The page's bytes: a function of the ledger and of which variants its bags hold."""
    current = {entry.period: entry.edition for entry in entries if entry.kind == "edition"}
    corrected = compared.corrected(shelf, entries)
    rows = [
        Row(
            entry,
            entry.hash,
            ledger.origin(entries, entry),
            None if current[entry.period] == entry.edition else entry.edition + 1,
            corrected.get(entry.bag, ()),
            tuple(_links(shelf, entry)),
        )
        for entry in reversed(entries)
        if entry.kind == "edition"
    ]
    return _template().render(rows=rows, head=ledger.head(entries), count=len(entries)).encode()


def write(shelf: Shelf, entries: list[Entry]) -> None:
    """Writes the page, whole, if it differs from what is there."""
    content = render(shelf, entries)
    try:
        is_there = shelf.read(FILE) == content
    except FileNotFoundError:
        is_there = False
    if not is_there:
        shelf.replace(FILE, content)


def _links(shelf: Shelf, entry: Entry) -> list[Link]:
    try:
        about: dict[str, Any] = json.loads(edition_file.data(shelf, entry.bag).read(edition_file.FILE))
        folders = sorted(about["variants"])
    except (OSError, ValueError, KeyError):
        return []
    data = f"{entry.bag}/data"
    of_variants = [Link(f"{data}/{folder}/{name}", f"{folder} {word}") for folder in folders for name, word in _FILES]
    return [*of_variants, Link(f"{data}/facts.csv", "facts"), Link(f"{data}/summary.json", "summary")]
