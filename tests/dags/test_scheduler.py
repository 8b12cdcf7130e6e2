"""A real scheduler, started once for all of these: backfills, the changes of the clocks, retries, and who is mailed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl import settings as settings_module
from etl.archive import ledger
from etl.archive.shelf import Folder
from etl.common import periods
from etl.ops import airflow_api, backfill
from tests.dags.conftest import ZONES, lay_out, settings_for_one_language, started
from tools.local_airflow import ROOT, LocalAirflow, free_ports
from tools.run_samples import SAMPLES, place

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]
PATIENCE = 300
DAYS = ("2026-10-24", "2026-10-25", "2026-10-26")
"""Clocks in Stockholm went back on the 25th. The last day's export is missing."""
FIRST, LAST = date.fromisoformat(DAYS[0]), date.fromisoformat(DAYS[-1])
WEEK = "2026-W43"


@dataclass(frozen=True)
class Ingested:
    """The runs of one backfill, by day, how each ended, and how many went on at once."""

    runs: dict[date, dict[str, Any]]
    ended: dict[date, bool]
    most: int


@pytest.fixture(scope="module")
def airflow(airflow_folder: LocalAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """A running Airflow over two days' exports; its schedules make no run by themselves."""
    folder = tmp_path_factory.mktemp("scheduler") / "run"
    with started(lay_out(folder, DAYS[:2], retry_seconds=8), airflow_folder) as running:
        yield running


@pytest.fixture(scope="module")
def ingested(airflow: LocalAirflow) -> Ingested:
    """A backfill of the three days, two at once."""
    most = 0

    def look() -> None:
        nonlocal most
        airflow.check()
        most = max(most, len(airflow.api.runs("ingest_exports", state="running")))

    created = backfill.create(airflow.api, FIRST, LAST, max_active_runs=2)
    ended = ended_well(airflow, created, look)
    runs = {run["dag_run_id"]: run for run in airflow.api.runs("ingest_exports")}
    return Ingested({day: runs[run_id] for day, run_id in created.items()}, ended, most)


def ended_well(
    airflow: LocalAirflow, created: dict[date, str], look: Callable[[], None] | None = None
) -> dict[date, bool]:
    """Waits for the runs to end; whether each did well."""
    at_each_look = look or airflow.check
    ended = backfill.wait(airflow.api, created, stall_seconds=PATIENCE, poll_seconds=0.3, at_each_look=at_each_look)
    return {run.data_date: run.succeeded for run in ended}


def until(airflow: LocalAirflow, what: Callable[[], Any]) -> Any:
    """Asks until the answer is something, with a deadline."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        airflow.check()
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return found


def task(airflow: LocalAirflow, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
    return dict(airflow.api.get(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"))


def state(airflow: LocalAirflow, dag_id: str, run_id: str) -> str:
    return str(airflow.api.get(f"dags/{dag_id}/dagRuns/{run_id}")["state"])


def command(config: Path, *args: str, **environment: str) -> str:
    """What `python -m etl` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "etl", "--config", str(config), *args],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def mails(airflow: LocalAirflow) -> list[str]:
    """Names of the mails to readers of reports; ops' alerts are not among them."""
    return sorted(path.name for path in airflow.mail.glob("*.eml") if "ops@" not in path.name)


def test_days_of_a_change_of_the_clocks_two_at_once_come_to_the_command_lines_digest(
    airflow: LocalAirflow, ingested: Ingested, tmp_path: Path
) -> None:
    for first, last in ((FIRST, LAST), (date(2026, 3, 28), date(2026, 3, 30))):
        assert backfill.planned(airflow.api, first, last) == periods.days_between(first, last)
    assert sorted(ingested.runs) == periods.days_between(FIRST, LAST)
    assert {str(day): run["partition_key"] for day, run in ingested.runs.items()} == {day: day for day in DAYS}
    spans = sorted((run["start_date"], run["end_date"]) for run in ingested.runs.values())
    assert spans[1][0] < spans[0][1], "the days ran one after the other"
    assert ingested.most <= 2
    by_hand = lay_out(tmp_path / "by-hand", DAYS[:2])
    command(by_hand.config, "ingest")
    assert command(airflow.config, "digest") == command(by_hand.config, "digest")


def test_a_day_whose_export_is_missing_fails_at_its_end_and_no_other_does(
    airflow: LocalAirflow, ingested: Ingested
) -> None:
    assert {str(day): well for day, well in ingested.ended.items()} == dict(zip(DAYS, (True, True, False), strict=True))
    assert backfill.failed_tasks(airflow.api, ingested.runs[LAST]["dag_run_id"]) == ("judge",)


@pytest.mark.usefixtures("ingested")
def test_finished_days_run_again_only_when_asked(airflow: LocalAirflow) -> None:
    assert backfill.create(airflow.api, FIRST, date.fromisoformat(DAYS[1]), which="failed") == {}
    url = {airflow_api.URL_ENV: airflow.url}
    plan = command(airflow.config, "backfill", DAYS[0], DAYS[0], "--dry-run", **url)
    assert f"{DAYS[0]}  would run" in plan
    assert "1 of 1 day(s) would run" in plan
    said = command(airflow.config, "backfill", DAYS[0], DAYS[0], "--max-active", "1", **url)
    assert "1 of 1 day(s) ended well" in said
    run_ids = [run["dag_run_id"] for run in airflow.api.runs("ingest_exports") if run["partition_key"] == DAYS[0]]
    assert run_ids
    assert state(airflow, "ingest_exports", run_ids[-1]) == "success"


def test_what_is_terminal_fails_at_once(airflow: LocalAirflow) -> None:
    run_id = airflow.trigger("ingest_exports", {})
    assert until(airflow, lambda: state(airflow, "ingest_exports", run_id) in airflow_api.FINISHED)
    land = task(airflow, "ingest_exports", run_id, "land")
    assert (land["state"], land["try_number"], land["max_tries"]) == ("failed", 1, 2)


@pytest.mark.usefixtures("ingested")
def test_a_send_is_tried_again_and_a_backfill_mails_nobody(airflow: LocalAirflow) -> None:
    (closed,) = free_ports(1)
    settings_for_one_language(airflow.config, closed)
    run_id = airflow.trigger("weekly_report", {"period": WEEK, "origin": "scheduled"})
    until(airflow, lambda: task(airflow, "weekly_report", run_id, "deliver")["state"] == "up_for_retry")
    assert mails(airflow) == []
    settings_for_one_language(airflow.config, airflow.smtp_port)
    until(airflow, lambda: state(airflow, "weekly_report", run_id) in airflow_api.FINISHED)
    assert task(airflow, "weekly_report", run_id, "deliver")["try_number"] == 2
    assert task(airflow, "weekly_report", run_id, "publish")["try_number"] == 1, "rendered again for a failed send"
    sent = mails(airflow)
    assert len(sent) == 3

    place([SAMPLES / "exports" / "connector-2026-10-23.csv.gz"], airflow.folder / "exports")
    late = date(2026, 10, 23)
    assert ended_well(airflow, backfill.create(airflow.api, late, late)) == {late: True}
    reports = airflow.api.runs("weekly_report")
    (again,) = [run for run in reports if run["conf"] == {"period": WEEK, "origin": "backfill"}]
    until(airflow, lambda: state(airflow, "weekly_report", again["dag_run_id"]) in airflow_api.FINISHED)
    assert task(airflow, "weekly_report", again["dag_run_id"], "deliver")["state"] == "skipped"
    archive = settings_module.load(airflow.config).storage.archive_path
    entries = [(entry.period, entry.edition, entry.origin) for entry in ledger.read(Folder(archive))]
    assert entries == [(WEEK, 1, "scheduled"), (WEEK, 2, "backfill")]
    assert ended_well(airflow, backfill.create(airflow.api, late, late)) == {late: True}
    assert len(airflow.api.runs("weekly_report")) == len(reports), "nothing changed, and a report was set off"
    assert mails(airflow) == sent


@pytest.mark.long
@pytest.mark.parametrize("zone", ZONES)
def test_exactly_the_days_of_both_changes_in_every_zone(
    airflow_folder: LocalAirflow, tmp_path: Path, zone: str
) -> None:
    changes = {
        "UTC": ("2026-03-29", "2026-10-25"),
        "Europe/Stockholm": ("2026-03-29", "2026-10-25"),
        "America/New_York": ("2026-03-08", "2026-11-01"),
        "Asia/Kolkata": ("2026-03-29", "2026-10-25"),
        "Pacific/Auckland": ("2026-04-05", "2026-09-27"),
    }
    made = lay_out(tmp_path / "run", (), quiet_hours=-48)
    text = made.config.read_text(encoding="utf-8").replace('"Europe/Stockholm"', f'"{zone}"')
    made.config.write_text(text, encoding="utf-8")
    with started(made, airflow_folder):
        for day in map(date.fromisoformat, changes[zone]):
            first, last = date.fromordinal(day.toordinal() - 2), date.fromordinal(day.toordinal() + 2)
            created = backfill.create(made.api, first, last, max_active_runs=5)
            assert sorted(created) == periods.days_between(first, last)
            assert sorted(ended_well(made, created)) == sorted(created)
        own = [run for run in made.api.runs("ingest_exports") if run["run_type"] == "scheduled"]
        for run in own:  # the newest partition, which an unpaused schedule runs at once
            local = periods.data_date(periods.parse_instant(run["run_after"]), zone)
            assert date.fromisoformat(run["partition_key"]) == date.fromordinal(local.toordinal() - 1)
        assert own
