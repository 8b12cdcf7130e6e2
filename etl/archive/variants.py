"""The variants of an edition: one folder per language, and per set of connectors that an audience may see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from etl.settings import Audience, Settings

LEDGER_HEAD_MARKER = "@@LEDGER-HEAD@@"
"""Stands in an archived mail where the mail as sent prints the head that includes its edition."""


@dataclass(frozen=True)
class Variant:
    """One rendering for one kind of reader. No `connectors` means all of them."""

    folder: str
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


def canonical(value: Any) -> bytes:
    """`value` as canonical JSON (RFC 8785); dates become ISO text, tuples lists."""
    return rfc8785.dumps(json.loads(json.dumps(value, default=_plain)))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def wanted(settings: Settings) -> list[Variant]:
    """The variants that an edition made now gets: every language in full, and what each restricted audience may see."""
    full = {(language, ()) for language in settings.report.languages}
    keys = sorted(full | {_key(settings, audience) for audience in settings.audiences})
    restricted = {connectors for _, connectors in keys if connectors}
    marks = _marks(restricted)
    return [
        Variant(f"{language}-{marks[connectors]}" if connectors else language, language, connectors)
        for language, connectors in keys
    ]


def _key(settings: Settings, audience: Audience) -> tuple[str, tuple[str, ...]]:
    return audience.language or settings.report.language, tuple(sorted(set(audience.connectors)))


def _marks(groups: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """A short name per set of connectors: the first hex digits of its hash, four or as many more as tell them apart."""
    hashes = {group: hashlib.sha256(canonical(list(group))).hexdigest() for group in groups}
    length = 4
    while len({digest[:length] for digest in hashes.values()}) < len(hashes):
        length += 4
    return {group: digest[:length] for group, digest in hashes.items()}


def for_audience(settings: Settings, audience: Audience, archived: Iterable[Variant]) -> Variant | None:
    """The archived variant that an audience may read: its connectors exactly, in its language if there is one, else in
    the report's. Nothing where the edition was made before the audience's connectors were asked for."""
    language, connectors = _key(settings, audience)
    fitting = {variant.language: variant for variant in archived if variant.connectors == connectors}
    return fitting.get(language) or fitting.get(settings.report.language)


def read_mail(folder: Path) -> MailSource:
    """The archived parts of a variant's mail from its folder in a bag."""
    about = json.loads((folder / "mail.json").read_bytes())
    return MailSource(
        subject=about["subject"],
        html=(folder / "mail.html").read_bytes().decode("utf-8"),
        text=(folder / "mail.txt").read_bytes().decode("utf-8"),
        images={cid: (folder / name).read_bytes() for cid, name in about["images"].items()},
        pdf=(folder / "report.pdf").read_bytes(),
    )
