"""Every total is the plain sum of its parts, over drawn exports; also in weeks over the clocks' change and New Year."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import landing, warehouse
from etl.basis.inputs import period_inputs
from etl.chain import bring_up
from etl.common import database
from etl.common.periods import parse_period
from etl.measures import measure, names, prepare, text
from etl.model.report import ReportModel
from etl.report import build
from etl.report.preview import preview
from etl.settings import Settings
from tests.helpers import export, site
from tests.insights.exports import SUMS, mail

WEEKS = {"2026-W43": date(2026, 10, 19), "2026-W53": date(2026, 12, 28)}
"""The week in which the clocks go back, and the one over New Year."""
PERIODS = {"2026-W43": 7, "2026-W53": 7, "2026-12": 31, "2026-12-30..2027-01-02": 4}
WORDS = {"No TLS": "No TLS", "SSL3": "SSL 3.0", "TLS1.0": "TLS 1.0", "TLS1.2": "TLS 1.2", "TLS1.3": "TLS 1.3",
         "TLS": "TLS unknown", "": "Unknown"}  # fmt: skip

LINES = st.lists(
    st.tuples(
        st.sampled_from(sorted(WEEKS)),
        st.integers(-1, 7),
        st.sampled_from(["inbound", "outbound"]),
        st.sampled_from(["", "hub", "edge"]),
        st.sampled_from(sorted(WORDS)),
        st.sampled_from(["a.example", "b.example"]),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=60,
    unique_by=lambda line: line[:6],
)


def ingested(folder: Path, lines: Iterable[tuple[Any, ...]]) -> tuple[Settings, list[dict[str, Any]]]:
    """A site with the lines in an export that counts and in one that is held against it; and the lines told plainly."""
    source = {"name": "m365", "format": "m365_connector_report", "location": "exports", "pattern": "connector-*"}
    sources = [source, source | {"name": "other", "pattern": "other-*", "role": "reconcile"}]
    made = site(folder, sources=sources)
    rows, told = [], []
    for week, offset, direction, connector, word, partner, count in lines:
        day = WEEKS[week] + timedelta(days=offset)
        rows += mail(connector, day, {word: count}, direction=direction, partner=partner)
        told.append({"data_date": day, "direction": direction, "connector": connector or "No connector",
                     "tls_version": WORDS[word], "partner_domain": partner, "messages": count})  # fmt: skip
    for name in ("connector-all", "other-all"):
        (folder / "exports" / name).write_bytes(export(rows, SUMS))
    landing.collect(made)
    bring_up(made)
    return made, told


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES)
def test_every_total_is_the_sum_of_its_parts(lines: list[tuple[Any, ...]]) -> None:
    _all_add_up(lines)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES)
def test_every_total_is_the_sum_of_its_parts_in_many_more(lines: list[tuple[Any, ...]]) -> None:
    _all_add_up(lines)


def _all_add_up(lines: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        made, told = ingested(Path(folder), lines)
        for period, length in PERIODS.items():
            asked = parse_period(period)
            assert len(asked.days) == length
            inside = [row for row in told if row["data_date"] in asked and row["messages"]]
            model = preview(made, asked)
            _model_adds_up(model, inside)
            _measures_add_up(made, period, inside)
            facts = list(csv.DictReader(io.StringIO(period_inputs(made, asked).facts_csv.decode())))
            counted = sum(int(row["messages"]) for row in facts if row["source"] == "m365")
            assert counted == model.messages == build.summary(model)["messages"]


def _by(rows: list[dict[str, Any]], *columns: str) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for row in rows:
        found[tuple(row[column] for column in columns)] += row["messages"]
    return +found


def _model_adds_up(model: ReportModel, told: list[dict[str, Any]]) -> None:
    first = model.period.first_date
    flow = [row for row in model.flow if row.data_date >= first]
    cells = Counter({(r.data_date, r.direction, r.connector, v): n for r in flow for v, n in r.versions.items()})
    assert cells == _by(told, "data_date", "direction", "connector", "tls_version")
    assert all(sum(row.versions.values()) == row.messages for row in flow)
    sections = Counter({(s.direction, s.connector, v): n for s in model.connectors for v, n in s.versions.items()})
    assert +sections == _by(told, "direction", "connector", "tls_version")
    assert all(sum(part.versions.values()) == part.messages for part in model.connectors)
    assert model.messages == sum(row["messages"] for row in told)
    figures = (model.up_to_date_in.now, model.up_to_date_out.now)
    assert [figure.total + figure.undecided for figure in figures] == [
        _by(told, "direction")[(way,)] for way in ("inbound", "outbound")
    ]
    assert model.up_to_date.now.n == sum(figure.n for figure in figures)
    for part in model.connectors:
        assert sum(line.messages for line in part.ciphers) == part.messages - part.versions.get("No TLS", 0)
        broken = part.would_break
        whole = (broken.plaintext_messages, broken.below_modern_messages, broken.kept_messages, broken.unknown_messages)
        assert sum(whole) == part.messages
    for profile in model.profiles:
        assert profile.met + profile.not_met + profile.not_judged == model.messages
    below = _by(
        [row for row in told if row["tls_version"] in ("No TLS", "SSL 3.0", "TLS 1.0")], "direction", "partner_domain"
    )
    assert {(line.direction, line.partner_domain) for line in model.partners} == set(below)
    for line in model.partners:
        low = sum(line.versions.get(version, 0) for version in ("No TLS", "SSL 3.0", "TLS 1.0"))
        assert low == below[line.direction, line.partner_domain]
        assert line.messages == _by(told, "direction", "partner_domain")[line.direction, line.partner_domain]


def _measures_add_up(made: Settings, period: str, told: list[dict[str, Any]]) -> None:
    asked = parse_period(period)
    span = {"first_date": asked.first_date, "last_date": asked.last_date}
    cell = ("data_date", "direction", "connector", "tls_version")
    with warehouse.connect(made.storage.warehouse_path) as con:
        prepare(con)
        for name, columns in (("flow", cell), ("volume", cell[:3]), ("connectors", cell[1:]), ("ciphers", cell[1:]),
                              ("cipher_days", cell)):  # fmt: skip
            assert _by(measure(con, name, **span), *columns) == _by(told, *columns), name
        for direction in (None, "inbound", "outbound"):
            for connector in (None, "hub", "No connector"):
                asked_for = [
                    row for row in told
                    if direction in (None, row["direction"]) and connector in (None, row["connector"])
                ]  # fmt: skip
                spread = measure(con, "tls_distribution", **span, direction=direction, connector=connector)
                assert _by(spread, "direction", "tls_version") == _by(asked_for, "direction", "tls_version")
        ends = {"firsts": [asked.first_date], "lasts": [asked.last_date]}
        assert _by(measure(con, "period_sums", **ends), *cell[1:]) == _by(told, *cell[1:])
        if asked.kind == "week":
            trend = [row for row in measure(con, "trend", **span) if row["connector"]]
            assert _by(trend, *cell[1:]) == _by(told, *cell[1:])
        held = measure(con, "reconciliation", **span)
        assert all(row["messages"] == row["counted_messages"] for row in held)
        assert _by(held, "data_date", "direction") == _by(told, "data_date", "direction")
        for columns in (cell, ("partner_domain",), ("tls_version",)):
            rows = database.rows(
                con, database.sql("warehouse", "facts_between"), span | {"columns": [*columns, "source"]}
            )
            assert _by([row for row in rows if row["source"] == "m365"], *columns) == _by(told, *columns)


def test_weeks_and_the_period_before_are_the_same_number_whoever_is_asked(tmp_path: Path) -> None:
    """A week's number as itself, as the period before of the next, as a point of the trend, as the sum of its days."""
    monday = date(2026, 12, 21)
    made, told = ingested(
        tmp_path,
        [("2026-W53", n - 7, "inbound", "hub", word, "a.example", 10 * n + i + 1)
         for n in range(21) for i, word in enumerate(("No TLS", "TLS1.3"))],
    )  # fmt: skip
    weeks = ["2026-W52", "2026-W53", "2027-W01"]
    models = [preview(made, parse_period(week)) for week in weeks]
    for n, model in enumerate(models):
        days = [monday + timedelta(days=7 * n + d) for d in range(7)]
        assert model.messages == sum(row["messages"] for row in told if row["data_date"] in days)
        assert [row.data_date for row in model.flow][-7:] == days
        points = {p.period: sum(p.versions.values()) for p in model.trend if p.connector is None}
        assert points[weeks[n]] == model.messages
        if n:
            assert model.messages_before == models[n - 1].messages == points[weeks[n - 1]]
            assert model.up_to_date.before == models[n - 1].up_to_date.now
    whole = preview(made, parse_period("2026-12-21..2027-01-10"))
    assert whole.messages == sum(model.messages for model in models)


@pytest.mark.parametrize("name", names())
def test_each_measure_says_its_question(name: str) -> None:
    head = text(name).splitlines()
    assert head[0].startswith("-- Question: ")
    assert any(line.startswith("-- Columns: ") for line in head)
    assert any("Parameters: " in line for line in head)


def test_connectors_of_several_sources_are_told_by_source(tmp_path: Path) -> None:
    """Two servers whose connectors have one name; a source that is held against them adds nothing."""
    source = {"format": "m365_connector_report", "location": "exports"}
    names = ("one", "two", "against")
    sources = [source | {"name": name, "pattern": f"{name}-*"} for name in names]
    sources[2]["role"] = "reconcile"
    made = site(tmp_path, sources=sources)
    for name, connector in zip(names, ("hub", "hub", "hub"), strict=True):
        rows = mail(connector, date(2026, 10, 19), {"TLS1.2": 3, "No TLS": 1}) + mail(
            name, date(2026, 10, 19), {"TLS1.2": 7}
        )
        (tmp_path / "exports" / f"{name}-1.csv").write_bytes(export(rows, SUMS))
    landing.collect(made)
    bring_up(made)
    model = preview(made, parse_period("2026-W43"))
    told = {
        part.connector: [(item.source, item.messages, item.up_to_date.n) for item in part.sources]
        for part in model.connectors
    }
    assert told == {"hub": [("one", 4, 3), ("two", 4, 3)], "one": [], "two": []}
