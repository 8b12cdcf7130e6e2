"""What protected the messages besides the TLS version: forward secrecy, AEAD, post-quantum key exchange, certificates.

Each safeguard is judged over all messages, as `protected` is: one without TLS has none of them. What an export does
not tell stays apart.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from etl import reference
from etl.common.words import DEPRECATED, Direction
from etl.model.report import SAFEGUARDS, Safeguard, Share
from etl.reference import ciphers

GROUPS = reference.FOLDER / "groups.csv"

_DIRECTIONS: tuple[Direction, ...] = ("inbound", "outbound")


def safeguards_of(messages: Iterable[Mapping[str, Any]]) -> tuple[Safeguard, ...]:
    """Each safeguard in each direction, over the rows of the measure `safeguards`."""
    counts: Counter[tuple[str, str, bool | None]] = Counter()
    for row in messages:
        for name in SAFEGUARDS:
            told = has(name, row["tls_version"], row["tls_cipher"], row["tls_group"], row["tls_auth"])
            counts[name, row["direction"], told] += row["messages"]

    def share(name: str, direction: str) -> Share:
        had, lacked, open_ = (counts[name, direction, told] for told in (True, False, None))
        return Share(n=had, total=had + lacked, undecided=open_)

    return tuple(
        Safeguard(name=name, direction=direction, share=share(name, direction))
        for name in SAFEGUARDS
        for direction in _DIRECTIONS
    )


def has(name: str, tls_version: str, tls_cipher: str, tls_group: str, tls_auth: str) -> bool | None:
    """Whether a message had the safeguard `name`; nothing where it can't be said."""
    if tls_version == "No TLS":
        return False
    if tls_version == "Unknown":
        return None
    if name == "forward_secrecy":
        return _forward_secrecy(tls_version, tls_cipher)
    if name == "aead":
        return _aead(tls_version, tls_cipher)
    if name == "post_quantum":
        return is_post_quantum(tls_version, tls_group)
    enough = ("verified",) if name == "peer_verified" else ("trusted", "verified")
    return None if tls_auth == "Unknown" else tls_auth in enough


def _forward_secrecy(tls_version: str, tls_cipher: str) -> bool | None:
    """TLS 1.3 has it always (RFC 8446, section 1.2), before it the cipher suite says so."""
    return True if tls_version == "TLS 1.3" else ciphers.facts_of(tls_cipher).forward_secrecy


def _aead(tls_version: str, tls_cipher: str) -> bool | None:
    """TLS 1.3 knows nothing else (RFC 8446, section 1.2); TLS 1.2 was the first to have it (RFC 5246, section 1.2)."""
    if tls_version == "TLS 1.3":
        return True
    return False if tls_version in DEPRECATED else ciphers.facts_of(tls_cipher).aead


def is_post_quantum(tls_version: str, tls_group: str) -> bool | None:
    """The groups with ML-KEM are for TLS 1.3 alone (IANA, TLS Supported Groups; draft-ietf-tls-ecdhe-mlkem)."""
    return False if tls_version in (*DEPRECATED, "TLS 1.2") else _groups().get(tls_group)


@cache
def _groups() -> dict[str, bool]:
    with GROUPS.open(encoding="utf-8", newline="") as file:
        return {row["tls_group"]: row["post_quantum"] == "true" for row in csv.DictReader(file)}
