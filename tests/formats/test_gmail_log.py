"""Gmail logs from BigQuery, NDJSON and Parquet, both layouts: the stages of one message are counted once."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import formats, staging
from etl.formats.base import Sample
from etl.settings import Settings
from tests.formats.table_site import asked, call, ingest, rejects, sums, write_site

SOURCE = {"name": "gmail", "format": "gmail_log"}
NOON = 1794826800_000000
"""2026-11-16T11:00:00Z in microseconds."""
HOUR = 3600_000000
TLS13 = {"smtp_tls_state": 1, "smtp_tls_version": "TLSv1.3", "smtp_tls_cipher": "TLS_AES_256_GCM_SHA384"}

Record = dict[str, Any]


def stage(number: int, action: int, *, at: int = NOON, connection: Record | None = None, **message: Any) -> Record:
    """One stage of message `number`, in the layout of the daily tables; inbound unless `message` says otherwise."""
    told = {
        "action_type": action,
        "rfc2822_message_id": f"<{number}@fabrikam.example>",
        "subject": "Subject",
        "payload_size": 1000,
        "source": {"address": f"user{number}@fabrikam.example", "service": "smtp-inbound", "selector": None},
        "destination": [to(f"person{number}@contoso.example")],
        "connection_info": {"client_ip": "192.0.2.1", "smtp_tls_version": None, "smtp_tls_cipher": None}
        | (connection or {}),
        "message_set": [{"type": 9}, {"type": 15}],
        "is_policy_check_for_sender": False,
    }  # fmt: skip
    return {
        "event_info": {"timestamp_usec": at, "elapsed_time_usec": 5, "success": True, "mail_event_type": 0},
        "message_info": told | message,
    }


def sent(number: int, action: int, *recipients: Record, **told: Any) -> Record:
    """One stage of an outbound message."""
    source = {"address": f"person{number}@contoso.example", "service": "gmail-ui", "selector": ""}
    return stage(
        number, action, **{"source": source, "destination": list(recipients), "message_set": [{"type": 8}]} | told
    )


def to(address: str, service: str = "gmail-ui", selector: str = "", **more: Any) -> Record:
    """A destination."""
    return {"address": address, "service": service, "selector": selector, "rcpt_response": None} | more


def activity(record: Record, number: int = 0) -> Record:
    """The same record in the table of all activities."""
    at = record["event_info"]["timestamp_usec"]
    return {"time_usec": at, "event_id": str(number), "event_name": "delivery", "record_type": "gmail", "gmail": record}


def stringed(value: Any) -> Any:
    """Integers and booleans as text, as BigQuery's JSON has them."""
    if isinstance(value, dict):
        return {key: stringed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [stringed(item) for item in value]
    return str(value).lower() if isinstance(value, int) else value


def lines(records: Sequence[Record]) -> bytes:
    """NDJSON."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def parquet(folder: Path, records: Sequence[Record]) -> bytes:
    """The same records as BigQuery's Parquet has them: typed and nested."""
    source, target = folder / "in.ndjson", folder / "out.parquet"
    source.write_bytes(lines(records))
    duckdb.read_json(str(source), format="newline_delimited").write_parquet(str(target))
    return target.read_bytes()


def site(folder: Path, **source: Any) -> Settings:
    """A site with one source of this format."""
    return write_site(folder, SOURCE | source)


def everything() -> list[Record]:
    """Messages in both directions, each told of by several records, volume and TLS in different ones."""
    records = []
    for n in range(1, 11):
        records += [
            stage(n, 1, connection=TLS13 if n > 3 else {"smtp_tls_state": 1}),
            stage(n, 3, at=NOON + 1),
            stage(n, 3, at=NOON + 2),
        ]
    for n in range(11, 16):
        x, y = (to(f"x{n}@fabrikam.example", "smtp-outbound"), to(f"y{n}@tailspin.example", "smtp-outbound"))
        records += [
            sent(n, 3, x, y),
            sent(n, 3, x, connection={"smtp_tls_state": 0, "smtp_out_remote_host": "mx.fabrikam.example"}),
            sent(n, 3, y, connection=TLS13 | {"smtp_reply_code": 250}),
        ]
    return records


FACTS = {
    ("inbound", "smtp-inbound", "fabrikam.example", "TLS unknown", "Unknown", 1000): 3,
    ("inbound", "smtp-inbound", "fabrikam.example", "TLS 1.3", "TLS_AES_256_GCM_SHA384", 1000): 7,
    ("outbound", "smtp-outbound", "fabrikam.example", "No TLS", "none", 1000): 5,
    ("outbound", "smtp-outbound", "tailspin.example", "TLS 1.3", "TLS_AES_256_GCM_SHA384", 1000): 5,
}


def found(settings: Settings) -> dict[tuple[Any, ...], int]:
    """What the facts say, with the size of one message."""
    return dict(
        sums(
            settings,
            "direction",
            "connector",
            "partner_domain",
            "tls_version",
            "tls_cipher",
            "(bytes // messages)::int",
        )
    )


@pytest.mark.parametrize(
    "layout", ["daily", "activity", "strings", "array", "pretty", "parquet", "parquet activity", "gzip", "overlapping"]
)
def test_stages_of_a_message_count_once_in_every_layout(tmp_path: Path, layout: str) -> None:
    settings = site(tmp_path)
    records = everything()
    random.Random(3).shuffle(records)  # noqa: S311  no secret: the same order each time
    merged = [activity(record, number) for number, record in enumerate(records)]
    files = {
        "daily": [lines(records)],
        "activity": [lines(merged)],
        "strings": [lines([stringed(record) for record in merged])],
        "parquet": [parquet(tmp_path, records)],
        "parquet activity": [parquet(tmp_path, merged)],
        "array": [json.dumps(merged).encode()],
        "pretty": [gzip.compress(json.dumps(records, indent=2).encode(), mtime=0)],
        "gzip": [gzip.compress(lines(records), mtime=0)],
        "overlapping": [lines(merged[:30]), lines(merged[10:]), lines(merged[20:40])],
    }[layout]
    said = ingest(settings, "gmail", {f"{number}.json": content for number, content in enumerate(files)})
    assert all(file["used"] == file["records"] > 0 for file in said.values())
    assert found(settings) == FACTS
    assert asked(settings, "select sum(recipients)::int from facts") == [(20,)]
    staged = b"".join(path.read_bytes() for path in (tmp_path / "data" / "staged").rglob("*") if path.is_file())
    assert b"person1@" not in staged
    assert b"Subject" not in staged


def test_tls_on_a_record_without_recipients_or_sender(tmp_path: Path) -> None:
    settings = site(tmp_path)
    records = [
        stage(1, 1, connection=TLS13, destination=None, source=None),
        stage(1, 3, destination=[to("a@contoso.example"), to("b@contoso.example")]),
        stage(2, 1, connection=TLS13, destination=[to("a@contoso.example")]),
        stage(2, 3, source={"address": "user2@fabrikam.example"},
              destination=[to("a@contoso.example"), to("c@contoso.example")]),
        sent(3, 3, to("x@fabrikam.example", "smtp-outbound"), to("y@tailspin.example", "smtp-outbound")),
        sent(3, 3, connection=TLS13 | {"smtp_out_remote_host": "relay.example"}),
        stage(4, 3, connection=TLS13, destination=[to("a@contoso.example"), to("f@far.example", "smtp-outbound")]),
    ]  # fmt: skip
    ingest(settings, "gmail", {"a.json": lines(records)})
    assert sums(settings, "direction", "partner_domain", "tls_version", "recipients::int") == {
        ("inbound", "fabrikam.example", "TLS 1.3", 5): 3,
        ("outbound", "far.example", "Unknown", 1): 1,
        ("outbound", "fabrikam.example", "TLS 1.3", 1): 1,
        ("outbound", "tailspin.example", "TLS 1.3", 1): 1,
    }


WAYS = [
    (stage(1, 3), "inbound"),
    (stage(2, 1), "inbound"),
    (stage(3, 3, source={"address": "a@contoso.example", "service": "smtp-inbound"}), "inbound"),  # forged
    (stage(4, 1, message_set=[{"type": 8}], is_policy_check_for_sender=True), "submission"),
    (sent(5, 3, to("b@contoso.example")), "internal"),
    (sent(6, 3, to("x@fabrikam.example", "smtp-outbound-to-gmail")), "outbound"),
    (stage(7, 3, destination=to("b@contoso.example")), "inbound"),  # an object where a list belongs
    (
        stage(8, 3, destination=None, flattened_destinations="gmail-ui::b@contoso.example,gmail-ui::c@contoso.example"),
        "inbound",
    ),
    (stage(9, 3, source={"address": "u@fabrikam.example"}), "inbound"),
    (sent(10, 3, {"address": "x@fabrikam.example"}, source={"address": "a@contoso.example"}), "outbound"),
    (stage(12, 1, connection={"is_intra_domain": True}), "internal"),
    (stage(11, 3, source={"address": "", "service": "smtp-inbound"}), "inbound"),
]


def test_directions(tmp_path: Path) -> None:
    settings = site(tmp_path)
    records = [record | {"event_info": {"timestamp_usec": NOON - n * 24 * HOUR, "success": True}}
               for n, (record, _) in enumerate(WAYS)]  # fmt: skip
    ingest(settings, "gmail", {"a.json": lines(records)})
    assert asked(settings, "select direction, messages::int from facts order by data_date desc") == [
        (way, 1) for _, way in WAYS
    ]
    assert asked(settings, "select partner_domain from facts order by data_date limit 1") == [("<>",)]


def test_states_versions_and_words(tmp_path: Path) -> None:
    states: list[tuple[Record, str]] = [
        ({"smtp_tls_state": 1}, "TLS unknown"), ({"smtp_tls_state": 0}, "No TLS"), ({}, "Unknown"),
        ({"smtp_tls_state": None}, "Unknown"), ({"smtp_tls_state": 7}, "Unknown"),
        ({"smtp_tls_state": 1, "smtp_tls_version": "TLSv1.1", "smtp_tls_cipher": "ECDHE-RSA-AES128-SHA"}, "TLS 1.1"),
        ({"smtp_tls_state": 1, "smtp_tls_version": "TLSv9", "smtp_tls_cipher": "NEW-CIPHER"}, "TLS unknown"),
        ({"smtp_tls_state": {"odd": [1]}}, "Unknown"), ({"smtp_tls_version": "TLSv1.2"}, "TLS 1.2"),
    ]  # fmt: skip
    records = [stage(n, 3, at=NOON - n * 24 * HOUR, connection=told) for n, (told, _) in enumerate(states)]
    settings = site(tmp_path / "one")
    ingest(settings, "gmail", {"a.json": lines(records)})
    assert asked(settings, "select tls_version from facts order by data_date desc") == [
        (version,) for _, version in states
    ]
    assert {word for _, word in asked(settings, "select field, word from unknown_words")} >= {
        "TLSv9", "NEW-CIPHER", "smtp_tls_state 7",
    }  # fmt: skip
    mapped = site(tmp_path / "two", options={"tls_states": {"0": "Unknown", "7": "No TLS"}})
    ingest(mapped, "gmail", {"a.json": lines(records)})
    assert asked(mapped, "select tls_version from facts order by data_date desc limit 5") == [
        ("TLS unknown",), ("Unknown",), ("Unknown",), ("Unknown",), ("No TLS",),
    ]  # fmt: skip


def test_what_was_refused_or_is_no_hop_is_not_counted(tmp_path: Path) -> None:
    settings = site(tmp_path)
    x = to("x@fabrikam.example", "smtp-outbound")
    failed = {"event_info": {"timestamp_usec": NOON, "success": False}}
    deferred = {"smtp_tls_state": 1, "smtp_reply_code": 451}
    records = [
        stage(1, 2) | failed,
        stage(2, 1, connection={"smtp_reply_code": 550}),
        sent(3, 3, x), sent(3, 3, x, connection=deferred),
        sent(4, 3, x), sent(4, 3, x, connection=deferred), sent(4, 3, x, at=NOON + 13 * HOUR, connection=TLS13),
        sent(5, 3, x, to("y@fabrikam.example", "smtp-outbound", rcpt_response="550 no")),
        stage(6, 3) | {"event_info": {"timestamp_usec": NOON, "success": True, "mail_event_type": 7}},
        sent(7, 3, to("m@contoso.example"), source={"address": "u@fabrikam.example", "service": "mailing-list-server"}),
        {"time_usec": NOON, "record_type": "drive", "drive": {"doc_id": "1"}},
        {"event_info": {"timestamp_usec": NOON}, "message_info": None},
    ]  # fmt: skip
    said = ingest(settings, "gmail", {"a.json": lines(records)})["a.json"]
    assert (said["records"], said["used"], said["rejected"]) == (12, 4, 0)
    assert said["skipped"] == {
        "inner-stage": 1, "no-message": 1, "not-transferred": 4, "other-record": 1, "user-action": 1,
    }  # fmt: skip
    assert asked(settings, "select data_date::varchar, tls_version, messages, recipients from facts order by all") == [
        ("2026-11-16", "Unknown", 1, 1), ("2026-11-17", "TLS 1.3", 1, 1),
    ]  # fmt: skip


def test_stages_on_both_sides_of_midnight_and_of_files(tmp_path: Path) -> None:
    settings = site(tmp_path)
    late, early = NOON + 13 * HOUR - 1, NOON + 13 * HOUR
    records = [stage(n, 1, at=late, connection=TLS13) for n in range(5)]
    records += [stage(n, 3, at=early) for n in range(5)]
    ingest(settings, "gmail", {"2.json": lines(records[5:]), "1.json": lines(records[:5])})
    assert sums(settings, "data_date::varchar", "tls_version") == {("2026-11-16", "TLS 1.3"): 5}


BROKEN = [
    (b'{"message_info": {', "no JSON object"), (b"[1, 2]", "no JSON object"), (b"{}", "no record of a Gmail log"),
    (lines([stage(1, 3, at=0)]).strip(), "not a date"),
    (lines([stage(1, 3, at=9999999999999999)]).strip(), "a date outside 2010 to 2039"),
    (b'{"gmail": "x", "message_info": 5}', "no record of a Gmail log"),
    (lines([stage(1, 3, subject="x" * 1_100_000)]).strip(), "longer than 1 MiB"),
]  # fmt: skip


def test_malformed_lines_are_rejected_with_their_number(tmp_path: Path) -> None:
    settings = site(tmp_path)
    good = lines([stage(1, 3)]).strip()
    odd = lines([stage(2, 3, message_set="9", payload_size="big", destination=[to("b@contoso.example"), 5, None],
                       connection_info=[1], source={"address": 5, "service": ["x"]})]).strip()  # fmt: skip
    content = b"\n".join(
        [good, *(line for line, _ in BROKEN), b"", odd, lines([stage(3, 3, subject="a\0\u2028b")]).strip()]
    )
    said = ingest(settings, "gmail", {"a.json": content})["a.json"]
    assert said["records"] == len(BROKEN) + 3
    assert rejects(settings, "gmail", said["sha256"]) == [(n, reason) for n, (_, reason) in enumerate(BROKEN, 2)]
    assert said["records"] == said["used"] + said["rejected"] + sum(said["skipped"].values())


def test_recognised_and_refused(tmp_path: Path) -> None:
    records = [stage(1, 3), stage(2, 3)]
    pretty = json.dumps(records, indent=2).encode()
    for content in (lines(records), lines([activity(records[0])]), parquet(tmp_path, records), pretty):
        assert formats.recognise(Sample("x", content[:65536])) == "gmail_log"
    assert formats.recognise(Sample("x", b'{"organization-name": "x", "policies": []}')) != "gmail_log"
    settings = site(tmp_path)
    duckdb.sql("select 1 as a, 'who@x.example' as b").write_parquet(str(tmp_path / "other.parquet"))
    other, whole = (tmp_path / "other.parquet").read_bytes(), parquet(tmp_path, [stage(1, 3)])
    said = ingest(settings, "gmail", {
        "a.json": b'{"who": "someone@x.example"}\n', "b.parquet": other, "c.parquet": whole[:-20], "d.json": b"",
        "e.gz": gzip.compress(whole), "f.json": gzip.compress(lines([stage(1, 3)]))[:-9],
        "g.json": pretty[:-40],
    })  # fmt: skip
    assert said.pop("d.json")["state"] == "counted"  # a day without mail
    assert {file["state"] for file in said.values()} == {"quarantined"}
    assert "***@x.example" in said["a.json"]["reason"]
    assert "No column message_info or gmail in the Parquet file (a, b)" in said["b.parquet"]["reason"]
    assert "damaged" in said["c.parquet"]["reason"]
    assert "Unpack it first" in said["e.gz"]["reason"]


def test_internationalised_partners_and_the_record_behind_a_fact(tmp_path: Path) -> None:
    settings = site(tmp_path)
    records = [
        stage(1, 3, source={"address": "a@Bücher.example", "service": "smtp-inbound"}),
        sent(2, 3, to("x@fabrikam.example", "smtp-outbound"), to("y@räksmörgås.example", "smtp-outbound", "Route 1")),
    ]
    said = ingest(settings, "gmail", {"a.json": b"{bad\n" + lines(records)})["a.json"]
    assert sums(settings, "direction", "connector", "partner_domain") == {
        ("inbound", "smtp-inbound", "xn--bcher-kva.example"): 1,
        ("outbound", "smtp-outbound", "fabrikam.example"): 1,
        ("outbound", "smtp-outbound:Route 1", "xn--rksmrgs-5wao1o.example"): 1,
    }
    wanted = {"partner_domain": "xn--rksmrgs-5wao1o.example", "direction": "outbound"}
    assert [item.record for item in staging.find_records(settings, "gmail", said["sha256"], wanted)] == [3]
    assert '"record": 2' in call(settings, "explain", "2026-W47", "--direction", "inbound", "--json")
