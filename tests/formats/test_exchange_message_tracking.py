"""What the events of Exchange's message tracking do to the facts, alone and joined with the protocol logs."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etl import formats, landing, staging
from etl import settings as settings_module
from etl.audit.explain import explain_record
from etl.common.errors import SettingsInvalid
from etl.formats.base import Sample
from etl.settings import Settings
from tests.formats.exchange_logs import Session
from tests.formats.exchange_logs import header as protocol_header
from tests.formats.log_site import bring, measures, rows, site, sums, take

OLD = (
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,"
    "tenant-id,original-client-ip,original-server-ip,custom-data"
)
MIDDLE = OLD.replace("message-id,recipient-address", "message-id,network-message-id,recipient-address")
NEW = f"{MIDDLE},transport-traffic-type,log-id,schema-version"


def header(fields: str = NEW) -> str:
    return (
        "#Software: Microsoft Exchange Server\r\n#Version: 15.02.1544.004\r\n#Log-type: Message Tracking Log\r\n"
        f"#Date: 2024-12-03T10:00:00.000Z\r\n#Fields: {fields}\r\n"
    )


def event(number: int, fields: str = NEW, **told: str) -> str:
    """One line: mail that came in from fabrikam.example, but for what is told."""
    values = {
        "date-time": "2024-12-03T10:00:00.123Z", "client-ip": "203.0.113.7", "client-hostname": "mx.fabrikam.example",
        "server-ip": "192.0.2.10", "server-hostname": "EX1",
        "source-context": f"08DD1386C0A8{number:04X};2024-12-03T10:00:00.000Z;0",
        "connector-id": "EX1\\Default Frontend EX1", "source": "SMTP", "event-id": "RECEIVE",
        "internal-message-id": str(4000 + number), "message-id": f"<{number}@fabrikam.example>",
        "network-message-id": f"00000000-0000-0000-0000-{number:012x}", "recipient-address": "p@contoso.example",
        "total-bytes": "1000", "recipient-count": "1", "message-subject": 'Quarterly, "numbers"; p@contoso.example',
        "sender-address": "a@fabrikam.example", "return-path": "a@fabrikam.example", "directionality": "Incoming",
        "log-id": f"10000000-0000-0000-0000-{number:012x}", "schema-version": "15.02.1544.004",
        "custom-data": "S:DeliveryPriority=Normal;S:AccountForest=contoso.example",
    } | {key.replace("_", "-"): value for key, value in told.items()}  # fmt: skip
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([values.get(name, "") for name in fields.split(",")])
    return out.getvalue()


SENT = {
    "event_id": "SENDEXTERNAL", "connector_id": "Internet", "client_ip": "192.0.2.10", "server_ip": "198.51.100.25",
    "sender_address": "p@contoso.example", "return_path": "p@contoso.example", "directionality": "Originating",
    "recipient_address": "r@northwind.example",
}  # fmt: skip


def told(folder: Path, lines: str, *columns: str, **tables: Any) -> dict[tuple[str, ...], int]:
    settings = site(folder, "exchange_message_tracking", **tables)
    take(settings, {"MSGTRK2024120310-1.LOG": lines.encode()})
    return dict(sums(settings, *columns))


@pytest.mark.parametrize("fields", [OLD, MIDDLE, NEW], ids=["2010", "2013", "2019"])
def test_every_version_of_the_fields_tells_volume_and_connector(tmp_path: Path, fields: str) -> None:
    lines = header(fields) + event(1, fields) + event(2, fields, **SENT) + header(fields) + event(3, fields)
    settings = site(tmp_path, "exchange_message_tracking")
    (counts,) = take(settings, {"MSGTRK.LOG": ("\ufeff" + lines).encode()})
    assert measures(settings, "direction", "connector", "partner_domain", "tls_version", "tls_cipher") == {
        ("inbound", "EX1\\Default Frontend EX1", "fabrikam.example", "Unknown", "Unknown"): (2, 2, 2000),
        ("outbound", "Internet", "northwind.example", "Unknown", "Unknown"): (1, 1, 1000),
    }
    assert (counts.records, counts.used, counts.rejected, counts.skipped) == (13, 3, 0, {"header-line": 10})


def test_other_events_are_skipped_by_name(tmp_path: Path) -> None:
    others = [("STOREDRIVER", "DELIVER"), ("STOREDRIVER", "SUBMIT"), ("SMTP", "HARECEIVE"), ("SMTP", "FAIL"),
              ("SMTP", "DEFER"), ("ROUTING", "TRANSFER"), ("AGENT", "AGENTINFO"), ("DSN", "DSN")]  # fmt: skip
    lines = "".join(event(n, source=source, event_id=name) for n, (source, name) in enumerate(others))
    settings = site(tmp_path, "exchange_message_tracking")
    (counts,) = take(settings, {"MSGTRK.LOG": (header() + lines + event(99)).encode()})
    assert counts.skipped == {
        "header-line": 5, "mailbox": 2, "not-transferred": 2, "other-event": 3, "shadow-copy": 1,
    }  # fmt: skip
    assert sums(settings, "direction") == {("inbound",): 1}


def test_recipients_have_a_status_each(tmp_path: Path) -> None:
    many = SENT | {
        "recipient_address": "r@northwind.example;s@northwind.example;t@x.example;u@x.example",
        "recipient_status": "250 2.1.5 Ok;550 5.1.1 User unknown;250 2.1.5 Ok;250 2.1.5 Ok",
    }
    none = SENT | {"recipient_status": "451 4.7.1 later"}
    odd = SENT | {"recipient_address": "v@y.example;w@y.example", "recipient_status": "To"}
    settings = site(tmp_path, "exchange_message_tracking")
    lines = header() + event(1, **many) + event(2, **none) + event(3, **odd)
    (counts,) = take(settings, {"MSGTRK.LOG": lines.encode()})
    assert measures(settings, "partner_domain") == {
        ("northwind.example",): (1, 1, 1000), ("x.example",): (1, 2, 1000), ("y.example",): (1, 2, 1000),
    }  # fmt: skip
    assert counts.skipped == {"header-line": 5, "not-transferred": 1}


def test_directions(tmp_path: Path) -> None:
    lines = [
        event(1, directionality="Undefined"), event(2, directionality=""),
        event(3, directionality="Originating"),
        event(4, directionality="Originating", client_ip="192.0.2.10"),
        event(5, client_ip="10.1.2.3"), event(6, client_ip="10.1.2.3", original_client_ip="203.0.113.9"),
        event(7, connector_id="EX1\\Scanner"),
        event(8, **SENT | {"event_id": "SEND"}), event(9, **SENT | {"event_id": "SEND", "server_ip": "10.1.2.4"}),
        event(10, **SENT | {"event_id": "SEND", "recipient_address": "q@contoso.example;r@northwind.example"}),
        event(11, **SENT | {"server_ip": "10.1.2.4"}),
        event(13, **SENT | {"directionality": "Incoming", "recipient_address": "q@contoso.example"}),
        event(12, return_path="<>", sender_address="postmaster@fabrikam.example"),
    ]  # fmt: skip
    found = told(
        tmp_path, header() + "".join(lines), "direction", "partner_domain",
        organisation={"networks": ["10.0.0.0/8"], "internal_services": ["Scanner"]},
    )  # fmt: skip
    assert found == {
        ("inbound", "fabrikam.example"): 3, ("submission", "fabrikam.example"): 1, ("internal", "fabrikam.example"): 3,
        ("outbound", "northwind.example"): 3, ("internal", "northwind.example"): 1, ("internal", "contoso.example"): 2,
        ("inbound", "<>"): 1,
    }  # fmt: skip


def test_events_told_twice_or_in_two_files_count_once(tmp_path: Path) -> None:
    settings = site(tmp_path, "exchange_message_tracking")
    first, second = header() + event(1) + event(2), header() + event(2) + event(3) + event(3)
    take(settings, {"MSGTRK-1.LOG": first.encode(), "MSGTRK-2.LOG": second.encode()})
    assert measures(settings, "direction") == {("inbound",): (3, 3, 3000)}


def test_without_a_network_message_id_the_message_id_tells(tmp_path: Path) -> None:
    lines = header(OLD) + event(1, OLD) + event(1, OLD, recipient_address="q@contoso.example") + event(2, OLD)
    lines += event(3, OLD, message_id="") + event(4, OLD, message_id="")
    settings = site(tmp_path, "exchange_message_tracking")
    take(settings, {"MSGTRK.LOG": lines.encode()})
    assert measures(settings, "direction") == {("inbound",): (4, 5, 4000)}


def test_fields_may_change_in_mid_file_and_values_hold_anything(tmp_path: Path) -> None:
    folded = event(2, message_subject='two\r\nlines, and a "quote"\r\n2024-12-03,x', connector_id="EX1\\Odd, name")
    lines = header(OLD) + event(1, OLD) + header() + folded + event(3)
    assert told(tmp_path, lines, "connector") == {
        ("EX1\\Default Frontend EX1",): 2, ("EX1\\Odd, name",): 1,
    }  # fmt: skip


def test_odd_records_are_rejected_by_number_and_the_rest_counts(tmp_path: Path) -> None:
    lines = [
        event(1),
        event(2, date_time="yesterday"),
        "a,b,c\r\n",
        event(3, source=""),
        event(4, date_time="1999-01-01T00:00:00Z"),
        event(5),
    ]
    settings = site(tmp_path, "exchange_message_tracking")
    (counts,) = take(settings, {"MSGTRK.LOG": (header() + "".join(lines)).encode()})
    assert (counts.records, counts.used, counts.rejected) == (11, 2, 4)
    found = staging.find_records(settings, "mx", counts.sha256, {"outcome": "rejected"})
    assert [(item.record, item.reason) for item in found] == [
        (7, "not a date"), (9, "no source or event"), (10, "a date outside 2010 to 2039"),
    ]  # fmt: skip
    (good,) = staging.find_records(settings, "mx", counts.sha256, {"partner_domain": "fabrikam.example", "record": 11})
    assert good.says["direction"] == "inbound"
    assert sums(settings, "direction") == {("inbound",): 2}


def test_nothing_of_a_subject_or_an_address_is_staged(tmp_path: Path) -> None:
    settings = site(tmp_path, "exchange_message_tracking")
    take(settings, {"MSGTRK.LOG": (header() + event(1)).encode()})
    staged = b"".join(path.read_bytes() for path in settings.storage.root.glob("staged/**/*.parquet"))
    assert staged
    assert b"Quarterly" not in staged
    assert b"a@fabrikam" not in staged


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nothing to see for p@contoso.example\n", "There is no #Fields line; the first line is 'nothing to see for"),
        (event(1).encode(), "There is no #Fields line"),
        ((header("date-time,event-id") + "1,2\r\n").encode(), "No column for"),
        (gzip.compress((header() + event(1) * 50).encode())[:-9], "ends before its end mark"),
        ((protocol_header() + Session().quit()).encode(), "looks like exchange_smtp_log"),
    ],
)  # fmt: skip
def test_what_is_none_is_quarantined_and_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    settings = site(tmp_path, "exchange_message_tracking")
    good = gzip.compress((header() + event(1)).encode())
    found = {item.state: item for item in take(settings, {"bad.log": content, "MSGTRK.LOG.gz": good})}
    assert reason in str(found["quarantined"].reason)
    assert "p@contoso.example" not in str(found["quarantined"].reason)
    assert sums(settings, "direction") == {("inbound",): 1}


def test_the_format_is_recognised_by_its_header() -> None:
    assert formats.recognise(Sample("x", (header() + event(1)).encode())) == "exchange_message_tracking"
    assert formats.recognise(Sample("x", f"#Fields: {OLD}\r\n".encode())) == "exchange_message_tracking"


def joined_site(folder: Path, **protocol: Any) -> Settings:
    """Tracking that counts, joined with the protocol logs, that are held against it."""
    for name in ("exports", "protocol"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    logs = {"name": "smtp", "format": "exchange_smtp_log", "location": "protocol", "role": "reconcile"} | protocol
    return settings_module.parse(
        {
            "organisation": {"name": "Contoso", "domains": ["contoso.example"]},
            "report": {"time_zone": "UTC"},
            "storage": {"root": "data"},
            "sources": [
                {"name": "mx", "format": "exchange_message_tracking", "location": "exports",
                 "options": {"joins": "smtp"}},
                logs,
            ],
        },
        folder / "config.toml",
        {"TRANSIT_LEDGER_KEY": "test"},
    )  # fmt: skip


def land(settings: Settings, source: str, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = settings.source(source).location / name
        path.write_text(content, encoding="utf-8", newline="")
        landing.collect(settings, source=source, files=[path])


def counted(settings: Settings) -> Counter[tuple[str, str, str]]:
    """Messages of the source that counts, by direction, partner and TLS version."""
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows(settings):
        if row["source"] == "mx":
            found[row["direction"], row["partner_domain"], row["tls_version"]] += row["messages"]
    return found


def test_joined_with_the_protocol_log_a_message_has_the_tls_of_its_session(tmp_path: Path) -> None:
    settings = joined_site(tmp_path)
    secure, plain, user = Session("08DD1386C0A80001"), Session("08DD1386C0A80002"), Session("08DD1386C0A80004")
    secure.secure()
    secure.mail()
    plain.mail("b@plain.example")
    user.command("AUTH LOGIN", "235 <authentication response>")
    user.mail()
    frontend = Session("08DD1386C0A80005")
    frontend.secure("SP_PROT_TLS1_3_SERVER")
    frontend.mail("d@proxied.example")
    hub = Session("08DD1386C0A80006", "EX1\\Default EX1", "192.0.2.10:2525")
    hub.secure(verb="X-ANONYMOUSTLS")
    hub.command("XPROXYFROM SID=08DD1386C0A80005 IP=203.0.113.7", "250 XProxyFrom accepted")
    hub.mail("d@proxied.example")
    land(settings, "mx", {"MSGTRK.LOG": header() + "".join([
        event(1), event(2, return_path="b@plain.example"), event(3, return_path="c@silent.example"),
        event(4, directionality="Undefined"),
        event(6, return_path="d@proxied.example", connector_id="EX1\\Default EX1", client_ip="192.0.2.10",
              original_client_ip="203.0.113.7"),
    ])})  # fmt: skip
    bring(settings)
    assert set(counted(settings).elements()) == {
        ("inbound", domain, "Unknown")
        for domain in ("fabrikam.example", "plain.example", "silent.example", "proxied.example")
    }
    sessions = "".join(session.quit() for session in (secure, plain, user, frontend, hub))
    land(settings, "smtp", {"RECV.LOG": protocol_header() + sessions})
    bring(settings)
    told = explain_record(settings, "MSGTRK.LOG", 6)
    assert [(cell["tls_version"], cell["messages"]) for cell in told["cells"]] == [("TLS 1.2", 1)]
    assert counted(settings) == {
        ("inbound", "fabrikam.example", "TLS 1.2"): 1, ("inbound", "plain.example", "No TLS"): 1,
        ("inbound", "silent.example", "Unknown"): 1, ("submission", "fabrikam.example", "No TLS"): 1,
        ("inbound", "proxied.example", "TLS 1.3"): 1,
    }  # fmt: skip


def test_two_sources_that_are_joined_never_both_count(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="both 'mx' and 'smtp', which it joins, would count"):
        joined_site(tmp_path, role="count")
    with pytest.raises(SettingsInvalid, match=r"options\.joins names 'smtp', which is no source of exchange_smtp_log"):
        joined_site(tmp_path, format="postfix_log")
