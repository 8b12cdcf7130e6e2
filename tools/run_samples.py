"""`make run`: takes the bundled samples through the real DAGs, from exports to mails and the archive.

    python -m tools.run_samples [--folder run]

Ingests the 35 days, reports weeks 46 and 47, then lets the late and corrected files arrive, which makes edition 2 of
week 46. Run again it finds what is done, does what is not, and mails nobody again; killed at any point, the next run
comes to the same end.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from etl import settings
from etl.common.errors import TransitLedgerError
from etl.ops import backfill
from etl.ops.airflow_api import FINISHED
from etl.ops.status import open_mails
from tools import sessions
from tools.local_airflow import ROOT, LocalAirflow, StartError

SAMPLES = ROOT / "samples"
FIRST, LAST = date(2026, 10, 19), date(2026, 11, 22)
WEEKS = ("2026-W46", "2026-W47")
PATIENCE = 600


class RunError(Exception):
    """The samples did not come through; the message names the task and shows the end of its log."""


class Progress:
    """Lines with the seconds since the start, and one of its own where there was none for ten seconds."""

    def __init__(self) -> None:
        self._begun = self._told = time.monotonic()

    def say(self, text: str) -> None:
        """One line."""
        self._told = time.monotonic()
        print(f"[{self._told - self._begun:4.0f} s] {text}", flush=True)

    def still(self, what: str) -> None:
        """A line that says what is going on, if it has been quiet."""
        if time.monotonic() > self._told + 10:
            self.say(f"still {what}")


class Samples:
    """One run over the samples."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder, self.progress, self.say = folder, progress, progress.say
        self.exports = folder / "exports"
        self.config = folder / "config.toml"
        self.finished = folder / "airflow" / "finished"
        self.airflow = LocalAirflow(folder, self.config)
        expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
        self.late = sorted((SAMPLES / "late").iterdir())
        came = {item["named_date"] for item in expected["files"] if item["folder"] == "exports"}
        self.never_came = {day for day in _days() if str(day) not in came}
        self.late_days = sorted({item["named_date"] for item in expected["files"] if item["folder"] == "late"})

    def prepare(self) -> bool:
        """Lays out folders, settings and exports; whether Airflow knows of an earlier run that ended."""
        self.exports.mkdir(parents=True, exist_ok=True)
        write_config(self.config, self.airflow.smtp_port)
        place(sorted((SAMPLES / "exports").iterdir()), self.exports)
        known = self.finished.exists() and (self.folder / "warehouse.duckdb").exists()
        self.finished.unlink(missing_ok=True)
        if not known:
            self.say("making Airflow's database")
            self.airflow.fresh_database()
        return known

    def go_through(self, known: bool) -> None:
        """Everything that the samples have to show, in order.

        Where an earlier run was stopped after the late exports had come they go first, each by a run of its own, as
        they did then: a backfill that found them would make the next edition of week 46 one that nobody is mailed.
        """
        if not known and any((self.exports / file.name).exists() for file in self.late):
            self.say("an earlier run was stopped after the late exports had come: they go first")
            place(self.late, self.exports)
            self.ingest_late()
        self.ingest(known)
        self.report(WEEKS)
        self.say("the late and the corrected export of week 46 arrive")
        place(self.late, self.exports)
        self.ingest_late()
        self.finished.touch()

    def ingest(self, known: bool) -> None:
        """The 35 days, by backfill; after a run that came to its end only days that failed and whose export is here."""
        api, days = self.airflow.api, f"{FIRST:%-d %B} to {LAST:%-d %B}"
        spans = [(FIRST, LAST)]
        if known:
            failed = backfill.planned(api, FIRST, LAST, "failed")
            spans = [(day, day) for day in failed if any(self.exports.glob(f"connector-{day}*"))]
            self.say(f"ingesting {days}: {len(_days()) - len(spans)} days are done, or wait for an export")
        for first, last in spans:
            which: backfill.Which = "failed" if known else "completed"
            runs = backfill.create(api, first, last, which=which, max_active_runs=6)
            self.say(f"ingesting {days}: {len(runs)} day(s) to run")
            ended = backfill.wait(api, runs, stall_seconds=PATIENCE, at_each_look=lambda: self._look("ingesting"))
            for count, run in enumerate(ended, 1):
                self.judge(run.data_date, run.run_id, run.failed_tasks, f"{count}/{len(runs)}")

    def judge(self, day: date, run_id: str, failed_tasks: Sequence[str], count: str) -> None:
        """Says how a day went. Only the last task may fail, and only for a day whose export has not come."""
        if not failed_tasks:
            self.say(f"{day} ingested ({count})")
        elif tuple(failed_tasks) == ("judge",) and day in self.never_came:
            self.say(f"{day} failed as it should: its export is missing; all else is done ({count})")
        else:
            raise RunError(self.failure("ingest_exports", run_id, failed_tasks))

    def report(self, weeks: Sequence[str]) -> None:
        """Reports the weeks as the schedule would, one after the other."""
        for week in weeks:
            self.say(f"reporting {week}")
            run_id = self.airflow.trigger("weekly_report", {"period": week, "origin": "scheduled"})
            self.wait_for("weekly_report", [run_id])

    def ingest_late(self) -> None:
        """Runs the late files' days again, and waits for the reports that this sets off."""
        before = {run["dag_run_id"] for run in self.airflow.api.runs("weekly_report")}
        started = [self.airflow.trigger("ingest_exports", {"data_date": day}) for day in self.late_days]
        self.wait_for("ingest_exports", started)
        self.say(f"{' and '.join(self.late_days)} ingested again")
        set_off = [run["dag_run_id"] for run in self.airflow.api.runs("weekly_report")]
        again = [run_id for run_id in set_off if run_id not in before]
        self.say("a correction of week 46 is under way" if again else "no report is out of date")
        self.wait_for("weekly_report", again)

    def wait_for(self, dag_id: str, run_ids: Sequence[str]) -> None:
        """Until the runs have ended well; `RunError` otherwise."""
        deadline = time.monotonic() + PATIENCE
        told: dict[str, str] = {}
        excused: set[str] = set()
        while True:
            self._look(f"waiting for {dag_id}")
            states = {run["dag_run_id"]: run["state"] for run in self.airflow.api.runs(dag_id)}
            for run_id in run_ids:
                if states.get(run_id) == "failed" and run_id not in excused:
                    self._excuse(dag_id, run_id)
                    excused.add(run_id)
                self._say_tasks(dag_id, run_id, told)
            if all(states.get(run_id) in FINISHED for run_id in run_ids):
                return
            if time.monotonic() > deadline:
                raise RunError(f"{dag_id} did not end within {PATIENCE} s; its runs: {states}")
            time.sleep(0.5)

    def _excuse(self, dag_id: str, run_id: str) -> None:
        """A report whose mails are in doubt is no failure of this run, but said; any other failed run is one."""
        tasks = [item["task_id"] for item in self.airflow.api.failed_tasks(dag_id, run_id)]
        doubtful = [mail for mail in open_mails(settings.load(self.config)) if mail["state"] == "unknown"]
        if tasks != ["deliver"] or not doubtful:
            raise RunError(self.failure(dag_id, run_id, tasks))
        for mail in doubtful:
            self.say(f"{mail['what']}. Look for it in {short(self.airflow.mail)}, and if it is not there:")
            self.say(f"  {mail['command']}")

    def _say_tasks(self, dag_id: str, run_id: str, told: dict[str, str]) -> None:
        """A line for each task of a report that ended since the last look."""
        if dag_id != "weekly_report":
            return
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        for item in self.airflow.api.get(path)["task_instances"]:
            key, state = f"{run_id} {item['task_id']}", item["state"]
            if state in ("success", "skipped") and told.get(key) != state:
                told[key] = state
                self.say(f"  {item['task_id']}: {'done' if state == 'success' else 'nothing to do'}")

    def _look(self, at: str) -> None:
        self.airflow.check()
        self.progress.still(at)

    def failure(self, dag_id: str, run_id: str, tasks: Sequence[str]) -> str:
        """Which task failed, and the end of its log."""
        found = [f"{dag_id}: {', '.join(tasks) or 'no task'} failed in run {run_id}"]
        for task in tasks:
            logs = sorted((self.airflow.home / "logs").glob(f"dag_id={dag_id}/run_id={run_id}/task_id={task}/**/*.log"))
            if logs:
                found.append(f"The end of {logs[-1]}:\n{readable_log(logs[-1])}")
        return "\n".join(found)


def _days() -> list[date]:
    from etl.common import periods

    return periods.days_between(FIRST, LAST)


def write_config(path: Path, smtp_port: int) -> None:
    """The samples' settings, with the paths as seen from `path` and the catcher's port."""
    text = (SAMPLES / "config.toml").read_text(encoding="utf-8")
    for before, after in (
        ('root = "../run"', 'root = "."'),
        ('location = "../run/exports"', 'location = "exports"'),
        ("port = 2525", f"port = {smtp_port}"),
    ):
        if text.count(before) != 1:
            raise RunError(f"samples/config.toml has no single line {before}")
        text = text.replace(before, after)
    _replace(path, text.encode())


def place(files: Sequence[Path], folder: Path) -> None:
    """Copies files into a folder, each whole at once, with its modification time; those that are there stay."""
    for file in files:
        target = folder / file.name
        if not target.exists():
            temporary = folder / f".{file.name}.new"
            shutil.copy2(file, temporary)
            temporary.replace(target)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(content)
    temporary.replace(path)


def readable_log(path: Path, lines: int = 25) -> str:
    """The end of a task's log as text: Airflow writes an object a line."""
    found: list[str] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry: Mapping[str, Any] = json.loads(line)
        except ValueError:
            entry = {"event": line}
        found += str(entry.get("event", "")).splitlines()
        for error in entry.get("error_detail") or []:
            frames = error.get("frames") or []
            found += [f"{frame['filename']}:{frame['lineno']} in {frame['name']}" for frame in frames[-5:]]
            found += f"{error.get('exc_type')}: {error.get('exc_value')}".splitlines()
    return "\n".join(f"    {line}" for line in found[-lines:])


@contextmanager
def alone(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the folder for one run at a time, and ends what an earlier one left behind."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        deadline = time.monotonic() + 20
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise RunError(f"another run is at work in {folder}; let it end, or end it") from None
                time.sleep(0.2)
        left = sessions.stop_recorded(folder / "processes.json")
        if left:
            say(f"stopped what an earlier run left: {', '.join(left)}")
        yield


def epilogue(samples: Samples) -> None:
    """Where everything lies, what the insights said, what to do next."""
    airflow, folder = samples.airflow, samples.folder
    for week in WEEKS:
        print(f"\nWhat the insights say of {week}:\n")
        print(airflow.run([sys.executable, "-m", "etl", "insights", week], "insights").rstrip())
    archive = folder / "archive"
    pages = [path for kind in ("html", "pdf") for path in sorted(archive.glob(f"2026/W4[67]/e*/data/en/report.{kind}"))]
    mails = sorted(airflow.mail.glob("*.eml"))
    shown = "\n".join(f"  {short(path)}" for path in pages)
    config = short(samples.config)
    print(f"""
Reports:
{shown}
Mails:      {len(mails)} in {short(airflow.mail)}, none of which left this machine
Archive:    {short(archive / "index.html")} (open it from the disk)
Warehouse:  {short(folder / "warehouse.duckdb")}

Next:
  . .venv/bin/activate && export TRANSIT_LEDGER_CONFIG={config}
  python -m etl status                  what came, what is missing, what was sent
  python -m etl verify                  whether the archive is whole
  python -m etl explain 2026-W47 --connector "Scanners and devices" --tls "TLS 1.0"
  make up                               the same with Airflow's web page left running; make down ends it
  docs/tutorial.md                      how to do this with exports of your own""")


def short(path: Path) -> str:
    """A path as seen from where the command was run."""
    return os.path.relpath(path)


def run(folder: Path) -> None:
    """Everything, from leftovers of an earlier run to the last line."""
    progress = Progress()
    with alone(folder, progress.say):
        samples = Samples(folder, progress)
        samples.airflow.sessions.watch()
        known = samples.prepare()
        progress.say("starting Airflow and the mail catcher")
        try:
            samples.airflow.start(progress.say)
            samples.go_through(known)
            epilogue(samples)
        finally:
            progress.say("stopping everything")
            samples.airflow.sessions.stop()
        progress.say(f"done at {datetime.now().astimezone():%H:%M:%S}")


def _end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Takes the bundled samples through the real DAGs.")
    parser.add_argument("--folder", type=Path, default=ROOT / "run", help="where everything is made")
    folder = parser.parse_args().folder.resolve()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    try:
        run(folder)
    except (RunError, StartError, TransitLedgerError) as error:
        print(f"\nmake run failed. {error}", file=sys.stderr, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
