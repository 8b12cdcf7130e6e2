"""The DAGs as Airflow sees them, and as it runs them: importing, structure, `dag.test()`, a real scheduler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl import backfill
from tests.dags.conftest import DAYS, lay_out
from tools.local_airflow import ROOT, LocalAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]


def test_the_files_import_without_errors_and_without_heavy_modules(probe: Callable[..., Any]) -> None:
    found = probe("bag")
    assert found["errors"] == {}
    assert found["heavy"] == []
    dags = found["dags"]
    assert set(dags) == {"ingest_exports", "weekly_report", "verify_archive", "expire_raw"}
    assert dags["ingest_exports"]["tasks"] == {
        "land": ["judge", "stage"],
        "stage": ["judge", "rebuild"],
        "rebuild": ["publish"],
        "publish": ["report_again"],
        "report_again": ["judge"],
        "judge": [],
    }
    assert dags["ingest_exports"]["timetable"] == "CronPartitionTimetable"
    assert dags["ingest_exports"]["mapped"] == ["stage", "report_again"]
    assert dags["weekly_report"]["tasks"] == {"settle": ["publish"], "publish": ["deliver"], "deliver": []}
    assert dags["verify_archive"]["tasks"] == {"verify": []}
    assert dags["expire_raw"]["tasks"] == {"expire": ["publish"], "publish": []}
    assert dags["expire_raw"]["pools"]["publish"] == "warehouse"
    assert dags["ingest_exports"]["pools"]["publish"] == "warehouse"


def test_no_leaf_hides_a_failure_and_every_task_has_its_limits(probe: Callable[..., Any]) -> None:
    for dag in probe("bag")["dags"].values():
        leaves = [task for task, downstream in dag["tasks"].items() if not downstream]
        assert all(dag["rules"][leaf] in ("all_success", "none_failed") for leaf in leaves)
        assert dag["policies"] == dag["timeouts"] == dag["silent"] == []
        assert dag["doc"]
        assert not dag["catchup"]
        assert len(dag["tasks"]) <= 6


def test_a_day_by_hand(probe: Callable[..., Any]) -> None:
    found = probe("test", "ingest_exports", json.dumps({"data_date": DAYS[0]}))
    assert found == {
        "run": "success",
        "tasks": {
            "land": ["success"],
            "stage": ["success"],
            "rebuild": ["success"],
            "publish": ["success"],
            "report_again": ["skipped"],
            "judge": ["success"],
        },
    }


def test_a_day_whose_export_is_missing_fails_at_its_end_and_publishes_all_the_same(probe: Callable[..., Any]) -> None:
    found = probe("test", "ingest_exports", json.dumps({"data_date": "2026-11-18"}))
    assert found["run"] == "failed"
    assert found["tasks"] == {
        "land": ["success"],
        "stage": ["skipped"],
        "rebuild": ["success"],
        "publish": ["success"],
        "report_again": ["skipped"],
        "judge": ["failed"],
    }


def test_a_quarantined_file_fails_the_run_and_nothing_else(
    probe: Callable[..., Any], airflow_folder: LocalAirflow
) -> None:
    (airflow_folder.folder / "exports" / "connector-2026-11-21.csv").write_bytes(b"\x00\x01 this is no export")
    found = probe("test", "ingest_exports", json.dumps({"data_date": "2026-11-21"}))
    assert found["run"] == "failed"
    assert [task for task, states in found["tasks"].items() if states == ["failed"]] == ["judge"]
    assert found["tasks"]["stage"] == ["success"]


def test_a_run_that_names_no_day_fails_at_once(probe: Callable[..., Any]) -> None:
    found = probe("test", "ingest_exports", "{}")
    assert found["run"] == "failed"
    assert found["tasks"]["land"] == ["failed"]


def test_a_report_by_hand_is_archived_and_not_delivered(
    probe: Callable[..., Any], airflow_folder: LocalAirflow
) -> None:
    probe("test", "ingest_exports", json.dumps({"data_date": DAYS[1]}))
    found = probe("test", "weekly_report", json.dumps({"period": "2026-W46"}))
    assert found["tasks"] == {"settle": ["success"], "publish": ["success"], "deliver": ["skipped"]}
    assert (airflow_folder.folder / "archive" / "2026" / "W46" / "e1").is_dir()
    assert probe("test", "verify_archive", "{}") == {"run": "success", "tasks": {"verify": ["success"]}}


@pytest.mark.timeout(240)
def test_a_scheduler_backfills_three_days_and_comes_to_the_command_lines_digest(
    airflow_folder: LocalAirflow, tmp_path: Path
) -> None:
    airflow = lay_out(tmp_path / "run")
    airflow.home.mkdir(parents=True)
    for template in airflow_folder.home.glob("empty-*.db"):
        (airflow.home / template.name).write_bytes(template.read_bytes())
    airflow.fresh_database()
    airflow.sessions.watch()
    first, last = date.fromisoformat(DAYS[0]), date.fromisoformat(DAYS[-1])
    try:
        airflow.start(print)
        assert backfill.planned(airflow.api, first, last) == [date.fromisoformat(day) for day in DAYS]
        created = backfill.create(airflow.api, first, last, max_active_runs=3)
        ended = list(backfill.wait(airflow.api, created, stall_seconds=120, at_each_look=airflow.check))
        assert sorted(str(run.data_date) for run in ended if run.succeeded) == list(DAYS)
        runs = {run["dag_run_id"]: run for run in airflow.api.runs("ingest_exports")}
        spans = sorted((runs[run_id]["start_date"], runs[run_id]["end_date"]) for run_id in created.values())
        assert spans[1][0] < spans[0][1], "the days ran one after the other"
        again = backfill.create(airflow.api, last, last, max_active_runs=1)
        assert list(again) == [last], "a finished day is run again"
        assert [run.succeeded for run in backfill.wait(airflow.api, again, stall_seconds=120)] == [True]
        assert backfill.create(airflow.api, first, last, which="failed") == {}
    finally:
        airflow.sessions.stop()
    by_hand = lay_out(tmp_path / "by-hand")
    command(by_hand.config, "ingest")
    assert command(airflow.config, "digest") == command(by_hand.config, "digest")


def command(config: Path, *args: str) -> str:
    """What `python -m etl` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "etl", "--config", str(config), *args],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout
