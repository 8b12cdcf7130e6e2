"""Published profiles over the same facts: one fact of each class, ingested, and what each profile says of it."""

from __future__ import annotations

from datetime import date

import pytest

from etl.common.periods import parse_period
from etl.insights import profiles
from etl.model.report import ProfileResult, ReportModel
from etl.report.preview import preview
from tests.helpers import bring, export, site
from tests.insights.exports import GOOD, IRREGULAR, STATIC, SUMS, mail

RFC, NIST, PCI, BSI = "rfc9325", "nist-sp-800-52r2", "pci-dss-4.0.1", "bsi-tr-02102-2"

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
        (NIST, of(*range(4, 17)), of(0, 1, 2, 3), of(17, 18)),
        (PCI, of(13, 16), of(0, 1, 2, 3, 4, 5), of(*range(6, 13), 14, 15, 17, 18)),
        (BSI, of(8, 9, 10, 13, 16), of(0, 1, 2, 3, 4, 5, 6, 7, 11, 12), of(14, 15, 17, 18)),
    ],
)
def test_each_class_by_each_profile(model: ReportModel, profile: str, met: int, not_met: int, not_judged: int) -> None:
    found = result(model, profile)
    assert (found.met, found.not_met, found.not_judged) == (met, not_met, not_judged)


def test_the_parts_of_each_profile_are_all_messages(model: ReportModel) -> None:
    assert len(model.profiles) == 4
    for found in model.profiles:
        assert found.met + found.not_met + found.not_judged == model.messages == of(*range(len(CLASSES)))
        assert sum(found.verdicts.values()) == model.messages


def test_plaintext_and_deprecated_tls_stay_apart_and_each_verdict_cites_its_rule(model: ReportModel) -> None:
    for found in model.profiles:
        assert found.verdicts["plaintext"] == of(0)
        assert found.verdicts["deprecated_version"] == of(1, 2, 3)
        assert found.verdicts["unknown"] == of(17, 18)
        assert set(found.citations) == set(found.verdicts)
        assert all(found.citations.values())
    assert "RFC 8996" in result(model, RFC).citations["deprecated_version"]
    assert "4.2.1" in result(model, PCI).citations["deprecated_cipher"]


def test_what_is_known_at_second_hand_is_worded_so(model: ReportModel) -> None:
    second = {found.profile: found.second_hand for found in model.profiles}
    assert second == {RFC: False, NIST: True, PCI: True, BSI: True}
    for profile in (NIST, PCI):
        assert "as quoted elsewhere" in result(model, profile).reference
    assert "not from the guideline's own text" in result(model, BSI).reference


def test_static_dh_is_usable_by_bsi_until_the_end_of_2026() -> None:
    line = ("TLS 1.2", "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", 1)
    for last, met in ((date(2026, 12, 31), 1), (date(2027, 1, 3), 0)):
        (found,) = [item for item in profiles.judge([line], last) if item.profile == BSI]
        assert (found.met, found.not_met) == (met, 1 - met)
