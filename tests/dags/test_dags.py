"""The DAGs as Airflow sees them, and as `dag.test()` runs them: importing, structure, days, every task instance."""

from __future__ import annotations

from typing import Any

import pytest

from etl.common import periods
from tests.dags.conftest import DAYS, ZONES, Probe
from tools.local_airflow import LocalAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
SPANS = [["2026-03-06", "2026-03-10"], ["2026-03-27", "2026-04-06"], ["2026-09-25", "2026-10-27"],
         ["2026-10-30", "2026-11-03"], ["2026-12-30", "2027-01-02"]]  # fmt: skip
"""Around each change of the clocks in any of the zones in 2026, and New Year."""
WELL = {
    "land": ["success"],
    "stage": ["success"],
    "rebuild": ["success"],
    "publish": ["success"],
    "report_again": ["skipped"],
    "judge": ["success"],
}


@pytest.fixture(scope="module")
def described(probe: Probe) -> dict[str, Any]:
    return dict(probe("describe"))


def test_the_files_import_without_errors_and_without_heavy_modules(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    assert described["heavy"] == []


def test_the_dags_have_their_tasks_schedules_and_pool(described: dict[str, Any]) -> None:
    dags = described["dags"]
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
    assert dags["weekly_report"]["schedule"] == ["0 6 * * 1", "Europe/Stockholm"]
    assert dags["verify_archive"]["tasks"] == {"verify": []}
    assert dags["expire_raw"]["tasks"] == {"expire": ["publish"], "publish": []}
    assert dags["expire_raw"]["params"] == ["dry_run"]
    assert {name: dags[name]["pools"]["publish"] for name in ("ingest_exports", "expire_raw")} == {
        "ingest_exports": "warehouse",
        "expire_raw": "warehouse",
    }


def test_no_leaf_hides_a_failure_and_every_task_has_its_limits(described: dict[str, Any]) -> None:
    for dag in described["dags"].values():
        leaves = [task for task, downstream in dag["tasks"].items() if not downstream]
        assert all(dag["rules"][leaf] in ("all_success", "none_failed") for leaf in leaves)
        assert dag["policies"] == dag["timeouts"] == dag["silent"] == []
        assert dag["doc"]
        assert not dag["catchup"]
        assert len(dag["tasks"]) <= 6


def test_a_backfill_and_the_schedule_make_each_day_once_in_every_zone(probe: Probe) -> None:
    wanted = [str(day) for span in SPANS for day in periods.days_between(*map(periods.parse_day, span))]
    found = probe("days", list(ZONES), SPANS)
    assert found == {zone: {"backfill": wanted, "schedule": wanted} for zone in ZONES}


@pytest.fixture(scope="module")
def story(probe: Probe, airflow_folder: LocalAirflow) -> dict[str, Any]:
    """A history of runs by `dag.test()`: they have a logical date and no partition key, as `airflow dags test` has."""
    (airflow_folder.folder / "exports" / "connector-2026-11-21.csv").write_bytes(b"\x00\x01 this is no export")
    steps: dict[str, tuple[str, dict[str, Any]]] = {
        "no day": ("ingest_exports", {}),
        "good": ("ingest_exports", {"data_date": DAYS[0]}),
        "nothing new": ("ingest_exports", {"data_date": DAYS[0]}),
        "missing": ("ingest_exports", {"data_date": "2026-11-18"}),
        "quarantined": ("ingest_exports", {"data_date": "2026-11-21"}),
        "report": ("weekly_report", {"period": "2026-W46"}),
        "verify": ("verify_archive", {}),
        "changed": ("ingest_exports", {"data_date": DAYS[1]}),
        "still out of date": ("ingest_exports", {"data_date": DAYS[1]}),
        "correction": ("weekly_report", {"period": "2026-W46", "origin": "correction"}),
        "no period": ("weekly_report", {"period": "2026-W99"}),
        "dry run": ("expire_raw", {"dry_run": True}),
    }
    return dict(zip(steps, probe("story", list(steps.values())), strict=True))


def test_a_good_day(story: dict[str, Any]) -> None:
    assert story["good"] == {"run": "success", "tasks": WELL, "set_off": []}


def test_a_day_again_finds_nothing_new_and_ends_well(story: dict[str, Any]) -> None:
    assert story["nothing new"] == {"run": "success", "tasks": WELL, "set_off": []}


def test_a_day_whose_export_is_missing_fails_at_its_end_and_publishes_all_the_same(story: dict[str, Any]) -> None:
    assert story["missing"]["run"] == "failed"
    assert story["missing"]["tasks"] == WELL | {"stage": ["skipped"], "judge": ["failed"]}


def test_a_quarantined_file_fails_the_run_and_nothing_else(story: dict[str, Any]) -> None:
    assert story["quarantined"]["run"] == "failed"
    assert story["quarantined"]["tasks"] == WELL | {"judge": ["failed"]}


def test_a_run_that_names_no_day_fails_at_once(story: dict[str, Any]) -> None:
    assert story["no day"]["run"] == "failed"
    assert story["no day"]["tasks"]["land"] == ["failed"]
    assert story["no day"]["tasks"]["judge"] == ["upstream_failed"]


def test_a_report_by_hand_is_archived_and_not_delivered(story: dict[str, Any], airflow_folder: LocalAirflow) -> None:
    assert story["report"]["tasks"] == {"settle": ["success"], "publish": ["success"], "deliver": ["skipped"]}
    assert (airflow_folder.folder / "archive" / "2026" / "W46" / "e1").is_dir()
    assert story["verify"] == {"run": "success", "tasks": {"verify": ["success"]}, "set_off": []}


def test_a_changed_day_sets_off_the_correction_of_its_report(
    story: dict[str, Any], airflow_folder: LocalAirflow
) -> None:
    assert story["changed"]["tasks"] == WELL | {"report_again": ["success"]}
    assert story["changed"]["set_off"] == [{"period": "2026-W46", "origin": "correction"}]
    assert story["still out of date"] == {"run": "success", "tasks": WELL, "set_off": []}, "it was set off already"
    assert story["correction"]["tasks"] == {"settle": ["success"], "publish": ["success"], "deliver": ["success"]}
    assert (airflow_folder.folder / "archive" / "2026" / "W46" / "e2").is_dir()


def test_a_report_of_what_is_no_period_fails_before_anything_is_made(story: dict[str, Any]) -> None:
    assert story["no period"]["tasks"]["publish"] == ["failed"]
    assert story["no period"]["tasks"]["deliver"] == ["upstream_failed"]


def test_retention_can_be_asked_what_it_would_do(story: dict[str, Any]) -> None:
    assert story["dry run"]["tasks"] == {"expire": ["success"], "publish": ["success"]}
