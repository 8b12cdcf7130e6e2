"""Published profiles over the same facts: one fact of each class, ingested, and what each profile says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from etl.common.periods import parse_period
from etl.insights import profiles
from etl.model.report import ProfileResult, ReportModel
from etl.report.preview import preview
from tests.helpers import bring, export, site
from tests.insights.exports import GOOD, IRREGULAR, STATIC, SUMS, mail

RFC, NIST, PCI, BSI = "rfc9325", "nist-sp-800-52r2", "pci-dss-4.0.1", "bsi-tr-02102-2"
NCSC, EU, CNSA = "ncsc-nl-2.1", "eu-pqc-roadmap", "cnsa-2.0"

# One message more than the line before: a class is told by its count. Version and cipher as an export spells them.
CLASSES = [
    ("No TLS", ""),
    ("SSL3", STATIC),
    ("TLS1.0", STATIC),
    ("TLS1.1", GOOD),
    ("TLS1.2", "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    ("TLS1.2", "TLS_RSA_WITH_NULL_SHA256"),
    ("TLS1.2", STATIC),
    ("TLS1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    ("TLS1.2", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    ("TLS1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    ("TLS1.2", "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256"),
    ("TLS1.2", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    ("TLS1.2", "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    ("TLS1.2", GOOD),
    ("TLS1.2", "AES256"),
    ("TLS1.2", ""),
    ("TLS1.3", "TLS_AES_256_GCM_SHA384"),
    ("TLS", ""),
    ("", ""),
]
COUNTS = {line: 2**n for n, line in enumerate(CLASSES)}
"""Powers of two: a sum tells which classes are in it."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ReportModel:
    settings = site(tmp_path_factory.mktemp("profiles"), **IRREGULAR)
    rows = [line for (version, cipher), n in COUNTS.items() for line in mail("hub", 47, {version: n}, cipher=cipher)]
    bring(settings, {"connector-all": export(rows, SUMS)})
    return preview(settings, parse_period("2026-W47"))


def result(model: ReportModel, profile: str) -> ProfileResult:
    (found,) = [item for item in model.profiles if item.profile == profile]
    return found


def of(*lines: int) -> int:
    """The messages of some classes, by their place in CLASSES."""
    return sum(2**n for n in lines)


@pytest.mark.parametrize(
    ("profile", "met", "not_met", "not_judged"),
    [
        (RFC, of(13, 16), of(*range(13)), of(14, 15, 17, 18)),
        (NIST, 0, of(0, 1, 2, 3), of(*range(4, 19))),
        (PCI, 0, of(0, 1, 2, 3, 4, 5), of(*range(6, 19))),
        (BSI, 0, of(0, 1, 2, 3, 4, 5, 6, 7, 11, 12), of(8, 9, 10, *range(13, 19))),
        (NCSC, 0, of(0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), of(8, 9, *range(13, 19))),
        (EU, 0, of(0), of(*range(1, 19))),
        (CNSA, 0, of(*range(16)), of(16, 17, 18)),
    ],
)
def test_each_class_by_each_profile(model: ReportModel, profile: str, met: int, not_met: int, not_judged: int) -> None:
    found = result(model, profile)
    assert (found.met, found.not_met, found.not_judged) == (met, not_met, not_judged)


def test_the_parts_of_each_profile_are_all_messages(model: ReportModel) -> None:
    assert len(model.profiles) == 7
    for found in model.profiles:
        assert found.met + found.not_met + found.not_judged == model.messages == of(*range(len(CLASSES)))
        assert sum(found.verdicts.values()) == model.messages


def test_what_was_not_read_is_never_met(model: ReportModel) -> None:
    """RC4 and NULL under TLS 1.2, and ciphers that nobody named, met NIST's profile once."""
    assert [found.profile for found in model.profiles if found.met] == [RFC]
    assert all(found.second_hand for found in model.profiles if found.profile != RFC)


def test_plaintext_and_deprecated_tls_stay_apart_and_each_verdict_cites_its_rule(model: ReportModel) -> None:
    for found in model.profiles:
        assert found.verdicts["plaintext"] == of(0)
        assert set(found.citations) == set(found.verdicts)
        assert all(found.citations.values())
    for profile in (RFC, NIST, PCI, BSI):
        assert result(model, profile).verdicts["deprecated_version"] == of(1, 2, 3)
        assert result(model, profile).verdicts["unknown"] == of(17, 18)
    assert "RFC 8996" in result(model, RFC).citations["deprecated_version"]
    assert "4.2.1" in result(model, PCI).citations["deprecated_cipher"]


def test_the_four_grades_of_ncsc_nl(model: ReportModel) -> None:
    grades = result(model, NCSC).verdicts
    assert grades["good"] == of(16)
    assert grades["sufficient"] == of(8, 9, 13)
    assert grades["phase_out"] == of(2, 3, 6, 7, 11)
    assert grades["insufficient"] == of(1, 4, 5, 10, 12)


def test_what_is_known_at_second_hand_is_worded_so(model: ReportModel) -> None:
    for profile in (NIST, PCI, NCSC, EU, CNSA):
        assert "as quoted elsewhere" in result(model, profile).reference
    assert "not from the guideline's own text" in result(model, BSI).reference


GOOD_1_3 = "TLS_AES_256_GCM_SHA384"


def verdict(profile: str, last: date, version: str, cipher: str = "Unknown", group: str = "Unknown",
            auth: str = "Unknown") -> tuple[str, str]:  # fmt: skip
    """(verdict, result) of one message."""
    row = {"tls_version": version, "tls_cipher": cipher, "tls_group": group, "tls_auth": auth, "messages": 1}
    (found,) = [item for item in profiles.profile_results([row], last) if item.profile == profile]
    ((name, _),) = found.verdicts.items()
    return name, "met" if found.met else "not_met" if found.not_met else "not_judged"


@pytest.mark.parametrize(
    ("last_day", "version", "cipher", "group", "before", "after"),
    [
        (
            date(2026, 12, 31),
            "TLS 1.2",
            "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256",
            "Unknown",
            "current",
            "static_dh_ended",
        ),
        (date(2029, 12, 31), "TLS 1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "Unknown", "current", "dhe_ended"),
        (date(2029, 12, 31), "TLS 1.2", "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384", "Unknown", "current", "dhe_ended"),
        (date(2030, 12, 31), "TLS 1.3", GOOD_1_3, "x25519", "current", "classical_not_for_high"),
        (date(2031, 12, 31), "TLS 1.3", GOOD_1_3, "x25519", "classical_not_for_high", "classical_ended"),
        (date(2031, 12, 31), "TLS 1.3", GOOD_1_3, "X25519MLKEM768", "current", "current"),
        (date(2031, 12, 31), "TLS 1.2", GOOD, "x25519", "classical_not_for_high", "tls_1_2_ended"),
        (date(2030, 12, 31), "TLS 1.3", GOOD_1_3, "Unknown", "current", "group_unknown"),
    ],
)
def test_bsi_the_day_a_recommendation_ends_and_the_day_after(
    last_day: date, version: str, cipher: str, group: str, before: str, after: str
) -> None:
    assert verdict(BSI, last_day, version, cipher, group)[0] == before
    name, result = verdict(BSI, last_day + timedelta(days=1), version, cipher, group)
    assert (name, result) == (after, "not_met" if after.endswith("_ended") else "not_judged")


def test_bsi_does_not_vouch_for_suites_that_are_not_quoted() -> None:
    for version, cipher in (
        ("TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256"), ("TLS 1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    ):  # fmt: skip
        assert verdict(BSI, date(2026, 11, 22), version, cipher) == ("cipher_unlisted", "not_judged")


def test_pci_asks_for_a_valid_certificate() -> None:
    day = date(2026, 11, 22)
    names = {
        auth: verdict(PCI, day, "TLS 1.3", GOOD_1_3, auth=auth)
        for auth in ("Unknown", "untrusted", "trusted", "verified")
    }
    assert names["Unknown"] == names["trusted"] == ("certificate_unknown", "not_judged")
    assert names["untrusted"] == ("certificate_not_valid", "not_met")
    assert names["verified"] == ("current", "not_judged"), "its own text was not read"


@pytest.mark.parametrize(
    ("group", "expected"),
    [("MLKEM1024", "post_quantum"), ("SecP384r1MLKEM1024", "group_other"), ("X25519MLKEM768", "classical"),
     ("x25519", "classical"), ("Unknown", "group_unknown")],
)  # fmt: skip
def test_cnsa_asks_for_the_largest_ml_kem(group: str, expected: str) -> None:
    assert verdict(CNSA, date(2026, 11, 22), "TLS 1.3", GOOD_1_3, group)[0] == expected


def test_the_eus_roadmap_and_its_dates() -> None:
    told = [
        verdict(EU, day, "TLS 1.3", GOOD_1_3, "x25519")
        for day in (date(2030, 12, 31), date(2031, 1, 1), date(2035, 12, 31), date(2036, 1, 1))
    ]
    assert told == [
        ("classical", "not_judged"), ("classical_not_for_high", "not_judged"),
        ("classical_not_for_high", "not_judged"), ("classical_ended", "not_met"),
    ]  # fmt: skip
    assert verdict(EU, date(2026, 11, 22), "TLS 1.3", GOOD_1_3, "X25519MLKEM768") == ("post_quantum", "not_judged")


def test_a_profile_that_was_read_gives_what_it_says() -> None:
    """The rule is about reading, not about these profiles."""
    own = replace(next(item for item in profiles.PROFILES if item.id == BSI), second_hand=False)
    assert (own.result("current"), own.result("dhe_ended")) == ("met", "not_met")
