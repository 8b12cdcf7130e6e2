"""Many connectors, many partners: right, and no slower than there are more of them."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from etl.common.periods import parse_period
from etl.insights.book import PARTNERS_LISTED
from etl.model.report import ReportModel
from etl.report import letter
from etl.report.preview import preview
from etl.settings import Settings
from tests.helpers import bring, export, site
from tests.insights.exports import IRREGULAR, SUMS, mail

WEEK = parse_period("2026-W47")


def with_connectors(folder: Path, count: int) -> Settings:
    """So many connectors, of which every fourth is over 25 % No TLS, over nine weeks."""
    settings = site(folder, **IRREGULAR)
    rows = []
    for n in range(count):
        for week in range(39, 48):
            rows += mail(f"connector {n:04}", week, {"No TLS": 26 if n % 4 == 0 else 25, "TLS1.2": 74 + (n % 4 > 0)})
    bring(settings, {"connector-all": export(rows, SUMS)})
    return settings


def timed(settings: Settings) -> tuple[ReportModel, float]:
    start = process_time()
    model = preview(settings, WEEK)
    return model, process_time() - start


@pytest.mark.parametrize("count", [0, 1])
def test_no_connector_or_one(tmp_path: Path, count: int) -> None:
    settings = with_connectors(tmp_path, count)
    if count == 0:
        bring(settings, {"connector-all": export(mail("", 47, {"No TLS": 26, "TLS1.2": 74}), SUMS)})
    model = preview(settings, WEEK)
    (found,) = [item for item in model.insights if item.rule == "no-tls-above-25"]
    assert found.connector == ("connector 0000" if count else "No connector")
    assert [section.connector for section in model.connectors] == [found.connector]
    named = {"would-break", "ready-to-enforce", "forced-tls-contradicted"}
    assert bool(named & {item.rule for item in model.insights}) == bool(count)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_thousand_connectors(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    _, few = timed(with_connectors(tmp_path / "few", 200))
    (tmp_path / "many").mkdir()
    model, many = timed(with_connectors(tmp_path / "many", 2000))
    speaking = [item for item in model.insights if item.rule == "no-tls-above-25"]
    assert len(speaking) == 500
    assert all((item.numerator, item.denominator, item.periods_in_a_row) == (26, 100, 9) for item in speaking)
    assert len(model.connectors) == 2000
    print(f"200 connectors {few:.1f} s, 2,000 {many:.1f} s of CPU")
    assert many < 15 * few


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_thousand_partners(tmp_path: Path) -> None:
    settings = site(tmp_path, **IRREGULAR)
    rows = []
    for n in range(100_000):
        way = ("inbound", "outbound")[n % 2]
        rows += mail("hub", 47, {"No TLS": 1 + (n < 3), "TLS1.3": 1}, partner=f"p{n:05}.example", direction=way)
    bring(settings, {"connector-all": export(rows, SUMS)})
    model, seconds = timed(settings)
    print(f"100,000 partners {seconds:.1f} s of CPU")
    assert model.partners_count == 100_000
    assert len(model.partners) == 2 * PARTNERS_LISTED
    assert [line.partner_domain for line in model.partners[:3]] == [
        "p00000.example",
        "p00002.example",
        "p00001.example",
    ]
    broken = {item.direction: item for item in model.insights if item.rule == "would-break"}
    assert (broken["inbound"].numerator, broken["inbound"].denominator) == (50_002, 100_002)
    assert broken["inbound"].detail[0].values["partners"] == 50_000
    found = letter.evidence(settings, WEEK, "p99999.example")
    assert [(way.direction, way.versions) for way in found.ways] == [("outbound", {"No TLS": 1, "TLS 1.3": 1})]
