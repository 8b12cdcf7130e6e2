"""Words that every stage means the same by: each stands here, once."""

from __future__ import annotations

from typing import Literal, get_args

Direction = Literal["inbound", "outbound"]
"""Which way mail goes, as the organisation sees it."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

TlsVersion = Literal["No TLS", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "TLS unknown", "Unknown"]
"""What a transfer was protected by: `TLS unknown` is encrypted, version not stated; `Unknown` can't be said at all."""
TLS_VERSIONS: tuple[TlsVersion, ...] = get_args(TlsVersion)
"""From worst to best, then the two that can't be judged: the order of every table."""
PROTECTED: tuple[TlsVersion, ...] = ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "TLS unknown")
DEPRECATED: tuple[TlsVersion, ...] = ("SSL 3.0", "TLS 1.0", "TLS 1.1")
"""TLS 1.1 and older (RFC 8996)."""
BELOW_MODERN: tuple[TlsVersion, ...] = ("No TLS", *DEPRECATED)
MODERN: tuple[TlsVersion, ...] = ("TLS 1.2", "TLS 1.3")

Origin = Literal["scheduled", "correction", "backfill", "manual"]
"""What made an edition: its scheduled run, new facts of a period already reported, a backfill, a person."""
ORIGINS: tuple[Origin, ...] = get_args(Origin)
DELIVERED: tuple[Origin, ...] = ("scheduled", "correction")
"""The origins whose editions go out by themselves; the others reach a mail server by `send --to` only."""

LEDGER_HEAD_MARKER = "(see this edition’s entry in the ledger)"
"""Stands in an archived mail where the mail as sent prints the head that includes its edition."""
OLD_LEDGER_HEAD_MARKER = "@@LEDGER-HEAD@@"
"""The same in mails that were archived by version 0.1."""


def N_(text: str) -> str:  # noqa: N802  gettext's own name for it, which the search for texts knows
    """Marks a text that is translated where it is shown, not where it stands."""
    return text
