"""The samples through the product's own steps, held against what the generator knows of them."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from etl import database, landing, warehouse
from etl import settings as settings_module
from etl.commands.data import bring_up
from etl.settings import Settings

SAMPLES = Path(__file__).parent.parent / "samples"
TRUTH = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The exports ingested, the late ones not yet there."""
    return _ingested(tmp_path_factory.mktemp("early"), ["exports"])


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Everything ingested in one call."""
    return _ingested(tmp_path_factory.mktemp("complete"), ["exports", "late"])


def _ingested(folder: Path, parts: list[str]) -> Settings:
    exports = folder / "run" / "exports"
    exports.mkdir(parents=True)
    for part in parts:
        for path in (SAMPLES / part).iterdir():
            shutil.copy2(path, exports)
    (folder / "samples").mkdir()
    shutil.copy(SAMPLES / "config.toml", folder / "samples")
    settings = settings_module.load(folder / "samples" / "config.toml", {})
    landing.collect(settings)
    bring_up(settings)
    return settings


def _sums(settings: Settings, period: str, columns: list[str]) -> Counter[tuple[str, ...]]:
    week = {f"2026-W{number}": number for number in range(43, 48)}[period]
    first = 19 + 7 * (week - 43)
    bounds = {
        "first_date": f"2026-10-{first:02d}" if first <= 31 else f"2026-11-{first - 31:02d}",
        "last_date": f"2026-10-{first + 6:02d}" if first + 6 <= 31 else f"2026-11-{first + 6 - 31:02d}",
        "columns": columns,
    }
    with warehouse.connect(settings.storage.warehouse_path) as con:
        rows = database.rows(con, database.sql("sql", "facts_between"), bounds)
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
        rows = database.rows(con, database.sql("sql", "facts_between"), bounds)
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
    other = _ingested(tmp_path, [])
    exports = other.sources[0].location
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
