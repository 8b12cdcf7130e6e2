"""Published profiles held against the same messages, side by side: met, not met, can't be judged, each with its rule.

Opportunistic plaintext and deprecated TLS are verdicts of their own: for SMTP between servers the alternative to old
TLS is usually no TLS. Nothing is met by what was not read: a profile whose own text is not at hand (`second_hand`)
gives no `met`, and a message whose cipher, group or certificate is not stated meets nothing that asks for it.

Sources: RFC 9325, RFC 8996 (read). At second hand: NIST SP 800-52r2; PCI DSS 4.0.1; BSI TR-02102-2 of 2026-01 (its
dates as reported in March 2026, its suites from the TaSK profile's XML); NCSC-NL's guidelines v2.1; the EU's roadmap
v1.1 of June 2025; CNSA 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal

from etl.common.words import DEPRECATED, N_
from etl.insights.safeguards import is_post_quantum
from etl.model.report import ProfileResult
from etl.reference import ciphers

Result = Literal["met", "not_met", "not_judged"]

PLAINTEXT = "plaintext"
DEPRECATED_VERSION = "deprecated_version"
DEPRECATED_CIPHER = "deprecated_cipher"
WEAK_CIPHER = "weak_cipher"
CURRENT = "current"
CIPHER_UNKNOWN = "current_version_cipher_unknown"
CIPHER_UNLISTED = "cipher_unlisted"
UNKNOWN = "unknown"
CERTIFICATE_BAD, CERTIFICATE_UNKNOWN = "certificate_not_valid", "certificate_unknown"
STATIC_DH_ENDED, DHE_ENDED, TLS_1_2_ENDED = "static_dh_ended", "dhe_ended", "tls_1_2_ended"
CLASSICAL_NOT_FOR_HIGH, CLASSICAL_ENDED = "classical_not_for_high", "classical_ended"
GOOD, SUFFICIENT, PHASE_OUT, INSUFFICIENT = "good", "sufficient", "phase_out", "insufficient"
POST_QUANTUM, CLASSICAL, GROUP_UNKNOWN, GROUP_OTHER = "post_quantum", "classical", "group_unknown", "group_other"

STATIC_DH_UNTIL = date(2026, 12, 31)
"""BSI TR-02102-2: static (EC)DH suites are usable until 2026 (from the TaSK profile's XML)."""
DHE_UNTIL = date(2029, 12, 31)
"""The same, 2026-01: suites with finite-field DHE, and with DSA, are recommended to the end of 2029."""
CLASSICAL_HIGH_UNTIL = date(2030, 12, 31)
"""The same: classical key exchange alone, where the need for protection is very high."""
CLASSICAL_UNTIL = date(2031, 12, 31)
"""The same: classical key exchange alone, elsewhere; from then on together with a post-quantum one."""
TLS_1_2_UNTIL = date(2031, 12, 31)
"""The same: TLS 1.2."""
EU_HIGH_RISK_UNTIL, EU_UNTIL = date(2030, 12, 31), date(2035, 12, 31)
"""EU roadmap v1.1: by the first, high-risk uses have moved to post-quantum cryptography; by the second, medium ones."""


@dataclass(frozen=True)
class Sent:
    """How messages went, as far as it is stated."""

    tls_version: str
    tls_cipher: str = "Unknown"
    tls_group: str = "Unknown"
    tls_auth: str = "Unknown"


@dataclass(frozen=True)
class Profile:
    """One published profile: how it names a message's state, and for each name the result it means and its rule.

    `verdict` takes a message and the last day of the period.
    """

    id: str
    title: str
    reference: str
    second_hand: bool
    verdict: Callable[[Sent, date], str]
    verdicts: dict[str, tuple[Result, str]]

    def result(self, name: str) -> Result:
        """The result of a verdict: never `met` by a profile whose own text was not read."""
        found = self.verdicts[name][0]
        return "not_judged" if found == "met" and self.second_hand else found


def by_version(sent: Sent, _last_date: date) -> str:
    """Without TLS, deprecated, and for TLS 1.2 by RFC 9325's strength of the cipher."""
    if sent.tls_version == "No TLS":
        return PLAINTEXT
    if sent.tls_version in DEPRECATED:
        return DEPRECATED_VERSION
    if sent.tls_version == "TLS 1.3":
        return CURRENT
    return by_cipher(sent.tls_cipher) if sent.tls_version == "TLS 1.2" else UNKNOWN


def by_cipher(tls_cipher: str) -> str:
    """A cipher's verdict by its strength alone."""
    strength = ciphers.strength(ciphers.facts_of(tls_cipher))
    if strength is None:
        return CIPHER_UNKNOWN
    return {"broken": DEPRECATED_CIPHER, "weak": WEAK_CIPHER, "good": CURRENT}[strength]


def _pci(sent: Sent, last_date: date) -> str:
    """As `by_version`; what is up to date there asks for a certificate that is known to be valid."""
    found = by_version(sent, last_date)
    if found != CURRENT or sent.tls_auth == "verified":
        return found
    return CERTIFICATE_BAD if sent.tls_auth in ("untrusted", "anonymous") else CERTIFICATE_UNKNOWN


def _bsi(sent: Sent, last_date: date) -> str:
    """By suites and their dates; a key exchange that is not post-quantum runs out as a whole."""
    if sent.tls_version == "TLS 1.3":
        found = CIPHER_UNLISTED if "CHACHA20" in sent.tls_cipher.upper() else CURRENT
    elif sent.tls_version == "TLS 1.2":
        found = TLS_1_2_ENDED if last_date > TLS_1_2_UNTIL else _bsi_cipher(sent.tls_cipher, last_date)
    else:
        found = by_version(sent, last_date)
    if found != CURRENT or last_date <= CLASSICAL_HIGH_UNTIL:
        return found
    quantum_safe = is_post_quantum(sent.tls_version, sent.tls_group)
    if quantum_safe is None:
        return GROUP_UNKNOWN
    if quantum_safe:
        return CURRENT
    return CLASSICAL_ENDED if last_date > CLASSICAL_UNTIL else CLASSICAL_NOT_FOR_HIGH


def _bsi_cipher(tls_cipher: str, last_date: date) -> str:
    """CBC stays usable there; finite-field DHE, DSA and static (EC)DH until a day; TLS_RSA, 3DES, anonymous never."""
    cipher = ciphers.facts_of(tls_cipher)
    found = by_cipher(tls_cipher)
    exchange, encryption = (cipher.key_exchange or "").upper(), (cipher.encryption or "").upper()
    if found not in (WEAK_CIPHER, CURRENT):
        return found
    if "CHACHA20" in encryption:
        return CIPHER_UNLISTED
    if "ANON" in exchange or "DES" in encryption:
        return WEAK_CIPHER
    if exchange.startswith(("DH_", "ECDH_", "RSA_PSK")):
        return CURRENT if last_date <= STATIC_DH_UNTIL else STATIC_DH_ENDED
    if exchange.startswith("DHE") or exchange.endswith("DSS"):
        return CURRENT if last_date <= DHE_UNTIL else DHE_ENDED
    return CURRENT if cipher.forward_secrecy else WEAK_CIPHER


_GRADES = (GOOD, SUFFICIENT, PHASE_OUT, INSUFFICIENT)
_BULK = (
    (re.compile(r"AES_(128|256)_GCM|CHACHA20", re.IGNORECASE), GOOD),
    (re.compile(r"AES_(128|256)_CBC", re.IGNORECASE), SUFFICIENT),
    (re.compile(r"3DES|DES_EDE", re.IGNORECASE), PHASE_OUT),
    (re.compile(r"NULL|RC4|RC2|DES|EXPORT|IDEA", re.IGNORECASE), INSUFFICIENT),
)


def _ncsc(sent: Sent, _last_date: date) -> str:
    """The worst grade of version, key exchange and bulk cipher."""
    if sent.tls_version in ("No TLS", "SSL 3.0"):
        return PLAINTEXT if sent.tls_version == "No TLS" else INSUFFICIENT
    if sent.tls_version in ("TLS unknown", "Unknown"):
        return UNKNOWN
    if sent.tls_version == "TLS 1.3":
        return GOOD
    grades = [SUFFICIENT if sent.tls_version == "TLS 1.2" else PHASE_OUT, *_cipher_grades(sent.tls_cipher)]
    known = [grade for grade in grades if grade]
    worst = max(known, key=_GRADES.index)
    return CIPHER_UNKNOWN if len(known) < len(grades) and worst == SUFFICIENT else worst


def _cipher_grades(tls_cipher: str) -> tuple[str, str]:
    """The grades of key exchange and of bulk cipher; an empty text where nothing tells."""
    cipher = ciphers.facts_of(tls_cipher)
    exchange, encryption = (cipher.key_exchange or "").upper(), cipher.encryption or ""
    bulk = next((grade for pattern, grade in _BULK if pattern.search(encryption)), "")
    if not exchange:
        return "", bulk
    if "ANON" in exchange or "EXPORT" in exchange:
        return INSUFFICIENT, bulk
    for begin, grade in (("ECDHE", GOOD), ("DHE", SUFFICIENT), ("RSA", PHASE_OUT)):
        if exchange.startswith(begin):
            return grade, bulk
    return INSUFFICIENT, bulk


def _quantum(sent: Sent, last_date: date) -> str:
    """Post-quantum key exchange or not; from the EU's dates on the classical one has run out."""
    if sent.tls_version == "No TLS":
        return PLAINTEXT
    found = None if sent.tls_version == "Unknown" else is_post_quantum(sent.tls_version, sent.tls_group)
    if found is None:
        return GROUP_UNKNOWN
    if found:
        return POST_QUANTUM
    return (
        CLASSICAL_ENDED
        if last_date > EU_UNTIL
        else CLASSICAL_NOT_FOR_HIGH
        if last_date > EU_HIGH_RISK_UNTIL
        else CLASSICAL
    )


def _cnsa(sent: Sent, _last_date: date) -> str:
    """ML-KEM-1024 alone meets it; with a hybrid of it that can't be said, and every other group does not."""
    if sent.tls_version == "No TLS":
        return PLAINTEXT
    if sent.tls_version == "Unknown" or is_post_quantum(sent.tls_version, sent.tls_group) is None:
        return GROUP_UNKNOWN
    if sent.tls_group == "MLKEM1024":
        return POST_QUANTUM
    return GROUP_OTHER if "MLKEM1024" in sent.tls_group else CLASSICAL


_NIST = N_("SP 800-52r2 3.3: its suites were not read")
_BSI_VERSIONS = "TR-02102-2: TLS 1.2, TLS 1.3"
_NOT_STATED = N_("the export does not say")

PROFILES = (
    Profile(
        "rfc9325", "RFC 9325 (BCP 195)", "RFC 9325 3.1.1, 4.1, 4.2", False, by_version,
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
        by_version,
        {
            PLAINTEXT: ("not_met", "SP 800-52r2 3.1: shall (TLS 1.2)"),
            DEPRECATED_VERSION: ("not_met", "SP 800-52r2 3.1: should not (TLS 1.1), shall not (TLS 1.0, SSL)"),
            DEPRECATED_CIPHER: ("not_judged", _NIST),
            WEAK_CIPHER: ("not_judged", _NIST),
            CURRENT: ("met", "SP 800-52r2 3.1: shall (TLS 1.2), should (TLS 1.3)"),
            CIPHER_UNKNOWN: ("not_judged", _NIST),
            UNKNOWN: ("not_judged", "SP 800-52r2 3.1"),
        },
    ),
    Profile(
        "pci-dss-4.0.1", "PCI DSS 4.0.1", N_("requirement 4.2.1, as quoted elsewhere; it names no version"), True, _pci,
        {
            PLAINTEXT: ("not_met", N_("4.2.1: strong cryptography in transit")),
            DEPRECATED_VERSION: ("not_met", N_("4.2.1: no insecure versions (read as RFC 8996)")),
            DEPRECATED_CIPHER: ("not_met", N_("4.2.1: no insecure algorithms (read as RFC 9325 4.1)")),
            WEAK_CIPHER: ("not_judged", N_("4.2.1 names no suites")),
            CERTIFICATE_BAD: ("not_met", N_("4.2.1: trusted and valid certificates only")),
            CERTIFICATE_UNKNOWN: ("not_judged", N_("4.2.1: trusted and valid certificates only")),
            CURRENT: ("met", N_("4.2.1: secure versions and configurations, valid certificate")),
            CIPHER_UNKNOWN: ("not_judged", "4.2.1"),
            UNKNOWN: ("not_judged", "4.2.1"),
        },
    ),
    Profile(
        "bsi-tr-02102-2", "BSI TR-02102-2 (2026)",
        N_("from the TaSK profile's XML and reports on its edition of 2026, not from the guideline's own text"), True,
        _bsi,
        {
            PLAINTEXT: ("not_met", _BSI_VERSIONS),
            DEPRECATED_VERSION: ("not_met", _BSI_VERSIONS),
            DEPRECATED_CIPHER: ("not_met", N_("TR-02102-2: not among the suites listed")),
            WEAK_CIPHER: ("not_met", N_("TR-02102-2: TLS_RSA, 3DES and anonymous suites are not listed")),
            STATIC_DH_ENDED: ("not_met", N_("TR-02102-2: static (EC)DH until 2026")),
            DHE_ENDED: ("not_met", N_("TR-02102-2: DHE and DSA until 2029")),
            TLS_1_2_ENDED: ("not_met", N_("TR-02102-2: TLS 1.2 until 2031")),
            CLASSICAL_ENDED: ("not_met", N_("TR-02102-2: classical key exchange alone until 2031")),
            CLASSICAL_NOT_FOR_HIGH: (
                "not_judged", N_("TR-02102-2: classical key exchange alone until 2030 for very high needs"),
            ),
            CURRENT: ("met", N_("TR-02102-2: TLS 1.2 or 1.3 with (EC)DHE")),
            CIPHER_UNLISTED: ("not_judged", N_("TR-02102-2: ChaCha20 is not among the suites quoted")),
            GROUP_UNKNOWN: ("not_judged", _NOT_STATED),
            CIPHER_UNKNOWN: ("not_judged", "TR-02102-2"),
            UNKNOWN: ("not_judged", "TR-02102-2"),
        },
    ),
    Profile(
        "ncsc-nl-2.1", "NCSC-NL TLS 2.1",
        N_("guidelines v2.1 of 2021, as quoted elsewhere; the edition of 2025 was not read"), True, _ncsc,
        {
            PLAINTEXT: ("not_met", N_("judges TLS, and there was none")),
            INSUFFICIENT: ("not_met", N_("guidelines B1 and B2: insufficient")),
            PHASE_OUT: ("not_met", N_("guidelines B1 and B2: phase out")),
            SUFFICIENT: ("met", N_("guidelines B1 and B2: sufficient")),
            GOOD: ("met", N_("guidelines B1 and B2: good")),
            CIPHER_UNKNOWN: ("not_judged", _NOT_STATED),
            UNKNOWN: ("not_judged", _NOT_STATED),
        },
    ),
    Profile(
        "eu-pqc-roadmap", N_("EU post-quantum roadmap"),
        N_("roadmap v1.1 of June 2025, as quoted elsewhere: high risk by the end of 2030, medium by 2035"), True,
        _quantum,
        {
            PLAINTEXT: ("not_met", N_("judges TLS, and there was none")),
            CLASSICAL_ENDED: ("not_met", N_("roadmap: medium risk by the end of 2035")),
            CLASSICAL_NOT_FOR_HIGH: ("not_judged", N_("roadmap: high risk by the end of 2030")),
            CLASSICAL: ("not_judged", N_("roadmap: high risk by the end of 2030")),
            POST_QUANTUM: ("met", N_("key exchange with ML-KEM")),
            GROUP_UNKNOWN: ("not_judged", _NOT_STATED),
        },
    ),
    Profile(
        "cnsa-2.0", "CNSA 2.0", N_("as quoted elsewhere: ML-KEM-1024"), True, _cnsa,
        {
            PLAINTEXT: ("not_met", N_("judges TLS, and there was none")),
            CLASSICAL: ("not_met", N_("ML-KEM-1024 is asked for; 768 is not enough")),
            GROUP_OTHER: ("not_judged", N_("a hybrid with ML-KEM-1024: its own text was not read")),
            POST_QUANTUM: ("met", N_("key exchange with ML-KEM-1024")),
            GROUP_UNKNOWN: ("not_judged", _NOT_STATED),
        },
    ),
)  # fmt: skip

_BY_ID = {profile.id: profile for profile in PROFILES}

JUDGES_CIPHERS = ("rfc9325", "pci-dss-4.0.1", "bsi-tr-02102-2")
"""The profiles that a rule about ciphers can go by."""


@cache
def cipher_result(profile: str, tls_cipher: str, last_date: date) -> Result:
    """Whether the profile allows a cipher, whatever the TLS version, in a period that ends on `last_date`."""
    found = _bsi_cipher(tls_cipher, last_date) if profile == "bsi-tr-02102-2" else by_cipher(tls_cipher)
    if profile == "pci-dss-4.0.1" and found == CURRENT:
        return "met"
    return _BY_ID[profile].verdicts[found][0]


def profile_results(messages: Iterable[Mapping[str, Any]], last_date: date) -> tuple[ProfileResult, ...]:
    """Each profile over the rows of the measure `safeguards`: how many messages met it, did not, can't be judged."""
    rows = [
        (Sent(row["tls_version"], row["tls_cipher"], row["tls_group"], row["tls_auth"]), row["messages"])
        for row in messages
    ]
    return tuple(_result(profile, rows, last_date) for profile in PROFILES)


def _result(profile: Profile, rows: list[tuple[Sent, int]], last_date: date) -> ProfileResult:
    verdicts: dict[str, int] = {}
    results: dict[Result, int] = {"met": 0, "not_met": 0, "not_judged": 0}
    for sent, count in rows:
        found = profile.verdict(sent, last_date)
        verdicts[found] = verdicts.get(found, 0) + count
        results[profile.result(found)] += count
    ordered = {name: verdicts[name] for name in profile.verdicts if name in verdicts}
    return ProfileResult(
        profile=profile.id, title=profile.title, reference=profile.reference, second_hand=profile.second_hand,
        met=results["met"], not_met=results["not_met"], not_judged=results["not_judged"], verdicts=ordered,
        citations={name: profile.verdicts[name][1] for name in ordered},
    )  # fmt: skip
