"""Message traces without TLS: the enhanced summary and Get-MessageTraceV2, counted alone or held against the rest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from etl import formats, staging
from etl.formats.base import Sample
from etl.settings import Settings
from tests.formats.table_site import asked, call, ingest, rejects, sums, write_site
from tests.helpers import export, row

ENHANCED = (
    "origin_timestamp_utc", "sender_address", "recipient_status", "message_subject", "total_bytes", "message_id",
    "network_message_id", "original_client_ip", "directionality", "connector_id", "delivery_priority",
)  # fmt: skip
V2 = (
    "Received", "SenderAddress", "RecipientAddress", "Subject", "Status", "ToIP", "FromIP", "Size", "MessageId",
    "MessageTraceId", "StartDate", "EndDate",
)  # fmt: skip
SOURCE = {"name": "trace", "format": "m365_message_trace"}
TAKEN = "Receive, Deliver"


def table(header: Sequence[str], *records: Sequence[str]) -> bytes:
    """A CSV with every field in quotes, as PowerShell and the service write it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(records)
    return text.getvalue().encode()


def enhanced(number: int, sender: str, recipients: str, way: str = "1", connector: str = "", at: str = "") -> list[str]:
    """One record of the enhanced summary."""
    return [
        at or "2026-11-16T10:00:00.1234567Z", sender, recipients, "Subject, with comma", "1000", f"<{number}@x.y>",
        f"{number:08x}-0000-0000-0000-000000000000", "192.0.2.1", way, connector, "Normal",
    ]  # fmt: skip


def traced(number: int, sender: str, recipient: str, status: str = "Delivered", at: str = "") -> list[str]:
    """One record of Get-MessageTraceV2."""
    return [
        at or "11/16/2026 10:00:00 AM", sender, recipient, "Subject", status, "192.0.2.2", "192.0.2.1", "1000",
        f"<{number}@x.example>", f"{number:08x}-0000-0000-0000-000000000000",
        "11/16/2026 12:00:00 AM", "11/17/2026 12:00:00 AM",
    ]  # fmt: skip


def site(folder: Path, **source: Any) -> Settings:
    """A site with one source of this format."""
    return write_site(folder, SOURCE | source)


def test_recipients_of_an_enhanced_summary_each_with_a_status(tmp_path: Path) -> None:
    settings = site(tmp_path)
    said = ingest(settings, "trace", {"a.csv": table(ENHANCED,
        enhanced(1, "a@fabrikam.example", f"b@contoso.example##{TAKEN};c@contoso.example##Receive, Fail"),
        enhanced(2, "b@contoso.example", "x@fabrikam.example##Receive, Send;y@tailspin.example##Receive, Send", "2",
                 "To all"),
        enhanced(3, "a@fabrikam.example", "b@contoso.example##Receive, Fail", "Incoming"),
        enhanced(4, "<>", f"b@contoso.example##{TAKEN}", "Incoming", "From Fabrikam"),
        enhanced(5, "a@fabrikam.example", "g@contoso.example##Receive, Expand;b@contoso.example##Receive, Resolve"),
    )})["a.csv"]  # fmt: skip
    assert (said["records"], said["used"], said["rejected"], said["skipped"]) == (5, 3, 0, {"not-transferred": 2})
    assert asked(settings, "select direction, connector, partner_domain, tls_version, tls_cipher, messages, recipients,"
                 " bytes, is_estimated from facts order by all") == [
        ("inbound", "From Fabrikam", "<>", "Unknown", "Unknown", 1, 1, 1000, False),
        ("inbound", "No connector", "fabrikam.example", "Unknown", "Unknown", 1, 1, 1000, False),
        ("outbound", "To all", "fabrikam.example", "Unknown", "Unknown", 1, 1, 1000, False),
        ("outbound", "To all", "tailspin.example", "Unknown", "Unknown", 1, 1, 1000, False),
    ]  # fmt: skip


DIRECTIONS = [
    ("Incoming", "", "a@contoso.example", "b@contoso.example", "inbound"),  # forged, and the word wins
    ("1", "", "a@fabrikam.example", "b@contoso.example", "inbound"),
    ("2", "", "a@contoso.example", "b@fabrikam.example", "outbound"),
    ("Originating", "", "a@contoso.example", "b@contoso.example", "internal"),
    ("Originating", "To on-premises", "a@contoso.example", "b@contoso.example", "outbound"),
    ("Originating", "", "a@elsewhere.example", "b@contoso.example", "outbound"),
    ("Undefined", "", "a@contoso.example", "b@CONTOSO.example", "internal"),
    ("", "", "a@fabrikam.example", "b@contoso.example", "inbound"),
    ("", "", "<>", "b@contoso.example", "inbound"),
    ("", "", "a@contoso.example", "b@not-contoso.example", "outbound"),
    ("", "", "a@fabrikam.example", "b@tailspin.example", "outbound"),
]


def test_the_word_tells_the_direction_else_own_domains(tmp_path: Path) -> None:
    settings = site(tmp_path)
    records = [
        enhanced(n, sender, f"{recipient}##{TAKEN}", way, connector, f"2026-11-{n:02}T10:00:00Z")
        for n, (way, connector, sender, recipient, _) in enumerate(DIRECTIONS, 1)
    ]
    ingest(settings, "trace", {"a.csv": table(ENHANCED, *records)})
    assert asked(settings, "select direction from facts order by data_date") == [(way,) for *_, way in DIRECTIONS]


def test_one_message_to_inside_and_outside_is_told_apart(tmp_path: Path) -> None:
    settings = site(tmp_path)
    both = f"b@contoso.example##{TAKEN};x@fabrikam.example##Receive, Send"
    ingest(settings, "trace", {"a.csv": table(ENHANCED, enhanced(1, "a@contoso.example", both, "Undefined"))})
    assert sums(settings, "direction", "partner_domain") == {
        ("internal", "contoso.example"): 1, ("outbound", "fabrikam.example"): 1,
    }  # fmt: skip


def test_pages_of_get_messagetracev2_that_overlap_count_once(tmp_path: Path) -> None:
    settings = site(tmp_path)
    first = [traced(n, "a@fabrikam.example", f"b{n % 3}@contoso.example") for n in range(20)]
    second = [
        *first[-5:], traced(19, "a@fabrikam.example", "B9@Contoso.example"),
        traced(20, "b@contoso.example", "c@contoso.example"), traced(21, "b@contoso.example", "x@fabrikam.example"),
    ]  # fmt: skip
    more = [traced(30 + n, "a@fabrikam.example", "b@contoso.example", status) for n, status in enumerate(
        ["Failed", "Pending", "Expanded", "GettingStatus", "Resolved", "None", "Quarantined", "FilteredAsSpam"]
    )]  # fmt: skip
    typed = b"#TYPE Deserialized.Microsoft.Exchange.Management.MessageTrace\r\n" + table(V2, *second, *more)
    said = ingest(settings, "trace", {"1.csv": table(V2, *first), "2.csv": typed}, reverse=True)
    assert (said["2.csv"]["records"], said["2.csv"]["skipped"]) == (16, {"not-transferred": 6})
    assert sums(settings, "direction") == {("inbound",): 22, ("internal",): 1, ("outbound",): 1}
    assert asked(settings, "select sum(recipients)::int from facts") == [(25,)]
    assert asked(settings, "select duplicates::int from source_days") == [(5,)]


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-11-16T23:30:00.1234567Z", "UTC"), ("11/16/2026 11:30:00 PM", "UTC"), ("2026-11-16 23:30:00", "UTC"),
        ("16.11.2026 23:30:00", "UTC"), ("2026-11-17 00:30:00", "Europe/Stockholm"),
    ],
)  # fmt: skip
def test_received_as_each_culture_writes_it(tmp_path: Path, text: str, zone: str) -> None:
    settings = site(tmp_path, time_zone=zone)
    ingest(settings, "trace", {"a.csv": table(V2, traced(1, "a@fabrikam.example", "b@contoso.example", at=text))})
    assert asked(settings, "select data_date::varchar from facts") == [("2026-11-16",)]


def test_headers_in_any_case_and_without_identity(tmp_path: Path) -> None:
    settings = site(tmp_path)
    header = ["'Date (UTC)'", "Sender Address", "RECIPIENT_ADDRESS", "Status"]
    record = ["2026-11-16 10:00:00", "a@fabrikam.example", "b@contoso.example", "Delivered"]
    ingest(
        settings,
        "trace",
        {"old.csv": table(header, record), "new.csv": table(header[::-1], record[::-1], record[::-1])},
    )
    assert sums(settings, "direction") == {("inbound",): 2}
    assert asked(settings, "select name, state from files order by all") == [
        ("new.csv", "counted"),
        ("old.csv", "restated"),
    ]


@pytest.mark.parametrize(("count", "cut"), [(1000, True), (1001, False), (5000, True)])
def test_a_file_that_ends_at_a_limit_is_suspected(tmp_path: Path, count: int, cut: bool) -> None:
    settings = site(tmp_path)
    records = [traced(n, "a@fabrikam.example", "b@contoso.example") for n in range(count)]
    assert ingest(settings, "trace", {"a.csv": table(V2, *records)})["a.csv"]["suspected_cut"] is cut


def test_rejects_with_number_and_reason_and_the_record_behind_a_fact(tmp_path: Path) -> None:
    settings = site(tmp_path)
    content = table(ENHANCED,
        enhanced(1, "a@fabrikam.example", f"b@contoso.example##{TAKEN}", "Sideways"),
        enhanced(2, "a@fabrikam.example", f"b@contoso.example##{TAKEN}", at="soon"),
        enhanced(3, "", "", ""),
        enhanced(4, "a@tailspin.example", f"b@contoso.example##{TAKEN}"),
    ) + b'"2026-11-16T10:00:00Z","too few"\r\n'  # fmt: skip
    said = ingest(settings, "trace", {"a.csv": content})["a.csv"]
    assert rejects(settings, "trace", said["sha256"]) == [
        (1, "an unknown direction"), (2, "not a date"), (3, "no address"), (5, "too few fields"),
    ]  # fmt: skip
    found = staging.find_records(settings, "trace", said["sha256"], {"partner_domain": "tailspin.example"})
    assert [(item.record, item.outcome) for item in found] == [(4, "used")]


def test_recognised_by_header_and_not_mistaken_for_reports_that_say_more(tmp_path: Path) -> None:
    for content in (table(ENHANCED), table(V2), b"#TYPE X\r\n" + table(V2)):
        assert formats.recognise(Sample("x.csv", content)) == "m365_message_trace"
    assert formats.recognise(Sample("x.csv", export([row(1)]))) == "m365_connector_report"
    said = ingest(site(tmp_path), "trace", {"a.csv": export([row(1)]), "b.csv": b"who@x.example,what\n1,2\n"})
    assert "looks like m365_connector_report" in said["a.csv"]["reason"]
    assert "the first line holds data" in said["b.csv"]["reason"]
    assert "who@x" not in said["b.csv"]["reason"]


def test_held_against_the_report_and_never_added(tmp_path: Path) -> None:
    settings = write_site(
        tmp_path,
        {"name": "m365", "format": "m365_connector_report", "pattern": "connector-*"},
        SOURCE | {"pattern": "trace-*", "role": "reconcile"},
    )
    ingest(settings, "m365", {"connector-1.csv": export([row(n) for n in range(1, 11)])})
    records = [enhanced(n, f"user{n}@fabrikam.example", f"person{n}@contoso.example##{TAKEN}") for n in range(1, 8)]
    ingest(settings, "trace", {"trace-1.csv": table(ENHANCED, *records)})
    week = ("--from", "2026-11-16", "--to", "2026-11-22", "--format", "json")
    (whole,) = json.loads(call(settings, "facts", "--by", "direction", *week))
    assert (whole["direction"], whole["messages"]) == ("inbound", 10)
    apart = json.loads(call(settings, "facts", "--by", "source", *week))
    assert [(part["source"], part["messages"]) for part in apart] == [("m365", 10), ("trace", 7)]
    call(settings, "report", "2026-W47", "--out", str(tmp_path / "out"))
    html = next((tmp_path / "out").rglob("report.html")).read_text(encoding="utf-8")
    held = html.split("Compared with a second source", 2)[2].split("</table>")[0]
    assert '<th scope="row">trace</th>' in held
    assert "<td>7</td><td>10</td><td>−3</td>" in held
