"""The samples through the product's own steps, held against what the generator knows of them."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import landing, warehouse
from etl import settings as settings_module
from etl.chain import bring_up
from etl.cli.app import app
from etl.common import database
from etl.common.periods import parse_period
from etl.measures import measure, prepare
from etl.report import build
from etl.report.language import load
from etl.report.preview import preview
from etl.report.view import wording
from etl.settings import Settings

SAMPLES = Path(__file__).parents[2] / "samples"
ENGLISH = load("en")
TRUTH = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture
def early(sample_settings: Settings) -> Settings:
    """The exports ingested, the late ones not yet there."""
    return sample_settings


@pytest.fixture(scope="module")
def complete(sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same after the late ones."""
    folder = tmp_path_factory.mktemp("complete") / "site"
    shutil.copytree(sample_settings.storage.root.parent, folder)
    settings = settings_module.load(folder / "samples" / "config.toml", {})
    for path in (SAMPLES / "late").iterdir():
        shutil.copy2(path, settings.sources[0].location)
    landing.collect(settings)
    bring_up(settings)
    return settings


def _asked(settings: Settings, *words: str) -> Any:
    """What a command prints as JSON."""
    config = settings.storage.root.parent / "samples" / "config.toml"
    done = CliRunner().invoke(app, ["--config", str(config), *words])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _sums(settings: Settings, period: str, columns: list[str]) -> Counter[tuple[str, ...]]:
    week = {f"2026-W{number}": number for number in range(43, 48)}[period]
    first = 19 + 7 * (week - 43)
    bounds = {
        "first_date": f"2026-10-{first:02d}" if first <= 31 else f"2026-11-{first - 31:02d}",
        "last_date": f"2026-10-{first + 6:02d}" if first + 6 <= 31 else f"2026-11-{first + 6 - 31:02d}",
        "columns": columns,
    }
    with warehouse.connect(settings.storage.warehouse_path) as con:
        rows = database.rows(con, database.sql("warehouse", "facts_between"), bounds)
    return Counter({tuple(row[column] for column in columns): row["messages"] for row in rows})


@pytest.mark.parametrize("state", ["before_late", "after_late"])
@pytest.mark.parametrize("period", ["2026-W43", "2026-W44", "2026-W45", "2026-W46", "2026-W47"])
def test_messages_per_connector_and_tls_version_are_the_truth(
    state: str, period: str, early: Settings, complete: Settings
) -> None:
    told = TRUTH[state]["periods"][period]["flow"]
    columns = ["direction", "connector", "tls_version"]
    expected = Counter({tuple(row[column] for column in columns): row["messages"] for row in told})
    assert _sums(early if state == "before_late" else complete, period, columns) == expected


PERIODS = ("2026-W43", "2026-W44", "2026-W45", "2026-W46", "2026-W47")


@pytest.mark.parametrize("state", ["before_late", "after_late"])
@pytest.mark.parametrize("period", PERIODS)
def test_the_insights_are_the_truth(state: str, period: str, early: Settings, complete: Settings) -> None:
    settings = early if state == "before_late" else complete
    found = _asked(settings, "insights", period, "--json")
    promised = TRUTH[state]["periods"][period]["insights"]
    rules = ("no-tls-above-25", "tls-1-0-above-50", "data-incomplete")
    told = {(item["rule"], item["direction"], item["connector"]): item for item in found if item["rule"] in rules}
    assert sorted(told, key=str) == sorted(((i["rule"], i["direction"], i["connector"]) for i in promised), key=str)
    for item in promised:
        own = told[item["rule"], item["direction"], item["connector"]]
        cut = item.get("suspected_cut", [])
        assert item == {key: cut if key == "suspected_cut" else own[key] for key in item}
        if item["rule"] == "data-incomplete":
            days = [wording.missing_day(ENGLISH, told) for told in item["missing"]]
            assert all(name in own["detail"] for name in [*days, *cut])
    assert all(item["provisional"] for item in found) or not TRUTH[state]["periods"][period]["provisional"]


@pytest.mark.parametrize("period", PERIODS[-2:])
def test_what_the_readme_plants_is_found(period: str, complete: Settings) -> None:
    found = {
        (item["rule"], item["direction"], item["connector"]): item
        for item in _asked(complete, "insights", period, "--json")
    }
    forced = {key[1:]: item["numerator"] for key, item in found.items() if key[0] == "forced-tls-contradicted"}
    silent = {key[1:] for key in found if key[0] == "connector-silent"}
    known = TRUTH["connectors"]
    assert forced == {
        (c["direction"], c["connector"]): n for c in known if (n := c["no_tls_though_forced"].get(period, 0))
    }
    assert silent == {(c["direction"], c["connector"]) for c in known if c["fell_silent"]}
    first = found["no-tls-above-25", "inbound", "From Fabrikam Logistics"]
    assert [line["partner_domain"] for line in first["partners"]] == ["depot.fabrikam.example"]
    assert first["first_seen"] == "2026-W46"
    assert first["periods_in_a_row"] == (1 if period == "2026-W46" else 2)
    assert first["contact"] == "Postmaster of Fabrikam, postmaster@fabrikam.example"
    assert ("data-truncated", None, None) in found or period == "2026-W46"


def test_what_looks_back_over_weeks_names_what_was_missing_in_them(early: Settings, complete: Settings) -> None:
    for settings, before in ((early, ["2026-11-12 (m365)"]), (complete, [])):
        found = {item["rule"]: item["missing"] for item in _asked(settings, "insights", "2026-W47", "--json")}
        assert found["connector-silent"] == [*before, "2026-11-18 (m365)"]
        assert found["no-tls-above-25"] == ["2026-11-18 (m365)"]


@pytest.mark.parametrize("period", [*PERIODS, "2026-11", "2026-11-04..2026-11-17"])
def test_model_measures_and_facts_have_the_same_numbers(period: str, complete: Settings) -> None:
    asked = parse_period(period)
    model = preview(complete, asked)
    bounds = {"first_date": asked.first_date, "last_date": asked.last_date}
    with warehouse.connect(complete.storage.warehouse_path) as con:
        prepare(con)
        of_measures = {
            name: _total(measure(con, name, **bounds)) for name in ("volume", "flow", "connectors", "ciphers")
        }
        spread = measure(con, "tls_distribution", **bounds, direction=None, connector=None)
    said = ["facts", "--from", str(asked.first_date), "--to", str(asked.last_date), "--format", "json", "--by"]
    told = [row for row in _asked(complete, *said, "direction,connector,tls_version") if row["direction"] != "internal"]
    assert set(of_measures.values()) == {model.messages}
    assert _total(spread) == _total(told) == model.messages
    assert sum(row.messages for row in model.flow if row.data_date in asked) == model.messages
    assert sum(section.messages for section in model.connectors) == model.messages
    for way, figure in (("inbound", model.encrypted_in), ("outbound", model.encrypted_out)):
        assert figure.now.total + figure.now.undecided == _total([row for row in told if row["direction"] == way])
    cells = {(s.direction, s.connector, version): n for s in model.connectors for version, n in s.versions.items()}
    assert cells == {(row["direction"], row["connector"], row["tls_version"]): row["messages"] for row in told}
    summary = build.summary(model)
    assert _total(summary["connectors"]) == _total(summary["flow"]) == summary["messages"] == model.messages


def _total(rows: list[dict[str, Any]]) -> int:
    return sum(row["messages"] for row in rows)


def test_every_fact_is_the_generators(complete: Settings, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = str(SAMPLES / "make.py")
    subprocess.run([sys.executable, script, "--out", str(tmp_path), "--facts"], check=True, capture_output=True)
    with (tmp_path / "facts-after.csv").open(encoding="utf-8", newline="") as file:
        told = [tuple(row.values()) for row in csv.DictReader(file)]
    columns = ["data_date", "direction", "connector", "partner_domain", "tls_version", "tls_cipher"]
    with warehouse.connect(complete.storage.warehouse_path) as con:
        bounds = {"first_date": "2026-01-01", "last_date": "2026-12-31", "columns": columns}
        rows = database.rows(con, database.sql("warehouse", "facts_between"), bounds)
    names = [*columns, "messages", "recipients", "bytes"]
    assert sorted(tuple(str(row[name]) for name in names) for row in rows) == sorted(told)


def test_files_are_counted_as_the_generator_wrote_them(complete: Settings) -> None:
    with warehouse.connect(complete.storage.warehouse_path) as con:
        rows = {row["name"]: row for row in database.rows(con, "select * from files")}
        rejects = con.execute(
            "select name, record from rejects join files using (source, sha256) order by all"
        ).fetchall()
    told = [file for file in TRUTH["files"] if not file["duplicate_of"]]
    for file in told:
        found = rows[file["name"]]
        counted = (found["records"], found["used"], found["rejected"], found["skipped"])
        assert counted == (file["records"], file["used"], file["rejected"], sum(file["skipped"].values())), file["name"]
        assert found["suspected_cut"] == file["suspected_cut"]
    assert len(rows) == len(told)
    planted = sorted((file["name"], item["record"]) for file in told for item in file["rejects"])
    assert rejects == planted


def test_digest_is_the_same_in_any_order_and_twice(complete: Settings, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    shutil.copy(SAMPLES / "config.toml", tmp_path / "samples")
    other = settings_module.load(tmp_path / "samples" / "config.toml", {})
    exports = other.sources[0].location
    exports.mkdir(parents=True)
    paths = [*(SAMPLES / "late").iterdir(), *(SAMPLES / "exports").iterdir()]
    for path in sorted(paths, key=lambda path: path.name[::-1]):
        shutil.copy2(path, exports)
        landing.collect(other, source="m365", files=[exports / path.name])
    bring_up(other)
    landing.collect(other)
    bring_up(other)
    assert warehouse.digest(other).digest == warehouse.digest(complete).digest
    before = warehouse.digest(other)
    warehouse.rebuild(other)
    assert warehouse.digest(other) == before
