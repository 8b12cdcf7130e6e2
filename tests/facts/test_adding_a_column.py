"""Adding a column to the facts' grain: tried on a copy of the program, on what the program without it left behind.

Every fact from before has the default, and every edition from before reproduces in its own columns.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OFFER = "case when tls_version = 'No TLS' then 'none' else 'asked' end as tls_offer"
RELEASE = ROOT / "tests" / "data" / "releases" / "0.1.0"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that the program as it is brought up to date, beside a copy of the program with one column more."""
    with tarfile.open(RELEASE / "site.tar.gz") as packed:
        packed.extractall(tmp_path / "site", filter="tar")
    run(tmp_path / "site", "ingest", program=ROOT)
    for name in ("etl", "report_templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    patch(
        tmp_path / "etl/facts/grain.sql",
        "tls_auth varchar,",
        "tls_auth varchar,\n    tls_offer varchar default 'Unknown',",
    )
    return tmp_path / "site"


def patch(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1, f"{file.name} has `{before}` once"
    file.write_text(text.replace(before, after))


def run(folder: Path, *words: str, program: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "etl", *words], cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(program or folder.parent), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def by(folder: Path, columns: str) -> list[dict[str, object]]:
    days = ("--from", "2026-11-16", "--to", "2026-11-22", "--format", "json")
    return json.loads(run(folder, "facts", "--by", columns, *days))  # type: ignore[no-any-return]


def reproduced(folder: Path, *editions: str) -> list[tuple[bool, list[str]]]:
    made = [json.loads(run(folder, "reproduce", "2026-W47", "--edition", n, "--json")) for n in editions]
    return [(item["same"], item["differences"]) for item in made]


def test_a_column_added_later_leaves_facts_and_editions_what_they_were(site: Path) -> None:
    known = json.loads((RELEASE / "known.json").read_bytes())
    held = by(site, "data_date")
    run(site, "ingest")
    assert known["digest"] in run(site, "digest"), "no day is made anew for a column that no reader states"
    assert by(site, "data_date") == held
    assert [row["tls_offer"] for row in by(site, "tls_offer")] == ["Unknown"]
    assert reproduced(site, "1", "2") == [(True, []), (True, [])]
    assert json.loads(run(site, "publish", "2026-W47", "--json"))["new"] is False, (
        "what is new is the column, not a number"
    )

    patch(site.parent / "etl/formats/delimited/trace_rows.sql", "    tls_auth,\n", f"    tls_auth,\n    {OFFER},\n")
    patch(site.parent / "etl/formats/m365_connector_report/reader.py", "    version=", "    version=90 + ")
    run(site, "ingest")
    offered = {str(row["tls_offer"]): row["messages"] for row in by(site, "tls_offer")}
    assert set(offered) == {"asked", "none"}, "stated, and summed by"
    assert by(site, "data_date") == held
    assert reproduced(site, "2") == [(True, [])]
