"""The HTML report as a file: its policy, its size, its words, and that every state of a week renders."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from etl.model.report import ConnectorSection, FlowRow, Insight, ReportModel
from etl.report import html
from etl.report.draw import sparks
from etl.report.draw.sparks import SparkDay
from etl.report.language import load
from tests.report import fixtures

RTL = "\u202e\u05de\u05d7\u05d1\u05e8 gnp.exe"
WRONG = re.compile(r"\b(None|nan|NaN|inf|undefined|null(?! sender))\b|\{[a-z_]+\}")


class Reader(HTMLParser):
    """The text that a reader sees, apart from style and script; and the tags there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self._hidden = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._hidden += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def rendered(model: ReportModel) -> str:
    return html.render(model).decode()


@lru_cache
def with_odd_names() -> str:
    """A report with connectors of awkward names among others."""
    return rendered(fixtures.report_model(connectors=6))


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def with_names(model: ReportModel, names: dict[str, str]) -> ReportModel:
    """The model with some connectors under other names."""

    def named(parts: Iterable[FlowRow | ConnectorSection | Insight]) -> tuple[Any, ...]:
        return tuple(p.model_copy(update={"connector": names.get(p.connector or "", p.connector)}) for p in parts)

    update = {"flow": named(model.flow), "connectors": named(model.connectors), "insights": named(model.insights)}
    return model.model_copy(update=update)


def unknown_only() -> ReportModel:
    """A week in which the TLS of every message is unknown."""
    model = fixtures.report_model()
    nothing = model.unknown.model_copy(update={"now": fixtures.Share(n=0, total=0, undecided=model.messages)})
    only = model.unknown.model_copy(update={"now": fixtures.Share(n=model.messages, total=model.messages)})

    def blank(part: ConnectorSection) -> ConnectorSection:
        return part.model_copy(
            update={
                "versions": {"Unknown": part.messages},
                "encrypted": nothing,
                "up_to_date": nothing,
                "partners_below": (),
                "insights": (),
            }
        )

    return model.model_copy(
        update={
            **dict.fromkeys(fixtures.RUNGS, nothing), "deprecated": nothing,
            "unknown": only, "insights": (), "partners": (), "connectors": tuple(map(blank, model.connectors)),
            "flow": tuple(r.model_copy(update={"versions": {"Unknown": r.messages}}) for r in model.flow),
            "trend": tuple(
                t.model_copy(update={"versions": {"Unknown": sum(t.versions.values())}}) for t in model.trend
            ),
        }
    )  # fmt: skip


def ten_million_on_a_day() -> ReportModel:
    """A week one day of which brought ten million messages through one connector."""
    model = fixtures.report_model()
    many = 10_000_000
    flow = tuple(
        row.model_copy(update={"versions": {"No TLS": 1, "TLS 1.3": many - 1}, "messages": many})
        if (row.data_date, row.connector, row.direction) == (date(2026, 11, 18), "No connector", "inbound") else row
        for row in model.flow
    )  # fmt: skip
    return model.model_copy(update={"flow": flow})


WEEKS = {
    "usual": fixtures.report_model,
    "corrected": lambda: fixtures.report_model(number=2),
    "swedish": lambda: fixtures.report_model("sv"),
    "missing": lambda: fixtures.report_model(missing=("2026-11-18 (m365)",)),
    "quiet": fixtures.quiet_model,
    "no data": fixtures.no_data_model,
    "unknown only": unknown_only,
    "ten million": ten_million_on_a_day,
    "one day": lambda: fixtures.report_model(days=1),
}


@pytest.mark.parametrize("week", WEEKS)
def test_every_week_renders_without_a_word_that_means_nothing(week: str) -> None:
    model = WEEKS[week]()
    text = rendered(model)
    page = Reader(text)
    assert WRONG.findall(page.text) == []
    assert [value for _, _, value in page.attributes if WRONG.search(value)] == []
    assert page.tags["h1"] == 1
    assert page.tags["script"] in (0, 2)
    if model.flow:
        data_of(text)
    assert model.period.time_zone in page.text


def test_the_policy_allows_the_one_style_and_the_one_script_and_nothing_else() -> None:
    text = with_odd_names()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
    assert policy
    assert style
    assert script
    rules = dict(
        rule.strip().split(" ", 1) for rule in policy[1].replace("&#39;", "'").split(";") if rule.strip()
    )  # fmt: skip
    assert rules == {
        "default-src": "'none'", "style-src": f"'{digest(style[1])}'", "script-src": f"'{digest(script[1])}'",
        "font-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_nothing_in_the_page_leads_out_of_it_or_runs_by_itself() -> None:
    page = Reader(with_odd_names())
    assert {tag for tag, name, _ in page.attributes if name in ("src", "action", "srcset", "data", "ping")} == set()
    assert all(value.startswith("#") for tag, name, value in page.attributes if name in ("href", "xlink:href"))
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"] == []
    assert not set(page.tags) & {"iframe", "img", "object", "embed", "link", "base", "form-action"}


def test_names_from_an_export_are_text_wherever_they_stand() -> None:
    evil = "</script><script>alert(1)</script><!--"
    renamed = {"Branch office 0005": evil, "On-premises Stockholm": RTL}
    model = with_names(fixtures.report_model(connectors=6), renamed)
    text = rendered(model)
    page = Reader(text)
    assert page.tags["script"] == 2
    assert evil in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in text
    names = {where["name"] for where in data_of(text)["connectors"]}
    assert evil in names
    assert "x" * 300 in names


def test_letters_beyond_latin_bring_their_typeface_and_others_bring_none() -> None:
    plain, hebrew = rendered(fixtures.report_model()), with_odd_names()
    assert plain.count("@font-face") == 3
    assert 'font-family:"Noto Sans Hebrew"' in hebrew
    assert hebrew.count("@font-face") == 4


def test_two_hundred_connectors_and_ninety_days_stay_below_three_megabytes() -> None:
    """With all that the model may hold: 50 partners and 25 ciphers each, 500 partners in each direction."""
    model = fixtures.report_model(connectors=193, days=90)
    versions = {"No TLS": 1234, "TLS 1.0": 12, "TLS 1.1": 4, "TLS 1.2": 34567, "TLS 1.3": 45678, "Unknown": 3}
    lines = tuple(
        model.partners[0].model_copy(
            update={"partner_domain": f"mail{n}.partner-{n // 2:04}.example", "versions": versions, "direction": way,
                    "organisational_domain": f"partner-{n // 2:04}.example"}
        )
        for way in ("inbound", "outbound")
        for n in range(500)
    )  # fmt: skip
    crowded = tuple(
        part.model_copy(update={"partners_below": lines[:50], "ciphers": part.ciphers[:1] * 25})
        for part in model.connectors
    )
    text = rendered(model.model_copy(update={"connectors": crowded, "partners": lines, "partners_count": 4000}))
    assert len(text.encode()) < 3_000_000
    data = data_of(text)
    assert len(data["days"]) == 90
    assert len({(where["way"], where["name"]) for where in data["connectors"]}) == 200
    assert text.count('<details class="half"') == 200


def test_the_data_that_the_script_filters_adds_up_to_the_model() -> None:
    model = fixtures.report_model(connectors=3, days=90)
    data = data_of(rendered(model))
    found: Counter[tuple[str, str, str]] = Counter()
    for day, place, *counts in data["rows"]:
        where = data["connectors"][place]
        for version, count in zip(data["versions"], counts, strict=True):
            found[data["days"][day]["iso"], where["way"], version] += count
    wanted: Counter[tuple[str, str, str]] = Counter()
    for row in model.flow:
        for version, count in row.versions.items():
            wanted[row.data_date.isoformat(), row.direction, version] += count
    assert +found == +wanted


def test_the_same_model_gives_the_same_bytes() -> None:
    assert rendered(fixtures.report_model(connectors=6)) == with_odd_names()


def test_days_without_mail_have_their_place_too() -> None:
    model = fixtures.report_model()
    gaps = {date(2026, 11, 12), date(2026, 11, 22)}
    model = model.model_copy(update={"flow": tuple(row for row in model.flow if row.data_date not in gaps)})
    told = [day["iso"] for day in data_of(rendered(model))["days"]]
    assert len(told) == 30
    assert told[-1] == "2026-11-22"
    assert "2026-11-12" in told


def test_a_chart_with_nothing_in_it_is_left_out() -> None:
    text = rendered(fixtures.quiet_model())
    assert 'id="h-usage"' not in text
    assert 'id="h-flow"' not in text


def test_what_is_unknown_is_drawn_and_has_no_share() -> None:
    chart = rendered(unknown_only()).split('id="h-usage"')[1].split("</section>")[0]
    assert chart.count('fill="none" stroke="#5d646b"') > 10
    assert "Unknown 2" in chart
    assert not re.search(r"\d.%", chart.split("<svg", 1)[1])


def test_small_charts_hold_a_year_of_days() -> None:
    year = [SparkDay(f"day {n}", n % 7, str(n % 7), n % 7 + 1, (1.0, 5.0), n == 40, n == 50) for n in range(366)]
    drawn = ElementTree.fromstring(sparks.flow(year, load("en"), "Fax & more"))  # noqa: S314  our own drawing
    words = [text.text for text in drawn.iter("text")]
    assert words[-1] == "day 365"
    assert 5 <= len(words) <= 10
    assert drawn.attrib["aria-label"].startswith("Messages a day, Fax & more. day 0: 0; day 1: 1; ")
