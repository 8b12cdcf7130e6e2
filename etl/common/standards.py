"""What "up to date" means: the TLS versions that a named standard allows, by version alone.

Ciphers, keys and certificates are no part of it: those are judged by the profiles, which say what they looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

StandardName = Literal["rfc9325", "nist-sp-800-52r2", "bsi-tr-02102-2", "tls-1.3"]
STANDARD_NAMES: tuple[StandardName, ...] = get_args(StandardName)


@dataclass(frozen=True)
class Standard:
    """A standard that a headline names: `title` as it is cited, `versions` that it allows, `least` the oldest."""

    name: StandardName
    title: str
    versions: tuple[str, ...]
    least: str


_FROM_1_2 = ("TLS 1.2", "TLS 1.3")
STANDARDS: dict[StandardName, Standard] = {
    "rfc9325": Standard(name="rfc9325", title="RFC 9325", versions=_FROM_1_2, least="TLS 1.2"),
    "nist-sp-800-52r2": Standard(
        name="nist-sp-800-52r2", title="NIST SP 800-52r2", versions=_FROM_1_2, least="TLS 1.2"
    ),
    "bsi-tr-02102-2": Standard(name="bsi-tr-02102-2", title="BSI TR-02102-2", versions=_FROM_1_2, least="TLS 1.2"),
    "tls-1.3": Standard(name="tls-1.3", title="RFC 8446", versions=("TLS 1.3",), least="TLS 1.3"),
}
"""RFC 9325 section 3.1.1 forbids SSL, TLS 1.0 and 1.1; the others ask for the same, or for TLS 1.3 alone."""
