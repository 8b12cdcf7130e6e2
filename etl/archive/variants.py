"""The variants of an edition: one folder per language, and per set of connectors that an audience may see."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from etl.archive.shelf import Part
from etl.common.addresses import recipient_key
from etl.common.canonical import canonical_sha256
from etl.settings import Settings


@dataclass(frozen=True)
class Variant:
    """One rendering for one kind of reader. No `connectors` means all of them."""

    folder: str
    language: str
    connectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipient:
    """Who gets a report, in which language and about which connectors (none: all of them)."""

    address: str
    language: str
    connectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class MailSource:
    """The archived parts of a variant's mail, and its PDF. `images` maps the content id to the PNG's bytes."""

    subject: str
    html: str
    text: str
    images: dict[str, bytes]
    pdf: bytes


def recipients(settings: Settings) -> dict[str, Recipient]:
    """Who gets reports, by the address's key. Who is in several audiences gets one report that shows what any of them
    may see, in the language of the first."""
    found: dict[str, Recipient] = {}
    for audience in settings.audiences:
        language, connectors = audience.language or settings.report.language, frozenset(audience.connectors)
        for address in audience.recipients:
            known = found.get(recipient_key(address)) or Recipient(address, language, tuple(sorted(connectors)))
            whole = not known.connectors or not connectors
            seen = () if whole else tuple(sorted(connectors.union(known.connectors)))
            found[recipient_key(address)] = replace(known, connectors=seen)
    return found


def wanted(settings: Settings) -> list[Variant]:
    """The variants that an edition made now gets: every language in full, and what each restricted reader may see."""
    full: set[tuple[str, tuple[str, ...]]] = {(language, ()) for language in settings.report.languages}
    keys = sorted(full | {(reader.language, reader.connectors) for reader in recipients(settings).values()})
    restricted = {connectors for _, connectors in keys if connectors}
    marks = _marks(restricted)
    return [
        Variant(f"{language}-{marks[connectors]}" if connectors else language, language, connectors)
        for language, connectors in keys
    ]


def _marks(groups: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """A short name per set of connectors: the first hex digits of its hash, four or as many more as tell them apart."""
    hashes = {group: canonical_sha256(group) for group in groups}
    length = 4
    while len({digest[:length] for digest in hashes.values()}) < len(hashes):
        length += 4
    return {group: digest[:length] for group, digest in hashes.items()}


def for_recipient(settings: Settings, reader: Recipient, archived: Iterable[Variant]) -> Variant | None:
    """The archived variant that a reader may see: the same connectors exactly, in the reader's language if there is
    one, else in the report's. Nothing where the edition was made before anybody asked for these connectors."""
    fitting = {variant.language: variant for variant in archived if variant.connectors == reader.connectors}
    return fitting.get(reader.language) or fitting.get(settings.report.language)


def read_mail(folder: Part) -> MailSource:
    """The archived parts of a variant's mail from its folder in a bag."""
    about = json.loads(folder.read("mail.json"))
    return MailSource(
        subject=about["subject"],
        html=folder.read("mail.html").decode("utf-8"),
        text=folder.read("mail.txt").decode("utf-8"),
        images={cid: folder.read(name) for cid, name in about["images"].items()},
        pdf=folder.read("report.pdf"),
    )
