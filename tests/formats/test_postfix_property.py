"""Hypothesis makes Postfix sessions, interleaves them and spreads the log over files: the facts stay what they are.

The messages are drawn first and the log is written from them, so the expected facts come from nowhere near the reader.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import landing
from tests.formats.log_site import EXPORTED, bring, rows, site

TLS = {
    "No TLS": None,
    "TLS 1.2": "TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)",
    "TLS 1.3": "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA",
}
START = 10 * 3600
HELD: Counter[str] = Counter()
"""How many cases held what; printed at the end."""


@dataclass
class Log:
    """A log being written: events (second, order among actors, line), queue ids that are free, the facts expected."""

    events: list[tuple[int, int, str]] = field(default_factory=list)
    free_at: dict[str, int] = field(default_factory=dict)
    expected: Counter[tuple[str, str, str, int]] = field(default_factory=Counter)
    actors: int = 0

    def say(self, second: int, rank: int, service: str, said: str) -> None:
        stamp = f"{(START + second) // 3600:02d}:{(START + second) // 60 % 60:02d}:{(START + second) % 60:02d}"
        self.events.append((second, rank, f"Dec  3 {stamp} mx {service}: {said}\n"))

    def queue(self, second: int, until: int) -> str:
        """A queue id that no living message has; one that is free again where there is one."""
        ready = [queue for queue, free in self.free_at.items() if free < second]
        queue = ready[0] if ready else f"A{len(self.free_at):09X}"
        HELD["queue ids reused"] += bool(ready)
        self.free_at[queue] = until
        return queue

    def lines(self) -> list[str]:
        return [line for _, _, line in sorted(self.events, key=lambda event: event[:2])]


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Lines of a few processes at once, with the facts that they tell.

    A process says nothing twice within a second: an identical line in two files is one line, by definition.
    """
    log = Log()
    log.say(0, -1, "postfix/smtpd[1]", f"Anonymous TLS connection established from x[192.0.2.1]: {TLS['TLS 1.3']}")
    log.say(0, -1, "postfix/smtp[2]", f"Trusted TLS connection established to y[192.0.2.2]:25: {TLS['TLS 1.3']}")
    for pid in range(100, 100 + draw(st.integers(1, 3))):
        second = draw(st.integers(5, 8))
        for _ in range(draw(st.integers(1, 3))):
            second = _session(draw, log, pid, second) + draw(st.integers(1, 3))
    for pid in range(200, 200 + draw(st.integers(1, 2))):
        second = draw(st.integers(5, 8))
        for _ in range(draw(st.integers(1, 4))):
            second = _delivery(draw, log, pid, second) + draw(st.integers(1, 3))
    return log


def _session(draw: st.DrawFn, log: Log, pid: int, second: int) -> int:
    """A client's session with messages, some refused; returns when it ended."""
    version = draw(st.sampled_from(list(TLS)))
    rank, smtpd, client = draw(st.integers(0, 9)), f"postfix/smtpd[{pid}]", f"h{pid}[203.0.113.{pid % 100}]"
    log.say(second, rank, smtpd, f"connect from {client}")
    if TLS[version]:
        log.say(second, rank, smtpd, f"Anonymous TLS connection established from {client}: {TLS[version]}")
    for _ in range(draw(st.integers(1, 2))):
        second += draw(st.integers(0, 2))
        accepted, recipients = draw(st.booleans()), draw(st.integers(1, 2))
        queue = log.queue(second, second + 3)
        log.say(second, rank, smtpd, f"{queue}: client={client}")
        HELD["refused after client="] += not accepted
        if accepted:
            _mailbox(log, rank, queue, second, recipients)
            log.expected["inbound", version, "fabrikam.example", recipients] += 1
        second += 3 if not accepted else 0
    second += draw(st.integers(0, 2))
    starttls = "starttls=1 " if TLS[version] else ""
    log.say(second, rank, smtpd, f"disconnect from {client} ehlo=1 {starttls}mail=1 rcpt=1 data=1 quit=1 commands=5")
    return second


def _mailbox(log: Log, rank: int, queue: str, second: int, recipients: int) -> None:
    log.say(second, rank, "postfix/qmgr[3]", f"{queue}: from=<a@fabrikam.example>, size=100, nrcpt=1 (queue active)")
    for number in range(recipients):
        told = "relay=virtual, delay=1, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered)"
        log.say(second + 1, rank, "postfix/virtual[4]", f"{queue}: to=<p{number}@contoso.example>, {told}")
    log.say(second + 2, rank, "postfix/qmgr[3]", f"{queue}: removed")


def _delivery(draw: st.DrawFn, log: Log, pid: int, second: int) -> int:
    """A message handed to another server, perhaps on the second try; returns when it went."""
    version, retried = draw(st.sampled_from(list(TLS))), draw(st.booleans())
    rank, smtp, relay = draw(st.integers(0, 9)), f"postfix/smtp[{pid}]", "mx.northwind.example[198.51.100.23]:25"
    queue = log.queue(second, second + 40)
    active = f"{queue}: from=<p@contoso.example>, size=100, nrcpt=1 (queue active)"
    told = f"{queue}: to=<r@northwind.example>, relay={relay}, delay=1, delays=0.1/0/0.1/0.1, dsn=2.0.0, status="
    HELD["deferred, then sent"] += retried
    log.say(second, rank, "postfix/pickup[5]", f"{queue}: uid=0 from=<p>")
    if retried:
        log.say(second, rank, "postfix/qmgr[3]", active)
        log.say(second, rank, smtp, f"{told}deferred (host said: 450 later)")
        second += 30
    log.say(second, rank, "postfix/qmgr[3]", active)
    if TLS[version]:
        log.say(second, rank, smtp, f"Trusted TLS connection established to {relay}: {TLS[version]}")
    log.say(second, rank, smtp, f"{told}sent (250 Ok: queued as X)")
    log.say(second, rank, "postfix/qmgr[3]", f"{queue}: removed")
    log.expected["outbound", version, "northwind.example", 1] += 1
    return second


@st.composite
def spreads(draw: st.DrawFn, length: int) -> list[tuple[int, int]]:
    """How a log of `length` lines lies in files, as slices, in the order in which they land."""
    cuts = sorted({0, length, *draw(st.lists(st.integers(1, length - 1), min_size=1, max_size=3))})
    pieces = list(pairwise(cuts))
    if draw(st.booleans()):
        pieces.append((0, draw(st.integers(1, length))))
    return draw(st.permutations(pieces))


@pytest.fixture(scope="module", autouse=True)
def _say_what_was_held(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    manager: Any = request.config.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled():
        print("\nlogs of Postfix made by Hypothesis:", ", ".join(f"{n} {what}" for what, n in sorted(HELD.items())))


def _holds(data: st.DataObject) -> None:
    log = data.draw(logs())
    lines = log.lines()
    slices = data.draw(spreads(len(lines)))
    HELD["cases"] += 1
    HELD["spread over files"] += len({start for start, _ in slices}) > 1
    HELD["cut within a second"] += any(start and lines[start][:15] == lines[start - 1][:15] for start, _ in slices)
    HELD["with lines in two files"] += sum(end - start for start, end in slices) > len(lines)
    HELD["landed out of order"] += slices != sorted(slices)
    HELD["with a file that grew"] += len([start for start, _ in slices if start == 0]) > 1
    HELD["interleaved"] += len({line.split(" ")[5] for line in lines}) > 6
    with tempfile.TemporaryDirectory() as folder:
        place = site(Path(folder))
        for start, end in slices:
            path = place.sources[0].location / f"mail.log.{start}-{end}"
            path.write_text("".join(lines[start:end]), encoding="ascii")
            os.utime(path, (EXPORTED + end, EXPORTED + end))
            landing.collect(place, source="mx", files=[path])
        bring(place)
        found: Counter[tuple[str, str, str]] = Counter()
        recipients: Counter[tuple[str, str, str]] = Counter()
        for row in rows(place):
            key = (row["direction"], row["tls_version"], row["partner_domain"])
            found[key] += row["messages"]
            recipients[key] += row["recipients"]
    expected: Counter[tuple[str, str, str]] = Counter()
    expected_recipients: Counter[tuple[str, str, str]] = Counter()
    for (direction, version, domain, each), number in log.expected.items():
        expected[direction, version, domain] += number
        expected_recipients[direction, version, domain] += number * each
    assert (found, recipients) == (expected, expected_recipients)


QUICK = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@QUICK
@given(st.data())
def test_facts_are_the_messages_however_the_log_is_spread(data: st.DataObject) -> None:
    _holds(data)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(QUICK, max_examples=200)
@given(st.data())
def test_facts_are_the_messages_in_many_more_cases(data: st.DataObject) -> None:
    _holds(data)
