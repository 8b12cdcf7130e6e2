"""Hypothesis makes sessions of Exchange, interleaves them and cuts the log into files: the facts stay the same.

The messages are drawn first and the lines written from them, so the expected facts come from nowhere near the reader.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import landing
from tests.formats.exchange_logs import VERSIONS, Session, header, sending
from tests.formats.log_site import EXPORTED, bring, rows, site

HELD: Counter[str] = Counter()
"""How many cases held what; printed at the end."""

Facts = Counter[tuple[str, str, str]]


def _session(draw: st.DrawFn, number: int, messages: Facts, recipients: Facts) -> list[str]:
    """The lines of one session; what is taken in it is added to the facts expected."""
    receives, version = draw(st.booleans()), draw(st.sampled_from(["No TLS", *VERSIONS]))
    ident = f"08DD1386C0{number:06X}"
    session = Session(ident) if receives else sending(ident)
    if version != "No TLS":
        session.secure(f"SP_PROT_{VERSIONS[version]}_{'SERVER' if receives else 'CLIENT'}", tail=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        there = draw(st.lists(st.booleans(), min_size=1, max_size=3))
        taken, pipelined, reset = any(there) and draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
        other = draw(st.sampled_from(["fabrikam.example", "northwind.example"]))
        domain = "contoso.example" if receives else other
        addresses = [f"{'' if good else '!'}p{place}@{domain}" for place, good in enumerate(there)]
        end = "" if taken else "554 5.6.0 no"
        session.mail(f"a@{other if receives else 'contoso.example'}", *addresses, end=end, pipelined=pipelined)
        if reset:
            session.command("RSET", "250 2.0.0 Resetting")
        if taken:
            key = ("inbound" if receives else "outbound", version, other)
            messages[key] += 1
            recipients[key] += sum(there)
        HELD["messages refused"] += not taken
        HELD["pipelined"] += pipelined
    return session.quit().splitlines(keepends=True)


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[str], Facts, Facts]:
    """The lines of some sessions, each in its order but otherwise in any, with the facts that they tell."""
    messages: Facts = Counter()
    recipients: Facts = Counter()
    ready = [_session(draw, number, messages, recipients) for number in range(draw(st.integers(2, 4)))]
    turns = draw(st.permutations([number for number, lines in enumerate(ready) for _ in lines]))
    lines = [ready[number].pop(0) for number in turns]
    return lines, messages, recipients


@st.composite
def spreads(draw: st.DrawFn, length: int) -> list[tuple[int, int]]:
    """How a log of `length` lines lies in files, as slices, in the order in which they land."""
    cuts = sorted({0, length, *draw(st.lists(st.integers(1, length - 1), min_size=1, max_size=3))})
    pieces = list(pairwise(cuts))
    if draw(st.booleans()):
        start = draw(st.integers(0, length - 1))
        pieces.append((start, draw(st.integers(start + 1, length))))
    return draw(st.permutations(pieces))


@pytest.fixture(scope="module", autouse=True)
def _say_what_was_held(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    manager: Any = request.config.pluginmanager.getplugin("capturemanager")
    with manager.global_and_fixture_disabled():
        print("\nlogs of Exchange made by Hypothesis:", ", ".join(f"{n} {what}" for what, n in sorted(HELD.items())))


def _holds(data: st.DataObject) -> None:
    lines, messages, recipients = data.draw(logs())
    slices = data.draw(spreads(len(lines)))
    HELD["cases"] += 1
    HELD["with lines in two files"] += sum(end - start for start, end in slices) > len(lines)
    HELD["landed out of order"] += slices != sorted(slices)
    HELD["cut inside a session"] += any(",-," not in lines[end - 1] for _, end in slices)
    with tempfile.TemporaryDirectory() as folder:
        place = site(Path(folder), "exchange_smtp_log")
        for number, (start, end) in enumerate(slices):
            path = place.sources[0].location / f"piece-{number}.log"
            # Without a header a piece says itself which side it tells of.
            top = "" if data.draw(st.booleans()) else header().split("#Log-type")[0]
            path.write_text(top + "".join(lines[start:end]), encoding="utf-8", newline="")
            os.utime(path, (EXPORTED + number, EXPORTED + number))
            landing.collect(place, source="mx", files=[path])
        bring(place)
        found: Facts = Counter()
        told: Facts = Counter()
        for row in rows(place):
            key = (row["direction"], row["tls_version"], row["partner_domain"])
            found[key] += row["messages"]
            told[key] += row["recipients"]
    assert (found, told) == (messages, recipients)


QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


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
