"""Words that every stage means the same by: each stands here, once."""

from __future__ import annotations

from typing import Literal

Direction = Literal["inbound", "outbound"]
"""Which way mail goes, as the organisation sees it."""
TlsVersion = Literal["No TLS", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "TLS unknown", "Unknown"]
"""What a transfer was protected by: `TLS unknown` is encrypted, version not stated; `Unknown` can't be said at all."""


def N_(text: str) -> str:  # noqa: N802  gettext's own name for it, which the search for texts knows
    """Marks a text that is translated where it is shown, not where it stands."""
    return text
