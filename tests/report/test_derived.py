"""Every number of the first page and the mail's first lines, derived again from facts, missing days and dates alone, by
other code than the report's."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from statistics import median

import pytest

from etl.report import email
from tests.report.conftest import SamplePage
from tests.report.test_renderings import flowing, of_page

FIRST, LAST, BEGIN = date(2026, 11, 16), date(2026, 11, 22), date(2026, 10, 19)
GONE = {date(2026, 11, 12), date(2026, 11, 18)}
"""Days whose export never came (samples/README.md)."""
CUT = date(2026, 11, 19)


def grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def percent(n: int, total: int, digits: int = 1) -> str:
    scale = 10 ** (digits + 2)
    return f"{(2 * n * scale + total) // (2 * total) / 10**digits:.{digits}f} %"


@pytest.fixture(scope="module")
def texts(sample: SamplePage) -> dict[str, str]:
    mail = email.render(sample.model)
    return {
        "html": of_page(sample.file.read_text(encoding="utf-8")), "mail.html": of_page(mail.html),
        "mail.txt": flowing(mail.text),
    }  # fmt: skip


def week_of(sample: SamplePage, first: date, last: date, **where: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for (day, direction, connector, version), n in sample.facts.items():
        told = {"direction": direction, "connector": connector}
        if first.isoformat() <= day <= last.isoformat() and all(told[key] == value for key, value in where.items()):
            found[version] += n
    return found


def short_by(sample: SamplePage) -> int:
    """What the missing day and the cut one lack against the median of their weekdays."""
    days: Counter[date] = Counter()
    for (day, _, _, _), n in sample.facts.items():
        days[date.fromisoformat(day)] += n
    lacking = 0
    for day in (date(2026, 11, 18), CUT):
        earlier = [day - timedelta(weeks=k) for k in range(1, 9)]
        usual = [days[d] for d in earlier if d > BEGIN and d not in GONE]
        lacking += max(0, round(median(usual)) - days[day])
    return lacking


def test_the_first_sentences_follow_from_the_facts(sample: SamplePage, texts: dict[str, str]) -> None:
    found = week_of(sample, FIRST, LAST)
    n, unknown = found["TLS 1.2"] + found["TLS 1.3"], found["Unknown"] + found["TLS unknown"]
    total = found.total() - unknown
    older = found["SSL 3.0"] + found["TLS 1.0"] + found["TLS 1.1"]
    lacking = (short_by(sample) + 5) // 10 * 10
    whole = total + unknown + lacking
    low, high = 100 * n // whole, -(-100 * (n + unknown + lacking) // whole)
    headline = f"{percent(n, total)} of the mail we can see met TLS 1.2 or newer: {grouped(n)} of {grouped(total)} mess"
    rest = f"{found['No TLS']} had no TLS, {older} had older TLS, of {unknown} it is unknown."
    part = percent(lacking, found.total() + lacking, 0)
    missing = f"About {part} of week 47 is missing: no export for Wed 18 Nov; Thu 19 Nov ends at 14:17, at a row limit."
    bounds = (
        f"about {grouped(lacking)} messages by the usual volume; with them, and the unknown, the share lies between "
        f"{low} % and {high} %."
    )
    for name, text in texts.items():
        for said in (headline, rest, missing, bounds):
            assert said in text, (name, said)
    known = found.total() - found["Unknown"]
    encrypted = known - found["No TLS"]
    for text in texts.values():
        assert f"{percent(encrypted, known)}" in text
        assert f"{grouped(encrypted)} of {grouped(known)}" in text


def test_each_action_follows_from_the_facts(sample: SamplePage, texts: dict[str, str]) -> None:
    for connector, version, direction in (
        ("From Fabrikam Logistics", "No TLS", "inbound"), ("Scanners and devices", "TLS 1.0", "inbound"),
        ("From Northwind Bank", "No TLS", "inbound"),
    ):  # fmt: skip
        found = week_of(sample, FIRST, LAST, direction=direction, connector=connector)
        total = found.total() - found["Unknown"] - (found["TLS unknown"] if version != "No TLS" else 0)
        for name, text in texts.items():
            assert re.search(rf"{connector}, in.{{0,120}}{percent(found[version], total)}.{{0,20}}"
                             rf"{found[version]} of {total}", text) or (
                f"{found[version]} of {total}" in text and percent(found[version], total) in text
            ), (name, connector)  # fmt: skip


def test_no_sentence_is_refuted_by_its_date(texts: dict[str, str]) -> None:
    """Made on Monday 23 November: nothing of the 24th is told as past, the next report is to come."""
    for name, text in texts.items():
        assert "rows may come until Tue 24 November" in text, name
        assert "settled" not in text, name
        assert "protected by" not in text.lower(), name
        assert "No bound covers" not in text, name
        assert "undecided" not in text, name
