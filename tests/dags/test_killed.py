"""A real backfill whose processes are killed again and again, at times drawn from a seed: what it comes to is what a
run that nobody disturbed comes to, nothing half is left, nothing landed twice, and nobody is mailed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from etl import landing, warehouse
from etl import settings as settings_module
from etl.archive import editions, ledger, outdated
from etl.archive.shelf import Folder
from etl.audit import verify
from etl.chain import bring_up
from etl.common import disk, periods
from etl.landing import evidence
from etl.ops import airflow_api
from etl.settings import Settings
from tests.dags.conftest import lay_out, started
from tests.promise.test_histories import finish, told
from tests.tools.test_run_samples import children, kill
from tools import sessions
from tools.local_airflow import ROOT, LocalAirflow

pytestmark = pytest.mark.airflow
PATIENCE = 600
WEEK = periods.parse_period("2026-W45")
QUICK = {
    "scheduler_health_check_threshold": "10",
    "orphaned_tasks_check_interval": "3",
    "task_instance_heartbeat_timeout": "20",
    "task_instance_heartbeat_timeout_detection_interval": "3",
}
"""Airflow's settings for how soon it notices that something died: as they come, minutes."""


@dataclass
class Backfill:
    """A running Airflow and the `python -m etl backfill` that is under way; what has been killed so far."""

    airflow: LocalAirflow
    days: list[str]
    killed: Counter[str] = field(default_factory=Counter)
    running: subprocess.Popen[bytes] | None = None

    def begin(self, *options: str) -> None:
        """Starts the command."""
        command = ["-m", "etl", "--config", self.airflow.config, "backfill", self.days[0], self.days[-1], *options]
        env = os.environ | {airflow_api.URL_ENV: self.airflow.url}
        self.running = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)

    def runs(self) -> list[str]:
        """The states of all runs of either DAG."""
        return [run["state"] for dag in ("ingest_exports", "weekly_report") for run in self.airflow.api.runs(dag)]

    def tasks(self) -> list[tuple[int, int]]:
        """Each task's process with the worker that it is the child of: two and one below the scheduler."""
        (leader,) = [item.pid for item in sessions.recorded(self.airflow.sessions.record) if item.name == "scheduler"]
        found = []
        for worker in children(leader):
            with suppress(OSError):
                found += [(task, worker) for task in children(worker)]
        return found

    def end(self) -> None:
        """Waits for everything under way, then runs again what did not end well, until all has."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.airflow.check()
            states = self.runs()
            told = None if self.running is None else self.running.poll()
            under_way = (self.running and told is None) or any(state not in airflow_api.FINISHED for state in states)
            if not under_way and states and told == 0:
                return
            if not under_way:
                self.begin("--unfinished")
            time.sleep(0.3)
        raise AssertionError(f"it came to no end: {self.runs()}")


def a_task(_backfill: Backfill, task: int, _worker: int) -> None:
    """A task's own process: its worker notices, and it is tried again."""
    kill([task])


def a_worker(_backfill: Backfill, _task: int, worker: int) -> None:
    """The process that watches over a task, which goes on by itself, beside the next try."""
    kill([worker])


def the_scheduler(backfill: Backfill, _task: int, _worker: int) -> None:
    """The scheduler with its workers and tasks; a new one takes over."""
    backfill.airflow.sessions.kill("scheduler")
    backfill.airflow.start_scheduler()


def everything(backfill: Backfill, _task: int, _worker: int) -> None:
    """All of Airflow, and the command."""
    for name in ("scheduler", "api-server", "dag-processor", "mail-catcher"):
        backfill.airflow.sessions.kill(name)
    if backfill.running is not None:
        backfill.running.kill()
        backfill.running.wait()
    backfill.airflow.start(print)


Kill = Callable[[Backfill, int, int], None]


def played(backfill: Backfill, draw: Random, kills: list[Kill]) -> None:
    """Starts the backfill, kills what is named, each while a task is at work, and lets it come to its end."""
    backfill.begin("--max-active", "3")
    for what in kills:
        what(backfill, *victim(backfill, draw))
        backfill.killed[what.__name__] += 1
    backfill.end()


def victim(backfill: Backfill, draw: Random) -> tuple[int, int]:
    """A task that is at work, and its worker, up to two seconds after one was first seen."""
    deadline, moment = time.monotonic() + PATIENCE, None
    while time.monotonic() < deadline:
        backfill.airflow.check()
        if backfill.running is not None and backfill.running.poll() is not None:
            backfill.begin()  # it came to its end: all days once more
        at_work = backfill.tasks()
        if at_work and moment is None:
            moment = time.monotonic() + draw.uniform(0, 2)
        if at_work and moment and time.monotonic() >= moment:
            return draw.choice(at_work)
        time.sleep(0.02)
    raise AssertionError(f"no task was seen: {backfill.runs()}")


def quick(folder: Path, days: list[str]) -> LocalAirflow:
    """An Airflow that soon notices what died."""
    airflow = lay_out(folder, days, retry_seconds=1)
    airflow.env |= {f"AIRFLOW__SCHEDULER__{name}".upper(): value for name, value in QUICK.items()}
    return airflow


def undisturbed(folder: Path, days: list[str]) -> Settings:
    """The same exports, ingested once by hand."""
    settings = settings_module.load(lay_out(folder, days).config)
    landing.collect(settings)
    bring_up(settings)
    return settings


def same(lived: Settings, clean: Settings) -> None:
    """What was killed holds what a clean run holds: facts, every row of the warehouse, each export landed once and
    whole; and a day later nothing temporary is left."""
    finish(lived)
    assert warehouse.digest(lived) == warehouse.digest(clean)
    assert told(lived) == told(clean)
    landed = evidence.landed(lived, "m365")
    assert set(landed) == set(evidence.landed(clean, "m365"))
    assert {item.receipts for item in landed.values()} == {1}
    assert all(disk.sha256_of(item.path) == sha256 for sha256, item in landed.items())
    assert list(lived.storage.root.rglob(f"{disk.TEMPORARY}*")) == []


def mailed(airflow: LocalAirflow) -> list[str]:
    """Names of mails to others than ops."""
    return [path.name for path in airflow.mail.glob("*.eml") if "ops@" not in path.name]


@pytest.mark.timeout(900)
def test_a_backfill_killed_and_run_again_comes_to_the_same(
    airflow_folder: LocalAirflow, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    days, seed = ["2026-11-09", "2026-11-10"], 5
    draw = Random(seed)  # noqa: S311  a draw to be repeated
    with started(quick(tmp_path / "run", days), airflow_folder) as airflow:
        backfill = Backfill(airflow, days)
        played(backfill, draw, [a_task, the_scheduler])
    record_property("held", f"seed {seed}: {dict(backfill.killed)}")
    same(settings_module.load(airflow.config), undisturbed(tmp_path / "clean", days))
    assert mailed(airflow) == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [11, 12])
def test_a_backfill_killed_many_times_makes_the_same_editions(
    seed: int, airflow_folder: LocalAirflow, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    days, draw = [str(day) for day in WEEK.days[:5]], Random(seed)  # noqa: S311  a draw to be repeated
    kills = draw.sample([a_task, a_worker, the_scheduler] * 4 + [everything], 13)
    with started(quick(tmp_path / "run", days), airflow_folder) as airflow:
        lived = settings_module.load(airflow.config)
        landing.collect(lived, data_date=WEEK.first_date)
        bring_up(lived)
        editions.publish(lived, WEEK, origin="manual")
        backfill = Backfill(airflow, days)
        played(backfill, draw, kills)
        backfill.begin()  # once more, since a report may have failed for good: an outdated edition is found again
        backfill.end()
    record_property("held", f"seed {seed}: {dict(backfill.killed)}")
    clean = undisturbed(tmp_path / "clean", days)
    editions.publish(clean, WEEK, origin="manual")
    same(lived, clean)
    archive = lived.storage.archive_path
    assert verify.verify(Folder(archive)) == []
    assert outdated.outdated(lived) == []
    assert {entry.origin for entry in ledger.read(Folder(archive))} == {"manual", "backfill"}
    newest = max((archive / "2026" / "W45").iterdir())
    for name in ("facts.csv", "completeness.json"):
        assert (newest / "data" / name).read_bytes() == (
            clean.storage.archive_path / "2026/W45/e1/data" / name
        ).read_bytes()
    assert mailed(airflow) == []
