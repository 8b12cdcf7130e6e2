"""A real Exim log against what was really sent, message by message. NOTES.md of the format explains what differs."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest

from etl import facts
from etl.settings import Settings
from tests.formats.log_site import DATA, SAMPLED, VERSIONS, site, take, trace
from tests.formats.test_postfix_truth import canonical

DAY = date(2026, 11, 24)


def truth() -> list[dict[str, str]]:
    with gzip.open(DATA / "exim" / "truth.csv.gz", "rt", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["final_status"] in ("accepted", "sent")]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = site(tmp_path_factory.mktemp("exim"), "exim_log")
    (counts,) = take(settings, {"mainlog.gz": (DATA / "exim" / "mainlog.gz").read_bytes()}, SAMPLED)
    assert counts.records == 407 == counts.used + sum(counts.skipped.values())
    assert not counts.rejected
    assert not counts.unknown_words
    return settings


def cipher(row: dict[str, str]) -> str:
    """As a client under TLS 1.0 and 1.1, GnuTLS does not say who signed."""
    if row["tls_version"] == "none":
        return "none"
    if row["direction"] == "outbound" and row["tls_version"] in ("TLSv1", "TLSv1.1"):
        return canonical(row["cipher"]).replace("TLS_ECDHE_ECDSA_WITH", "ECDHE_WITH")
    return canonical(row["cipher"])


def test_every_message_is_the_truth(sample: Settings) -> None:
    told = truth()
    ours: dict[tuple[str, str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in trace(sample, DAY, *{row["queue_id"] for row in told}):
        domain = row["partner_domain"] if row["direction"] == "outbound" else "any"
        ours[(row["direction"], str(row["message"]), domain)][(row["tls_version"], row["tls_cipher"])] += 1
    expected: dict[tuple[str, str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in told:
        domain = row["partner_domain"] if row["direction"] == "outbound" else "any"
        expected[(row["direction"], row["queue_id"], domain)][(VERSIONS[row["tls_version"]], cipher(row))] += int(
            row["n_rcpt_accepted"]
        )
    assert ours == expected
    assert len(told) == 45 + 38


def test_partner_domains_are_the_envelopes(sample: Settings) -> None:
    senders = {row["queue_id"]: row["sender"].rpartition("@")[2].lower() or "<>" for row in truth()}
    inbound = [row for row in trace(sample, DAY, *senders) if row["direction"] == "inbound"]
    assert all(row["partner_domain"] == senders[row["message"]] for row in inbound)
    assert {row["connector"] for row in inbound} == {"No connector"}


def test_bytes_are_what_exim_says_of_the_message(sample: Settings) -> None:
    told = {row["queue_id"]: int(row["bytes"]) for row in truth() if row["direction"] == "inbound"}
    inbound = [row for row in trace(sample, DAY, *told) if row["direction"] == "inbound"]
    assert {row["message"] for row in inbound} == told.keys()
    for row in inbound:
        assert told[row["message"]] * 0.97 - 100 < row["bytes"] < told[row["message"]] + 700


@pytest.mark.parametrize("name", ["mainlog.gz", "cutthrough.log.gz", "selectors.log.gz"])
def test_a_log_taken_in_many_parts_has_the_facts_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Memory stays flat because messages are put together some at a time."""
    content, found = (DATA / "exim" / name).read_bytes(), []
    for place, lines in (("whole", facts.LINES_AT_ONCE), ("parts", 30)):
        monkeypatch.setattr(facts, "LINES_AT_ONCE", lines)
        settings = site(tmp_path / place, "exim_log")
        (counts,) = take(settings, {name: content}, SAMPLED)
        assert counts.records > 5 * 30
        found.append({day: item.facts_sha256 for day, item in facts.partitions(settings).items()})
    assert found[0] == found[1] != {}
