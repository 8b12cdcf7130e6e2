"""From a record to the facts and editions it counts in: for tables, for logs, and after retention."""

from __future__ import annotations

import json
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl import landing
from etl.archive import editions
from etl.audit import explain
from etl.chain import bring_up
from etl.common.errors import NotFound
from etl.common.periods import parse_period
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.formats.table_site import call, ingest, write_site
from tests.formats.test_tls_rpt import entry, failure, report, written
from tests.helpers import HEADER, bring, export, row, site

WEEK = parse_period("2026-W47")
FIRST, MORE = "connector-2026-11-16.csv", "connector-2026-11-16_more.csv"
LOG = """\
Nov 16 09:59:58 mx postfix/smtpd[7]: connect from mail.fabrikam.example[198.51.100.7]
Nov 16 09:59:59 mx postfix/smtpd[7]: Anonymous TLS connection established from mail.fabrikam.example[198.51.100.7]: \
TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
Nov 16 10:00:00 mx postfix/smtpd[7]: 4ABCD1Yz0001: client=mail.fabrikam.example[198.51.100.7]
Nov 16 10:00:01 mx postfix/cleanup[8]: 4ABCD1Yz0001: message-id=<1@fabrikam.example>
Nov 16 10:00:02 mx postfix/qmgr[9]: 4ABCD1Yz0001: from=<a@fabrikam.example>, size=900, nrcpt=1 (queue active)
Nov 16 10:00:03 mx postfix/local[10]: 4ABCD1Yz0001: to=<b@contoso.example>, relay=local, delay=1, dsn=2.0.0, \
status=sent (delivered to mailbox)
Nov 16 10:00:04 mx postfix/qmgr[9]: 4ABCD1Yz0001: removed
Nov 16 10:00:05 mx sshd[11]: hello
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two overlapping exports of a day, an edition made of each state, and one record of each kind in the first."""
    made = site(tmp_path_factory.mktemp("built"))
    rows = [
        row(1),
        row(2, tls_version="Unknown", tls_cipher=""),
        row(3, delivery_status="Failed"),
        row(4, directionality="Sideways"),
        row(5, recipient_address="p@fabrikam.example;q@fabrikam.example", directionality="Sent"),
        row(6),
    ]  # fmt: skip
    lines = export(rows).decode().splitlines(keepends=True)
    lines.insert(6, "too,few,fields\n")
    bring(made, {FIRST: "".join(lines).encode()})
    editions.publish(made, WEEK, origin="manual")
    bring(made, {MORE: export([row(2, tls_version="TLS1.3"), row(1)])})
    editions.publish(made, WEEK, origin="manual")
    return made.storage.root.parent


@pytest.fixture
def settings(built: Path, tmp_path: Path) -> Settings:
    """A copy of it to do things to."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return site(tmp_path)


def said(told: dict[str, Any]) -> list[tuple[str, int, int]]:
    """TLS version, what the record adds, and how many rows tell of it, for each cell."""
    return [(cell["tls_version"], cell["messages"], cell["trace_rows"]) for cell in told["cells"]]


def test_a_record_told_twice_counts_once_in_a_fact_and_in_both_editions(built: Path) -> None:
    told = explain.explain_record(site(built), FIRST, 1)
    assert said(told) == [("TLS 1.2", 1, 2)]
    assert told["cells"][0]["fact_messages"] == 2
    assert [(item["period"], item["edition"]) for item in told["editions"]] == [("2026-W47", 1), ("2026-W47", 2)]
    assert told["why_not"] is None
    assert "@" not in json.dumps(told, default=str)


def test_the_fact_is_that_of_the_row_that_says_most(built: Path) -> None:
    told = explain.explain_record(site(built), FIRST, 2)
    assert told["says"][0]["tls_version"] == "Unknown"
    assert said(told) == [("TLS 1.3", 1, 2)]


def test_only_editions_made_from_the_file_are_named(built: Path) -> None:
    told = explain.explain_record(site(built), MORE, 1)
    assert [item["edition"] for item in told["editions"]] == [2]


@pytest.mark.parametrize(
    ("number", "outcome", "reason"),
    [(3, "skipped", "not-transferred"), (4, "rejected", "direction"), (6, "rejected", "fields")],
)
def test_what_counts_nowhere_says_why(built: Path, number: int, outcome: str, reason: str) -> None:
    told = explain.explain_record(site(built), FIRST, number)
    assert told["outcome"] == outcome
    assert reason in told["reason"]
    assert (told["cells"], told["editions"]) == ([], [])
    assert reason in told["why_not"]


def test_records_are_numbered_over_refused_ones(built: Path) -> None:
    told = explain.explain_record(site(built), FIRST, 7)
    assert said(told) == [("TLS 1.2", 1, 1)]
    with pytest.raises(NotFound, match="1 to 7"):
        explain.explain_record(site(built), FIRST, 8)


def test_a_record_of_two_recipients_is_one_message_to_both(built: Path) -> None:
    told = explain.explain_record(site(built), FIRST, 5)
    assert said(told) == [("TLS 1.2", 1, 2)]
    assert told["cells"][0]["recipients"] == 2


def test_the_way_there_and_back(built: Path) -> None:
    made = site(built)
    there = explain.explain(made, WEEK, {"tls_version": "TLS 1.3"})
    record = there["files"][0]["records"][0]["record"]
    back = explain.explain_record(made, there["files"][0]["name"], record)
    assert [cell["fact_messages"] for cell in back["cells"]] == [there["messages"]]


def test_a_retracted_file_and_a_file_too_late_count_nowhere(settings: Settings) -> None:
    found = evidence.find(settings, MORE)
    evidence.add_note(settings, "retract", who="ops", why="a test", source="m365", sha256=found.receipt.sha256)
    bring_up(settings)
    told = explain.explain_record(settings, MORE, 1)
    assert (told["cells"], told["why_not"]) == ([], "a test")
    assert [item["edition"] for item in told["editions"]] == [2], "it was counted when that was made"
    retention.seal(settings, date(2026, 11, 16), who="ops", why="closed")
    bring(settings, {"connector-2026-11-16_late.csv": export([row(9)])})
    late = explain.explain_record(settings, "connector-2026-11-16_late.csv", 1)
    assert (late["cells"], late["why_not"]) == ([], "it came too late: the day is sealed")


def test_after_retention_the_receipt_and_the_editions_remain(settings: Settings) -> None:
    short = settings.model_copy(update={"retention": settings.retention.model_copy(update={"landed_days": 10})})
    retention.carry_out(short, retention.plan(short, date(2026, 12, 31)), who="ops")
    told = explain.explain_record(short, FIRST, 1)
    assert "removed by retention at 2" in told["gone"]
    assert told["file"]["name"] == FIRST
    assert [item["edition"] for item in told["editions"]] == [1, 2]


def test_without_identity_each_record_counts_for_itself(tmp_path: Path) -> None:
    made = site(tmp_path)
    header = [name for name in HEADER if name not in ("message_id", "network_message_id")]
    bring(made, {FIRST: export([row(1), row(1), row(2, tls_version="TLS1.3")], header)})
    told = explain.explain_record(made, FIRST, 2)
    assert said(told) == [("TLS 1.2", 1, 1)]
    assert told["cells"][0]["fact_messages"] == 2


def test_of_restated_rows_the_standing_one_counts(tmp_path: Path) -> None:
    made = write_site(tmp_path, {"name": "eac", "format": "m365_connector_details"})
    header = "Date,Connector direction and name,Connector type,Forced TLS?,No TLS,TLS 1.0,TLS 1.2,Volume\n"
    old = "2026-11-16,Inbound: A,,,50,0,50,10\n2026-11-16,Outbound: A,,,0,0,100,4\n2026-11-17,Inbound: A,,,0,0,100,6\n"
    files = {"old.csv": header + old, "new.csv": f"{header}2026-11-16,Inbound: A,,,25,0,75,12\n"}
    ingest(made, "eac", {name: text.encode() for name, text in files.items()})
    there = explain.explain(made, WEEK, {"connector": "A"})
    assert there["messages"] == 22
    said_of = {(file["name"], told["record"]): told["why_not"] for file in there["files"] for told in file["records"]}
    restated = f"restated by new.csv ({evidence.find(made, 'new.csv').receipt.sha256[:12]})"
    assert said_of == {("new.csv", 1): None, ("old.csv", 1): restated, ("old.csv", 2): None, ("old.csv", 3): None}
    only = explain.explain(made, WEEK, {"tls_version": "No TLS"})
    assert [(file["name"], [told["why_not"] for told in file["records"]]) for file in only["files"]] == [
        ("new.csv", [None]), ("old.csv", [restated]),
    ]  # fmt: skip
    back = explain.explain_record(made, "old.csv", 1)
    assert (back["cells"], back["why_not"]) == ([], restated)
    stands = explain.explain_record(made, "new.csv", 1)
    assert stands["why_not"] is None
    assert [(cell["tls_version"], cell["messages"], cell["fact_messages"]) for cell in stands["cells"]] == [
        ("No TLS", 3, 3), ("TLS 1.2", 9, 9),
    ]  # fmt: skip
    assert "record 1 does not count: restated by new.csv" in call(made, "explain", "2026-W47", "--connector", "A")


def test_a_day_that_a_newer_export_without_identities_restates(tmp_path: Path) -> None:
    made = site(tmp_path)
    header = [name for name in HEADER if name not in ("message_id", "network_message_id")]
    older = [row(1), row(2, date_time_utc="2026-11-17T10:00:00Z")]
    for number, (name, rows) in enumerate({FIRST: older, MORE: [row(1), row(3)]}.items()):
        path = made.sources[0].location / name
        path.write_bytes(export(rows, header))
        os.utime(path, (1_795_600_000 + number,) * 2)
    landing.collect(made)
    bring_up(made)
    there = explain.explain(made, WEEK, {})
    assert there["messages"] == 3
    told = {(file["name"], one["record"]): one["why_not"] for file in there["files"] for one in file["records"]}
    restated = f"restated by {MORE} ({evidence.find(made, MORE).receipt.sha256[:12]})"
    assert told == {(FIRST, 1): restated, (FIRST, 2): None, (MORE, 1): None, (MORE, 2): None}
    assert explain.explain_record(made, FIRST, 1)["why_not"] == restated


def test_a_policy_of_a_tls_report_counts_in_sessions(tmp_path: Path) -> None:
    made = write_site(tmp_path, {"name": "reports", "format": "tls_rpt", "role": "reconcile"})
    failed = [failure("certificate-expired", 30), failure("starttls-not-supported", 3)]
    first = report(entry(500, 33, failed), day="2026-11-16")
    other = report(entry(7, 0), day="2026-11-16", **{"report-id": "another"})
    ingest(made, "reports", {"first.json": written(first), "other.json": written(other)})
    told = explain.explain_record(made, "first.json", 1)
    assert [(cell["result_type"], cell["sessions"], cell["fact_sessions"]) for cell in told["sessions"]] == [
        ("certificate-expired", 30, 30), ("starttls-not-supported", 3, 3), ("success", 500, 507),
    ]  # fmt: skip
    assert (told["cells"], told["why_not"]) == ([], None)
    assert "500 of 507 sessions" in call(made, "explain", "--file", "first.json", "--record", "1")
    ingest(
        made,
        "reports",
        {"unused.json": written(report(entry(1), day="2026-11-17")), "again.json": written(first, other)},
    )
    restated = explain.explain_record(made, "first.json", 1)
    assert restated["sessions"] == []
    assert restated["why_not"].startswith("restated by again.json")
    assert [cell["fact_sessions"] for cell in explain.explain_record(made, "again.json", 1)["sessions"]] == [30, 3, 507]


def test_a_line_counts_in_the_facts_of_its_session(tmp_path: Path) -> None:
    source = {"name": "mx", "format": "postfix_log", "location": "exports", "pattern": "mail-{date}*"}
    made = site(tmp_path, sources=[source])
    bring(made, {"mail-2026-11-16.log": LOG.encode(), "mail-2026-11-16.more": (LOG + LOG.splitlines()[-1]).encode()})
    handshake = explain.explain_record(made, "mail-2026-11-16.more", 2)
    assert said(handshake) == [("TLS 1.3", 1, 1)]
    assert handshake["cells"][0]["partner_domain"] == "fabrikam.example"
    noise = explain.explain_record(made, "mail-2026-11-16.more", 8)
    assert noise["outcome"] == "skipped"
    assert noise["cells"] == []


def test_beyond_a_month_of_files_only_rows_are_counted(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "MOST_FILES", 1)
    told = explain.explain(site(built), WEEK, {"direction": "inbound"})
    shown = [(file["name"], file["trace_rows"], len(file["records"])) for file in told["files"]]
    assert shown == [(FIRST, 3, 3), (MORE, 2, 0)]
    none = explain.explain(site(built), WEEK, {"tls_version": "SSL 3.0"})
    assert (none["messages"], none["files"]) == (0, [])
