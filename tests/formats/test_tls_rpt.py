"""TLS reports of others: sessions beside the messages, each report once, whatever its sender makes of RFC 8460."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etl import facts, formats, landing, staging, warehouse
from etl.common import database
from etl.common.periods import parse_period
from etl.formats.base import Sample
from etl.report import html
from etl.report.preview import preview
from etl.settings import Settings
from tests.formats.log_site import bring, rows, site, take


def failure(result: str, count: Any, **more: Any) -> dict[str, Any]:
    return {"result-type": result, "failed-session-count": count, "sending-mta-ip": "2001:db8::1"} | more


def entry(
    ok: Any = 5326, failed: Any = 0, details: Any = (), domain: str = "contoso.example", **more: Any
) -> dict[str, Any]:
    told = {"policy-type": "sts", "policy-string": ["version: STSv1", "mode: testing"], "policy-domain": domain}
    summary = {"total-successful-session-count": ok, "total-failure-session-count": failed}
    return {"policy": told | {"mx-host": ["*.mail.contoso.example"]}, "summary": summary,
            "failure-details": details if isinstance(details, dict) else list(details)} | more  # fmt: skip


def report(*policies: dict[str, Any], day: str = "2024-12-03", **more: Any) -> dict[str, Any]:
    return {
        "organization-name": "Company-X", "contact-info": "sts-reporting@company-x.example",
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "report-id": f"{day}_contoso.example", "policies": list(policies) or [entry()],
    } | more  # fmt: skip


def written(*reports: Mapping[str, Any]) -> bytes:
    return b"\n".join(json.dumps(item).encode() for item in reports)


def sessions(settings: Settings, *columns: str) -> dict[tuple[str, ...], int]:
    """Sessions by `columns` of the fact table, all days together."""
    found: dict[tuple[str, ...], int] = {}
    with database.workbench(settings.resources) as con:
        for _, item in sorted(facts.partitions(settings).items()):
            path = facts.partition_folder(settings, item) / "tls_reports.parquet"
            for row in database.rows(con, "select * from read_parquet($file)", {"file": str(path)}):
                key = tuple(str(row[column]) for column in columns)
                found[key] = found.get(key, 0) + row["sessions"]
    return found


def told(folder: Path, files: Mapping[str, bytes], *columns: str) -> dict[tuple[str, ...], int]:
    settings = site(folder, "tls_rpt")
    take(settings, files)
    assert rows(settings) == []
    return sessions(settings, *columns)


FULL = report(
    entry(5326, 303, [failure("starttls-not-supported", 200), failure("certificate-expired", 100),
                      failure("validation-failure", 3)]),
    entry(10, 0, domain="other.example"),
)  # fmt: skip


def test_a_report_of_several_policies_counts_sessions_and_no_messages(tmp_path: Path) -> None:
    settings = site(tmp_path, "tls_rpt")
    (counts,) = take(settings, {"report.json.gz": gzip.compress(json.dumps(FULL, indent=1).encode())})
    assert (counts.records, counts.used, counts.rejected, counts.skipped) == (2, 2, 0, {})
    assert rows(settings) == []
    assert sessions(settings, "data_date", "reporting_org", "policy_domain", "policy_type", "result_type") == {
        ("2024-12-03", "Company-X", "contoso.example", "sts", "success"): 5326,
        ("2024-12-03", "Company-X", "contoso.example", "sts", "starttls-not-supported"): 200,
        ("2024-12-03", "Company-X", "contoso.example", "sts", "certificate-expired"): 100,
        ("2024-12-03", "Company-X", "contoso.example", "sts", "validation-failure"): 3,
        ("2024-12-03", "Company-X", "other.example", "sts", "success"): 10,
    }


def reporting_mail(
    payload: bytes, kind: str = "application/tlsrpt+gzip", sender: str = "reports@company-x.example"
) -> bytes:
    """A mail as RFC 8460 has it, with one report attached."""
    head = f"From: {sender}\r\nMIME-Version: 1.0\r\nTLS-Report-Domain: contoso.example\r\n"
    head += 'Content-Type: multipart/report; report-type="tlsrpt"; boundary="b"\r\n\r\n--b\r\n\r\nSee below.\r\n--b\r\n'
    head += f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + base64.encodebytes(payload) + b"\r\n--b--\r\n"


def test_a_mailbox_a_forwarded_mail_and_a_zip_in_a_mail_hold_their_reports(tmp_path: Path) -> None:
    packed = [gzip.compress(written(report(**{"report-id": str(n)}))) for n in range(4)]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("report.json", written(report(**{"report-id": "zip"})))
    forwarded = b'From: a@contoso.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="o"\r\n\r\n'
    forwarded += b"--o\r\nContent-Type: message/rfc822\r\n\r\n" + reporting_mail(packed[2]) + b"\r\n--o--\r\n"
    separator = b"From reports@company-x.example Wed Dec  4 10:00:00 2024\n"
    files = {
        "box.mbox": b"\n".join(separator + reporting_mail(part).replace(b"\r\n", b"\n") for part in packed[:2]),
        "forwarded.eml": forwarded,
        "zip.eml": reporting_mail(zipped.getvalue(), "application/zip"),
    }
    assert told(tmp_path, files, "policy_domain") == {("contoso.example",): 4 * 5326}


def test_reports_may_follow_each_other_over_many_lines(tmp_path: Path) -> None:
    reports = [report(**{"report-id": str(n)}) for n in range(3)]
    joined = "".join(json.dumps(item, indent=1) for item in reports[:2]) + "\n\n" + json.dumps(reports[2])
    assert told(tmp_path, {"reports.json": joined.encode()}, "policy_domain") == {("contoso.example",): 3 * 5326}


def test_a_report_sent_again_counts_once_and_the_newest_stands(tmp_path: Path) -> None:
    again = report(entry(7), entry(10, domain="other.example"), **{"organization-name": "company-x"})
    found = told(
        tmp_path,
        {"a.json": written(FULL), "b.json.gz": gzip.compress(written(FULL)), "c.json": written(FULL, again)},
        "policy_domain", "result_type",
    )  # fmt: skip
    assert found == {("contoso.example", "success"): 7, ("other.example", "success"): 10}


def test_other_reporters_days_and_ids_are_other_reports(tmp_path: Path) -> None:
    files = {
        "a.json": written(report()),
        "b.json": written(report(**{"organization-name": "Company-Y"})),
        "c.json": written(report(day="2024-12-02")),
        "d.json": written(report(**{"report-id": "second"})),
    }
    assert told(tmp_path, files, "data_date", "reporting_org") == {
        ("2024-12-03", "Company-X"): 2 * 5326, ("2024-12-03", "Company-Y"): 5326, ("2024-12-02", "Company-X"): 5326,
    }  # fmt: skip


FLAT = {
    "policy-type": "no-policy-found", "policy-domain": "Contoso.Example.", "total-successful-session-count": "12",
    "total-failure-session-count": "0",
}  # fmt: skip


QUIRKS: list[tuple[dict[str, Any], dict[tuple[str, ...], int]]] = [
        (report(FLAT), {("contoso.example", "no-policy-found", "success"): 12}),
        ({key: value for key, value in report().items() if key != "policies"} | FLAT,
         {("contoso.example", "no-policy-found", "success"): 12}),
        (report(policies=entry(3)), {("contoso.example", "sts", "success"): 3}),
        (report(entry("3", "2", [failure("sts-policy-invalid", "2")])),
         {("contoso.example", "sts", "success"): 3, ("contoso.example", "sts", "sts-policy-invalid"): 2}),
        (report(entry(3.0, 2, [failure("starttls-not-supported", 1)])),
         {("contoso.example", "sts", "success"): 3, ("contoso.example", "sts", "starttls-not-supported"): 1,
          ("contoso.example", "sts", "other"): 1}),
        (report(entry(0, 5, failure("tlsa-invalid", None))), {("contoso.example", "sts", "tlsa-invalid"): 5}),
        (report(entry(0, 5, [failure("odd-new-thing", 5)])), {("contoso.example", "sts", "other"): 5}),
        (report({k: v for k, v in entry(4).items() if k != "failure-details"} | {"failure-details": None}),
         {("contoso.example", "sts", "success"): 4}),
        (report(entry(4, domain="müller.example")), {("xn--mller-kva.example", "sts", "success"): 4}),
        ({key.replace("-", "_"): value for key, value in report(entry(4)).items()},
         {("contoso.example", "sts", "success"): 4}),
        (report({"policy": {"policy-type": "STS"}, "summary": {"total-successful-session-count": 6}}),
         {("named.example", "sts", "success"): 6}),
]  # fmt: skip


def test_quirks_of_senders(tmp_path: Path) -> None:
    """Type, domain and sums beside their objects, no list, texts for numbers, failures untold, no details, and more."""
    files, expected = {}, {}
    for number, (quirk, results) in enumerate(QUIRKS):
        reporter = {key: f"Reporter {number}" for key in ("organization-name", "organization_name") if key in quirk}
        named = (
            {"company-x.example!named.example!1733184000!1733270399!001.json"} if number == len(QUIRKS) - 1 else set()
        )
        files[next(iter(named), f"report-{number}.json")] = written(quirk | reporter)
        expected |= {(f"Reporter {number}", *key): count for key, count in results.items()}
    assert told(tmp_path, files, "reporting_org", "policy_domain", "policy_type", "result_type") == expected


SPANS: list[tuple[Any, Any, str, int]] = [
    ("2024-12-03T00:00:00Z", "2024-12-04T00:00:00Z", "2024-12-03", 0),
    ("2024-12-03T00:00:00+03:00", "2024-12-03T23:59:59+03:00", "2024-12-03", 0),
    ("2024-12-03 00:00:00", "2024-12-03 23:59:59", "2024-12-03", 0),
    (1733184000, 1733270399, "2024-12-03", 0),
    ("2024-12-01T00:00:00Z", "2024-12-07T23:59:59Z", "2024-12-01", 1),
    ("2024-12-03T00:00:00Z", None, "2024-12-03", 0),
]


def test_a_report_is_of_the_day_it_begins(tmp_path: Path) -> None:
    settings = site(tmp_path, "tls_rpt", report_zone="America/New_York")
    told_as = [
        report(**{"organization-name": str(n), "date-range": {"start-datetime": start, "end-datetime": end}})
        for n, (start, end, _, _) in enumerate(SPANS)
    ]
    (counts,) = take(settings, {"reports.json": written(*told_as)})
    assert sessions(settings, "reporting_org", "data_date") == {
        (str(n), day): 5326 for n, (_, _, day, _) in enumerate(SPANS)
    }
    assert counts.notes == {"several_days": sum(several for *_, several in SPANS)}


def test_a_span_is_listed_and_stays_known(tmp_path: Path) -> None:
    settings = site(tmp_path, "tls_rpt")
    week = {"start-datetime": "2024-12-01T00:00:00Z", "end-datetime": "2024-12-08T00:00:00Z"}
    (counts,) = take(settings, {"report.json": written(report(**{"date-range": week}))})
    assert sessions(settings, "data_date") == {("2024-12-01",): 5326}
    assert counts.unknown_words == [{"field": "date-range", "word": "2024-12-01 to 2024-12-07", "records": 1}]
    path = staging.staged_folder(settings, settings.sources[0], counts.sha256) / "records.parquet"
    with database.workbench(settings.resources) as con:
        (row,) = database.rows(con, "select * from read_parquet($file)", {"file": str(path)})
    assert [str(row[key]) for key in ("first_date", "last_date", "is_several_days")] == [
        "2024-12-01", "2024-12-07", "True",
    ]  # fmt: skip


def test_what_can_not_be_used_is_told_by_record(tmp_path: Path) -> None:
    settings = site(tmp_path, "tls_rpt")
    none = report(**{"policies": [], "report-id": "none"})
    silent = report(entry(0), entry("many"), entry(1, 1, [failure("other", -1)]), **{"report-id": "odd"})
    dated = report(**{"date-range": {"start-datetime": "yesterday"}})
    (counts,) = take(settings, {"reports.json": written(none, silent, dated, report())})
    assert (counts.records, counts.used, counts.rejected) == (6, 1, 3)
    assert counts.skipped == {"no-policy": 1, "no-sessions": 1}
    found = staging.find_records(settings, "mx", counts.sha256, {"outcome": "rejected"})
    assert [(item.record, item.reason) for item in found] == [
        (3, "not a count"), (4, "not a count"), (5, "not a date range"),
    ]  # fmt: skip
    assert staging.find_records(settings, "mx", counts.sha256, {"direction": "inbound"}) == []


def test_an_unknown_kind_of_result_is_listed_as_found(tmp_path: Path) -> None:
    settings = site(tmp_path, "tls_rpt")
    (counts,) = take(settings, {"r.json": written(report(entry(0, 5, [failure("odd-new-thing", 5)])))})
    assert counts.unknown_words == [{"field": "result_type", "word": "odd-new-thing", "records": 1}]


def mail(content: bytes, kind: str = "application/tlsrpt+gzip", name: str = "r.json.gz") -> bytes:
    head = (
        "Received: from mx.company-x.example", "From: sts-reporting@company-x.example",
        "TLS-Report-Domain: contoso.example", "Subject: Report Domain: contoso.example", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type="tlsrpt"; boundary="b"', "", "--b", "Content-Type: text/plain", "",
        "This is an aggregate TLS report.", "--b", f"Content-Type: {kind}", "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{name}"', "", "",
    )  # fmt: skip
    return "\r\n".join(head).encode() + base64.encodebytes(content) + b"--b--\r\n"


def test_the_mail_as_it_came_is_read_too(tmp_path: Path) -> None:
    packed = mail(gzip.compress(written(FULL)))
    plain = mail(written(report(**{"report-id": "two"})), "application/tlsrpt+json", "r.json")
    assert formats.recognise(Sample("1.eml", packed)) == "tls_rpt"
    assert told(tmp_path, {"1.eml": packed, "2.eml": plain}, "result_type")[("success",)] == 2 * 5326 + 10


BROKEN = [
    (written(FULL)[:-40], "can't be read"),
    (b'{"organization-name": "p@contoso.example", "policies": [', "can't be read"),
    (b'{"some": "other"}', "JSON, but no report"),
    (b"[]", "No report"),
    (b"[" * 100_000, "can't be read"),
    (b"nothing to see for p@contoso.example\n", "the first line is 'nothing to see for"),
    (gzip.compress(written(FULL))[:-9], "ends before its end mark"),
    (mail(gzip.compress(written(FULL))[:-20]), "The attachment ends early"),
    (mail(b"no report"), "No report"),
    (b'{"organization-name": "\\ud800", "policies": [{}]}', ""),
]


def test_what_is_none_is_quarantined_and_says_why(tmp_path: Path) -> None:
    settings = site(tmp_path, "tls_rpt")
    files = {f"bad-{number}.json": content for number, (content, _) in enumerate(BROKEN)}
    found = {item.sha256: item for item in take(settings, files | {"good.json": written(FULL)})}
    for content, reason in BROKEN:
        item = found[hashlib.sha256(content).hexdigest()]
        assert item.state == "quarantined"
        assert reason in str(item.reason)
        assert "p@contoso" not in str(item.reason)
    assert sessions(settings, "policy_domain")[("other.example",)] == 10


def test_reports_are_recognised_without_being_told() -> None:
    assert formats.recognise(Sample("x", written(FULL))) == "tls_rpt"
    assert formats.recognise(Sample("x", b"\xef\xbb\xbf \n" + json.dumps([FULL], indent=2).encode())) == "tls_rpt"
    assert formats.recognise(Sample("x", b'{"a": 1}')) is None
    assert formats.recognise(Sample("a.example!b.example!1733184000!1733270399.json.gz", b'{"a": 1}')) == "tls_rpt"


@pytest.mark.parametrize("language", ["en", "sv"])
def test_a_report_shows_sessions_beside_and_never_added(tmp_path: Path, language: str) -> None:
    settings = site(tmp_path, "tls_rpt")
    path = settings.sources[0].location / "report.json"
    path.write_bytes(written(FULL))
    landing.collect(settings, source="mx", files=[path])
    bring(settings)
    warehouse.publish(settings)
    model = preview(settings, parse_period("2024-W49")).model_copy(update={"language": language})
    assert (model.messages, model.state) == (0, "no_data")  # such a day is no day of which mail is known
    assert [(line.successful_sessions, line.failed_sessions) for line in model.quality.tls_reports] == [
        (5326, 303), (10, 0),
    ]  # fmt: skip
    page = html.render(model).decode()
    for words in ("Company-X", "starttls-not-supported 200", {"en": "TLS reports from others",
                                                              "sv": "Andras TLS-rapporter"}[language]):  # fmt: skip
        assert words in page
