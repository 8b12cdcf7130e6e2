"""A real Postfix log against what was really sent, message by message. NOTES.md of the format explains what differs."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from etl.reference import FOLDER
from etl.settings import Settings
from tests.formats.log_site import DATA, SAMPLED, VERSIONS, rows, site, take, trace

DAY = date(2026, 11, 24)
FOLDED = {"175F921A2A1", "4jYSC20f8fzJbXD"}
"""The client gave one mailbox twice, in two spellings; Postfix took it once (cleanup, duplicate_filter)."""
TWO_TRANSACTIONS = {"D29B221A5DB", "4jYSB95gFczJbTB"}
"""One recipient was greylisted and had a transaction of its own later, under the same TLS: one transfer."""


def truth() -> list[dict[str, str]]:
    with gzip.open(DATA / "postfix" / "truth.csv.gz", "rt", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["final_status"] in ("accepted", "sent")]


def logs(form: str) -> dict[str, bytes]:
    return {name: (DATA / "postfix" / name).read_bytes() for name in (f"mail.{form}log.1.gz", f"mail.{form}log.gz")}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = site(tmp_path_factory.mktemp("bsd"))
    counts = take(settings, logs(""), SAMPLED)
    assert [(item.records, item.used + item.rejected + sum(item.skipped.values())) for item in counts] in (
        [(1144, 1144), (2524, 2524)],
        [(2524, 2524), (1144, 1144)],
    )
    assert not any(item.rejected or item.unknown_words for item in counts)
    return settings


def canonical(cipher: str) -> str:
    with (FOLDER / "cipher_words.csv").open(encoding="utf-8") as file:
        words = dict(csv.reader(file))
    return words[cipher.lower().replace("-", "").replace("_", "")]


def direction(row: dict[str, str]) -> str:
    return "submission" if row["kind"] == "auth-submission" else row["direction"]


def test_every_message_is_the_truth(sample: Settings) -> None:
    told = truth()
    ours: dict[tuple[str, str, str], list[tuple[str, str, int]]] = defaultdict(list)
    found = trace(sample, DAY, *{f"mx {row['queue_id']}" for row in told})
    for row in found:
        if row["direction"] != "internal":
            domain = row["partner_domain"] if row["direction"] == "outbound" else "any"
            key = (row["direction"], str(row["message"]), domain)
            ours[key].append((row["tls_version"], row["tls_cipher"], row["bytes"]))
    expected: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in told:
        domain = row["partner_domain"] if row["direction"] == "outbound" else "any"
        key = (direction(row), row["queue_id"], domain)
        recipients = int(row["n_rcpt_accepted"]) - (row["queue_id"] in FOLDED)
        cipher = "none" if row["tls_version"] == "none" else canonical(row["cipher"])
        expected[key] += [(VERSIONS[row["tls_version"]], cipher)] * recipients
    assert {key: Counter(line[:2] for line in lines) for key, lines in ours.items()} == {
        key: Counter(lines) for key, lines in expected.items()
    }
    assert len(told) == 252 + 253


def test_partner_domains_are_the_envelopes(sample: Settings) -> None:
    senders = {row["queue_id"]: row["sender"].rpartition("@")[2].lower() or "<>" for row in truth()}
    found = trace(sample, DAY, *{f"mx {queue}" for queue in senders})
    inbound = [row for row in found if row["direction"] in ("inbound", "submission")]
    assert {row["partner_domain"] for row in inbound if row["partner_domain"] == "<>"} == {"<>"}
    assert all(row["partner_domain"] == senders[row["message"]] for row in inbound)


def test_sums_per_direction_are_the_truth_but_for_what_the_notes_explain(sample: Settings) -> None:
    ours: Counter[str] = Counter()
    recipients: Counter[str] = Counter()
    for row in rows(sample):
        ours[row["direction"]] += row["messages"]
        recipients[row["direction"]] += row["recipients"]
    assert ours == {"inbound": 238, "submission": 14, "outbound": 253 - len(TWO_TRANSACTIONS), "internal": 24}
    assert recipients["inbound"] + recipients["submission"] == 514 - len(FOLDED)
    assert recipients["outbound"] == 362


def test_bytes_are_the_client_s_with_postfix_s_header_and_line_ends(sample: Settings) -> None:
    """Postfix adds its Received header and counts two bytes for a line end; the truth is what was sent or stored."""
    told = {row["queue_id"]: int(row["bytes"]) for row in truth() if row["direction"] == "inbound"}
    taken = [row for row in trace(sample, DAY, *{f"mx {queue}" for queue in told}) if row["message"] in told]
    received = [row for row in taken if row["direction"] in ("inbound", "submission")]
    assert {row["message"] for row in received} == told.keys()
    for row in received:
        assert told[row["message"]] * 0.97 - 100 < row["bytes"] < told[row["message"]] + 700


def test_both_time_stamps_give_the_same_facts(sample: Settings, tmp_path: Path) -> None:
    other = site(tmp_path)
    take(other, logs("rfc3339."), SAMPLED)
    assert rows(other) == rows(sample)


def test_post_quantum_and_other_groups_are_named(sample: Settings) -> None:
    groups = Counter((row["tls_version"], row["tls_group"]) for row in rows(sample))
    assert {group for version, group in groups if version == "TLS 1.3"} == {"x25519"}
    assert {group for version, group in groups if version == "No TLS"} == {"none"}


def test_another_server_s_log_is_what_its_client_and_its_partners_saw(tmp_path: Path) -> None:
    """Postfix 3.7 with its own log file: TLS to some partners, `smtp_tls_security_level = none` to one, a filter behind
    the queue, non-ASCII addresses, and refusals that say `status=sent` themselves."""
    settings = site(tmp_path)
    (counts,) = take(settings, {"maillog.gz": (DATA / "postfix" / "maillog.gz").read_bytes()}, SAMPLED + 86400)
    assert counts.records == counts.used + sum(counts.skipped.values()) == 305
    with gzip.open(DATA / "postfix" / "maillog.truth.csv.gz", "rt", encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    expected: Counter[tuple[str, str, str, str, str]] = Counter()
    for row in told:
        cipher = "none" if row["cipher"] == "none" else canonical(row["cipher"])
        who = (row["direction"], row["queue_id"] or "any", row["partner_domain"])
        # One mailbox was given twice, as p1@ and P1@: Postfix takes it once.
        recipients = int(row["recipients"]) - (row["queue_id"] == "4jZQ4y5qPTzMcc6")
        expected[(*who, VERSIONS[row["tls_version"]], cipher)] += recipients
    found: Counter[tuple[str, str, str, str, str]] = Counter()
    for row in trace(settings, date(2026, 11, 25), *{f"mx {row['queue_id']}" for row in told if row["queue_id"]}):
        queue = "any" if row["direction"] == "outbound" else str(row["message"])
        found[(row["direction"], queue, row["partner_domain"], row["tls_version"], row["tls_cipher"])] += 1
    hops = {"postfix/lmtp", "postfix/filter/smtp", "postfix/reinject/smtpd"}
    assert {row["connector"] for row in rows(settings) if row["direction"] == "internal"} == hops | {"postfix/smtpd"}
    ours = {key: number for key, number in found.items() if key[0] != "internal" or key[2] == "p.example"}
    assert ours == expected
    assert len(told) == 65
