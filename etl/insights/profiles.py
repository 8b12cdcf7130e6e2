"""Published profiles held against the same messages, side by side: met, not met, can't be judged, each with its rule.

Opportunistic plaintext and deprecated TLS are verdicts of their own: for SMTP between servers the alternative to old
TLS is usually no TLS. What the reference knows at second hand only is marked so, and worded so where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from etl.common.words import DEPRECATED, N_
from etl.model.report import ProfileResult
from etl.reference import ciphers

Result = Literal["met", "not_met", "not_judged"]

PLAINTEXT = "plaintext"
DEPRECATED_VERSION = "deprecated_version"
DEPRECATED_CIPHER = "deprecated_cipher"
WEAK_CIPHER = "weak_cipher"
CURRENT = "current"
CIPHER_UNKNOWN = "current_version_cipher_unknown"
UNKNOWN = "unknown"

STATIC_DH_UNTIL = date(2026, 12, 31)
"""BSI TR-02102-2: static (EC)DH suites are usable until 2026 (from the TaSK profile's XML)."""


@dataclass(frozen=True)
class Profile:
    """One published profile: for each verdict the result it means, and the rule it cites."""

    id: str
    title: str
    reference: str
    second_hand: bool
    verdicts: dict[str, tuple[Result, str]]


_NIST_CIPHERS = N_("SP 800-52r2 3.1: TLS 1.2; its ciphers are not judged here")

PROFILES = (
    Profile(
        "rfc9325", "RFC 9325 (BCP 195)", "RFC 9325 3.1.1, 4.1, 4.2", False,
        {
            PLAINTEXT: ("not_met", N_("judges TLS, and there was none")),
            DEPRECATED_VERSION: ("not_met", "RFC 9325 3.1.1, RFC 8996: MUST NOT"),
            DEPRECATED_CIPHER: ("not_met", "RFC 9325 4.1: MUST NOT"),
            WEAK_CIPHER: ("not_met", "RFC 9325 4.1, 4.2: SHOULD NOT"),
            CURRENT: ("met", "RFC 9325 3.1.1, 4.2"),
            CIPHER_UNKNOWN: ("not_judged", "RFC 9325 4.1, 4.2"),
            UNKNOWN: ("not_judged", "RFC 9325 3.1.1"),
        },
    ),
    Profile(
        "nist-sp-800-52r2", "NIST SP 800-52 Rev. 2", N_("SP 800-52r2 3.1 (versions), as quoted elsewhere"), True,
        {
            PLAINTEXT: ("not_met", "SP 800-52r2 3.1: shall (TLS 1.2)"),
            DEPRECATED_VERSION: ("not_met", "SP 800-52r2 3.1: should not (TLS 1.1), shall not (TLS 1.0, SSL)"),
            DEPRECATED_CIPHER: ("met", _NIST_CIPHERS),
            WEAK_CIPHER: ("met", _NIST_CIPHERS),
            CURRENT: ("met", "SP 800-52r2 3.1: shall (TLS 1.2), should (TLS 1.3)"),
            CIPHER_UNKNOWN: ("met", _NIST_CIPHERS),
            UNKNOWN: ("not_judged", "SP 800-52r2 3.1"),
        },
    ),
    Profile(
        "pci-dss-4.0.1", "PCI DSS 4.0.1", N_("requirement 4.2.1, as quoted elsewhere; it names no version"), True,
        {
            PLAINTEXT: ("not_met", N_("4.2.1: strong cryptography in transit")),
            DEPRECATED_VERSION: ("not_met", N_("4.2.1: no insecure versions (read as RFC 8996)")),
            DEPRECATED_CIPHER: ("not_met", N_("4.2.1: no insecure algorithms (read as RFC 9325 4.1)")),
            WEAK_CIPHER: ("not_judged", N_("4.2.1 names no suites")),
            CURRENT: ("met", N_("4.2.1: secure versions and configurations")),
            CIPHER_UNKNOWN: ("not_judged", "4.2.1"),
            UNKNOWN: ("not_judged", "4.2.1"),
        },
    ),
    Profile(
        "bsi-tr-02102-2", "BSI TR-02102-2",
        N_("from the TaSK profile's XML, not from the guideline's own text"), True,
        {
            PLAINTEXT: ("not_met", "TR-02102-2: TLS 1.2, TLS 1.3"),
            DEPRECATED_VERSION: ("not_met", "TR-02102-2: TLS 1.2, TLS 1.3"),
            DEPRECATED_CIPHER: ("not_met", N_("TR-02102-2: not among the suites listed")),
            WEAK_CIPHER: ("not_met", N_("TR-02102-2: TLS_RSA, 3DES and anonymous suites are not listed")),
            CURRENT: ("met", N_("TR-02102-2: TLS 1.2 or 1.3 with (EC)DHE; static (EC)DH until 2026")),
            CIPHER_UNKNOWN: ("not_judged", "TR-02102-2"),
            UNKNOWN: ("not_judged", "TR-02102-2"),
        },
    ),
)  # fmt: skip

_BY_ID = {profile.id: profile for profile in PROFILES}

JUDGES_CIPHERS = tuple(p.id for p in PROFILES if p.verdicts[DEPRECATED_CIPHER][0] == "not_met")
"""The profiles that a rule about ciphers can go by; the others are known here for versions only."""


def verdict(profile: str, tls_version: str, tls_cipher: str, last_date: date) -> str:
    """The profile's verdict on messages under one TLS version and cipher, in a period that ends on `last_date`."""
    if tls_version == "No TLS":
        return PLAINTEXT
    if tls_version in DEPRECATED:
        return DEPRECATED_VERSION
    if tls_version == "TLS 1.3":
        return CURRENT
    if tls_version != "TLS 1.2":
        return UNKNOWN
    return _cipher_verdict(profile, tls_cipher, last_date)


def _cipher_verdict(profile: str, tls_cipher: str, last_date: date) -> str:
    """The profile's verdict on a cipher alone."""
    cipher = ciphers.facts_of(tls_cipher)
    strength = ciphers.strength(cipher)
    if strength is None:
        return CIPHER_UNKNOWN
    if strength == "broken":
        return DEPRECATED_CIPHER
    if strength == "weak" and profile == "bsi-tr-02102-2" and _bsi_lists(cipher, last_date):
        return CURRENT
    return WEAK_CIPHER if strength == "weak" else CURRENT


@cache
def cipher_result(profile: str, tls_cipher: str, last_date: date) -> Result:
    """Whether the profile allows a cipher, whatever the TLS version, in a period that ends on `last_date`."""
    found = _cipher_verdict(profile, tls_cipher, last_date)
    return "not_judged" if found == CIPHER_UNKNOWN else _BY_ID[profile].verdicts[found][0]


def _bsi_lists(cipher: ciphers.Cipher, last_date: date) -> bool:
    """CBC and finite-field DHE stay usable there; static (EC)DH until a day; TLS_RSA, 3DES and anonymous never."""
    exchange = (cipher.key_exchange or "").upper()
    if "ANON" in exchange or "DES" in (cipher.encryption or "").upper():
        return False
    if exchange.startswith(("DH_", "ECDH_", "RSA_PSK")):
        return last_date <= STATIC_DH_UNTIL
    return bool(cipher.forward_secrecy)


def judge(messages: Iterable[tuple[str, str, int]], last_date: date) -> tuple[ProfileResult, ...]:
    """Each profile over (TLS version, cipher, messages): how many met it, did not, can't be judged."""
    rows = list(messages)
    return tuple(_judge(profile, rows, last_date) for profile in PROFILES)


def _judge(profile: Profile, rows: list[tuple[str, str, int]], last_date: date) -> ProfileResult:
    verdicts: dict[str, int] = {}
    results: dict[Result, int] = {"met": 0, "not_met": 0, "not_judged": 0}
    for tls_version, tls_cipher, count in rows:
        found = verdict(profile.id, tls_version, tls_cipher, last_date)
        verdicts[found] = verdicts.get(found, 0) + count
        results[profile.verdicts[found][0]] += count
    ordered = {name: verdicts[name] for name in profile.verdicts if name in verdicts}
    return ProfileResult(
        profile=profile.id, title=profile.title, reference=profile.reference, second_hand=profile.second_hand,
        met=results["met"], not_met=results["not_met"], not_judged=results["not_judged"], verdicts=ordered,
        citations={name: profile.verdicts[name][1] for name in ordered},
    )  # fmt: skip
