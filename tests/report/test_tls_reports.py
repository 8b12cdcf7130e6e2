"""What others report of their TLS sessions stands beside the messages: grouped, named, capped, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from etl.measures.completeness import model_quality
from etl.report.language import load
from etl.report.view import about
from tests.report.fixtures import report_model

STORED: dict[str, Any] = {"skips": [], "unknown_words": [], "rejects": []}


def _row(domain: str, org: str, result: str, sessions: int) -> dict[str, Any]:
    return {"policy_domain": domain, "reporting_org": org, "result_type": result, "sessions": sessions}


ROWS = [
    _row("contoso.example", "Company-X", "success", 5326),
    _row("contoso.example", "Company-X", "starttls-not-supported", 200),
    _row("contoso.example", "Company-X", "certificate-expired", 103),
    _row("contoso.example", "a@b.example", "success", 7),
    _row("other.example", "Company-Y", "sts-policy-invalid", 400),
]


def test_sessions_are_grouped_by_domain_and_reporter_most_failures_first() -> None:
    lines = model_quality(STORED | {"tls_reports": ROWS}, [], []).tls_reports
    assert [(line.policy_domain, line.successful_sessions, line.failed_sessions) for line in lines] == [
        ("other.example", 0, 400), ("contoso.example", 5326, 303), ("contoso.example", 7, 0),
    ]  # fmt: skip
    assert lines[1].failures == {"starttls-not-supported": 200, "certificate-expired": 103}
    assert "@b.example" not in lines[2].reporting_org or "a@" not in lines[2].reporting_org


def test_editions_from_before_know_of_none() -> None:
    assert model_quality(STORED, [], []).tls_reports == ()


@pytest.mark.parametrize(("code", "more"), [("en", "and 2 reporters more"), ("sv", "och 2 rapportörer till")])
def test_the_list_is_cut_and_says_so(code: str, more: str) -> None:
    quality = model_quality(STORED | {"tls_reports": ROWS}, [], [])
    view = about.quality(load(code), report_model().model_copy(update={"quality": quality}), 1)
    assert view.tls_reports == (("other.example", "Company-Y", "0", "400", "sts-policy-invalid 400"),)
    assert view.tls_reports_note == more
