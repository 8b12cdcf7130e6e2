"""The extended message trace: one hop of about 16 events, TLS and connector inside custom_data, UTF-16LE."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from etl import formats, staging
from etl.formats import text
from etl.formats.base import Sample
from etl.settings import Settings
from tests.formats.table_site import asked, call, ingest, rejects, sums, write_site

HEADER = (
    "date_time_utc", "client_ip", "client_hostname", "server_ip", "server_hostname", "source_context", "connector_id",
    "source", "event_id", "internal_message_id", "message_id", "network_message_id", "recipient_address",
    "recipient_status", "total_bytes", "recipient_count", "related_recipient_address", "reference", "message_subject",
    "sender_address", "return_path", "message_info", "directionality", "tenant_id", "original_client_ip",
    "original_server_ip", "custom_data",
)  # fmt: skip
SOURCE = {"name": "detail", "format": "m365_trace_detail"}
TLS = "S:tlsversion=SP_PROT_TLS1_2_SERVER;S:tlscipher=CALG_AES_256"
PARTNER = "'S:InboundConnectorData=Name=Fabrikam partner;ConnectorType=Partner;TenantId=00000000'"
OUTBOUND = "'S:Microsoft.Exchange.Hygiene.TenantOutboundConnectorCustomData=Name=To Fabrikam;ConnectorType=OnPremises'"


def event(number: int, source: str, name: str, **values: str) -> dict[str, str]:
    """One event of message `number`: from fabrikam.example to contoso.example, but for what `values` say."""
    told = {
        "date_time_utc": "2026-11-16T10:00:00.123Z", "source": source, "event_id": name, "directionality": "Incoming",
        "connector_id": r"AM6EUR05FT063\Default AM6EUR05FT063", "message_id": f"<{number}@fabrikam.example>",
        "network_message_id": f"{number:08x}-0000-0000-0000-000000000000", "total_bytes": "1000",
        "recipient_count": "1",
        "recipient_address": f"person{number}@contoso.example", "sender_address": f"user{number}@fabrikam.example",
        "return_path": f"user{number}@fabrikam.example", "message_subject": 'A "subject",\r\nof two lines',
        "custom_data": f"S:ProxyHop1=EOP01.mail.example(10.1.1.1);{TLS}",
    }  # fmt: skip
    return told | values


def table(rows: Sequence[dict[str, str]], header: Sequence[str] = HEADER, encoding: str = "utf-16-le") -> bytes:
    """The export as the service writes it: UTF-16LE without a mark, line ends of two signs."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def site(folder: Path, **source: Any) -> Settings:
    """A site with one source of this format."""
    return write_site(folder, SOURCE | source)


def life(number: int) -> list[dict[str, str]]:
    """All events of an inbound message, as the service logs them."""
    inside = {
        "custom_data": "S:TRA=ETR|ruleId=19a25eb2|st=7/17/2017 12:31:25 AM|action=ApplyHtmlDisclaimer;S:tlsversion=x"
    }
    return [
        event(number, "SMTP", "RECEIVE", custom_data=f"{TLS};{PARTNER}"),
        *(event(number, source, name, **inside) for source, name in [
            ("SMTP", "HARECEIVE"), ("SMTP", "HAREDIRECT"), ("AGENT", "AGENTINFO"), ("AGENT", "AGENTINFO"),
            ("ROUTING", "RESOLVE"), ("ROUTING", "TRANSFER"), ("SMTP", "SEND"), ("SMTP", "HADISCARD"),
            ("SMTP", "DEFER"), ("STOREDRIVER", "DELIVER"), ("STOREDRIVER", "SUBMIT"), ("STOREDRIVER", "RECEIVE"),
            ("MAILBOXRULE", "RECEIVE"), ("DNS", "FAIL"), ("", ""),
        ]),
    ]  # fmt: skip


def test_one_hop_of_sixteen_events_in_utf16_without_a_mark(tmp_path: Path) -> None:
    settings = site(tmp_path)
    said = ingest(settings, "detail", {"a.csv": table([row for n in range(30) for row in life(n)])})["a.csv"]
    assert (said["records"], said["used"], said["rejected"]) == (480, 30, 0)
    assert said["skipped"] == {
        "agent-info": 60, "expanded": 30, "intra-service": 150, "mailbox-delivery": 30, "mailbox-submission": 60,
        "not-transferred": 60, "other-event": 60,
    }  # fmt: skip
    columns = "direction, connector, partner_domain, tls_version, tls_cipher, tls_group, messages, recipients, bytes"
    assert asked(settings, f"select {columns} from facts") == [  # noqa: S608  the test's own columns
        (
            "inbound",
            "Fabrikam partner",
            "fabrikam.example",
            "TLS 1.2",
            "CALG_AES_256",
            "Unknown",
            30,
            30,
            30000,
        )
    ]
    assert asked(settings, "select connector_type, told_by from connector_days") == [("Partner", "export")]
    assert asked(settings, "select * from unknown_words") == []
    staged = b"".join(path.read_bytes() for path in (tmp_path / "data" / "staged").rglob("*") if path.is_file())
    assert b"subject" not in staged
    assert b"person1@" not in staged


def test_outbound_is_what_was_sent_outside(tmp_path: Path) -> None:
    settings = site(tmp_path)
    out = {
        "directionality": "Originating", "sender_address": "a@contoso.example", "return_path": "a@contoso.example",
        "custom_data": f"S:tlsversion=SP_PROT-TLS1_3_CLIENT;S:tlscipher=CALG_AES_256;{OUTBOUND}",
    }  # fmt: skip
    rows = [
        event(1, "STOREDRIVER", "SUBMIT", **out),
        event(1, "SMTP", "RECEIVE", **out | {"custom_data": "S:tlsversion=SP_PROT_TLS1_2_SERVER"}),
        event(1, "SMTP", "SEND", **out),
        event(1, "SMTP", "SENDEXTERNAL", **out, recipient_status="250 2.1.5 OK",
              recipient_address="x@Fabrikam.example;y@fabrikam.example;z@tailspin.example"),
        event(2, "SMTP", "SENDEXTERNAL", **out, recipient_address="x@fabrikam.example", recipient_status="550 5.1.1"),
        event(3, "smtp", "SendExternal", **out | {"custom_data": "S:A=x", "recipient_address": "x@fabrikam.example"}),
        event(4, "SMTP", "RECEIVE", **out | {"custom_data": PARTNER}),
    ]  # fmt: skip
    said = ingest(settings, "detail", {"a.csv": table(rows)})["a.csv"]
    assert (said["used"], said["skipped"]) == (3, {"intra-service": 2, "mailbox-submission": 1, "not-transferred": 1})
    assert sums(settings, "direction", "connector", "partner_domain", "tls_version", "recipients::int") == {
        ("outbound", "To Fabrikam", "fabrikam.example", "TLS 1.3", 2): 1,
        ("outbound", "To Fabrikam", "tailspin.example", "TLS 1.3", 1): 1,
        ("outbound", "No connector", "fabrikam.example", "Unknown", 1): 1,
        ("inbound", "Fabrikam partner", "contoso.example", "Unknown", 1): 1,
    }


def test_loops_through_add_ons_and_overlapping_exports_count_once(tmp_path: Path) -> None:
    settings = site(tmp_path)
    plain = event(
        1, "SMTP", "RECEIVE", custom_data="S:ProxyHop1=x", recipient_address="a@contoso.example;b@contoso.example"
    )
    again = plain | {"custom_data": TLS, "date_time_utc": "2026-11-16T10:00:09Z", "total_bytes": "1900"}
    back = plain | {"custom_data": "'S:InboundConnectorData=Name=Add-on;ConnectorType=OnPremises';" + TLS}
    said = ingest(settings, "detail", {"1.csv": table([plain, again, back]), "2.csv": table([again, plain])})
    assert said["1.csv"]["used"] == 3
    assert asked(settings, "select connector, tls_version, messages, recipients, bytes from facts order by all") == [
        ("Add-on", "TLS 1.2", 1, 2, 1000), ("No connector", "TLS 1.2", 1, 2, 1900),
    ]  # fmt: skip


CUSTOM = [
    (TLS, "TLS 1.2", "CALG_AES_256", "No connector", None),
    ("", "Unknown", "Unknown", "No connector", None),
    ("S:tlsversion=SP_PROT_TLS1_0_SERVER;S:tlscipher=CALG_3DES", "TLS 1.0", "CALG_3DES", "No connector", None),
    ("S:tlsversion=SP_PROT_NONE", "No TLS", "none", "No connector", None),
    ("S:tlsversion=SP_PROT_TLS1_4_SERVER;S:tlscipher=CALG_NEW", "TLS unknown", "Unknown", "No connector", None),
    ("S:TLSVersion=TLS1.3 ; S:a.b.TlsCipher=CALG_AES_128", "TLS 1.3", "CALG_AES_128", "No connector", None),
    # A quoted item hides what looks like other items.
    ("'S:Evil=a=b;S:tlsversion=SP_PROT_SSL3_SERVER;tlsversion=SSL3';" + TLS, "TLS 1.2", "CALG_AES_256",
     "No connector", None),
    ("S:Note=tlsversion=SSL3;" + TLS, "TLS 1.2", "CALG_AES_256", "No connector", None),
    ("S:x.InboundConnectorData=Name=Fabrikam partner;ConnectorType=Partner;" + TLS, "TLS 1.2", "CALG_AES_256",
     "Fabrikam partner", "Partner"),
    ("'S:InboundConnectorData=Name=L'Oréal; a=b, \"x\";ConnectorType=OnPremises';" + TLS, "TLS 1.2", "CALG_AES_256",
     "L'Oréal; a=b, \"x\"", "On-premises"),
    # The service doubles an apostrophe inside quotes; one that is doubled ends no item, whatever stands behind it.
    ("'S:InboundConnectorData=Name=L''Oréal''s;ConnectorType=Partner';" + TLS, "TLS 1.2", "CALG_AES_256",
     "L'Oréal's", "Partner"),
    ("'S:Note=it''; S:tlsversion=SP_PROT_SSL3_SERVER';" + TLS, "TLS 1.2", "CALG_AES_256", "No connector", None),
    ("'S:InboundConnectorData=ConnectorType=Partner;Name=组织内 SMTP'", "Unknown", "Unknown", "组织内 SMTP", "Partner"),
    ("S:InboundConnectorData=Plain name", "Unknown", "Unknown", "Plain name", None),
    ("'S:InboundConnectorData=Name=;ConnectorType=Partner", "Unknown", "Unknown", "No connector", None),
    (OUTBOUND, "Unknown", "Unknown", "No connector", None),
    (";;'';S:;=;S:tlsversion;", "Unknown", "Unknown", "No connector", None),
]  # fmt: skip


def test_custom_data_is_taken_apart_by_its_grammar(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [event(n, "SMTP", "RECEIVE", date_time_utc=f"2026-11-{n:02}T10:00:00Z", custom_data=told)
            for n, (told, *_) in enumerate(CUSTOM, 1)]  # fmt: skip
    said = ingest(settings, "detail", {"a.csv": table(rows)})["a.csv"]
    assert said["used"] == len(CUSTOM)
    found = asked(settings, "select tls_version, tls_cipher, facts.connector, connector_type from facts"
                  " join connector_days using (data_date) order by data_date")  # fmt: skip
    assert found == [tuple(expected) for _, *expected in CUSTOM]
    assert asked(settings, "select field, word from unknown_words order by all") == [
        ("tls_cipher", "CALG_NEW"), ("tls_version", "SP_PROT_TLS1_4_SERVER"),
    ]  # fmt: skip


def test_items_in_any_order_say_the_same(tmp_path: Path) -> None:
    drawn = random.Random(4)  # noqa: S311  no secret: the same rows each time
    items = [
        "S:tlsversion=SP_PROT_TLS1_1_SERVER",
        "S:tlscipher=CALG_RC4",
        PARTNER,
        "S:A=b",
        "'S:C=d=e;f=g'",
        "S:X.Y=(1;2)",
    ]
    rows = []
    for number in range(200):
        drawn.shuffle(items)
        rows.append(event(number, "SMTP", "RECEIVE", custom_data=";".join(items) + drawn.choice(["", ";"])))
    settings = site(tmp_path)
    ingest(settings, "detail", {"a.csv": table(rows)})
    assert sums(settings, "connector", "tls_version", "tls_cipher") == {
        ("Fabrikam partner", "TLS 1.1", "CALG_RC4"): 200
    }


def test_a_site_may_take_connector_ids(tmp_path: Path) -> None:
    settings = site(tmp_path, options={"connector_id": True})
    rows = [event(1, "SMTP", "RECEIVE", connector_id="From Tailspin"), event(2, "SMTP", "RECEIVE", custom_data=PARTNER)]
    ingest(settings, "detail", {"a.csv": table(rows)})
    assert sums(settings, "connector") == {("From Tailspin",): 1, ("Fabrikam partner",): 1}


@pytest.mark.parametrize("stamp", ["2026-11-16T23:30:00.123Z", "11/16/2026 11:30:00 PM", "2026-11-16 23:30:00"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_times_and_encodings(tmp_path: Path, stamp: str, encoding: str) -> None:
    settings = site(tmp_path)
    ingest(settings, "detail", {"a.csv": table([event(1, "SMTP", "RECEIVE", date_time_utc=stamp)], encoding=encoding)})
    assert asked(settings, "select data_date::varchar from facts") == [("2026-11-16",)]


def test_the_envelope_sender_is_the_partner(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [event(n, "SMTP", "RECEIVE", return_path=path) for n, path in enumerate(["<>", "", "bounce@Mailer.example"])]
    ingest(settings, "detail", {"a.csv": table(rows)})
    assert set(sums(settings, "partner_domain")) == {("<>",), ("fabrikam.example",), ("mailer.example",)}


def test_recognised_and_headers_that_keep_their_quotes(tmp_path: Path) -> None:
    content = table([event(1, "SMTP", "RECEIVE")])
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert formats.recognise(Sample("x.csv", text.head(path))) == "m365_trace_detail"
    settings = site(tmp_path)
    quoted = [f'"{name.upper().replace("_", " ")}"' for name in HEADER]
    row = dict(zip(quoted, (event(1, "SMTP", "RECEIVE").get(name, "") for name in HEADER), strict=True))
    said = ingest(
        settings, "detail", {"a.csv": table([row], quoted), "b.csv": table([], HEADER[:-1]), "c.csv": content[:-9]}
    )
    assert said["a.csv"]["used"] == 1
    assert "No column for custom_data" in said["b.csv"]["reason"]
    assert said["c.csv"]["records"] == said["c.csv"]["used"] + said["c.csv"]["rejected"]


def test_rejects_and_the_record_behind_a_fact(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [
        event(1, "SMTP", "SEND"), event(2, "SMTP", "RECEIVE", date_time_utc="soon"), event(3, "SMTP", "RECEIVE"),
        event(4, "SMTP", "RECEIVE", custom_data="S:tlsversion=SP_PROT_TLS1_0_SERVER"),
    ]  # fmt: skip
    said = ingest(settings, "detail", {"a.csv": table(rows)})["a.csv"]
    assert rejects(settings, "detail", said["sha256"]) == [(2, "not a date")]
    found = staging.find_records(settings, "detail", said["sha256"], {"tls_version": "TLS 1.0", "outcome": "used"})
    assert [item.record for item in found] == [4]
    assert '"record": 4' in call(settings, "explain", "2026-W47", "--tls", "TLS 1.0", "--json")
