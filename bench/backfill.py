"""A year of days, each as the daily DAG takes it: whether the last cost more than the first.

    python -m bench.backfill [--days 365] [--airflow]

Each day is an export of about 1,700 records, made from a sample day. Without `--airflow` the DAG's own functions run
one day after the other in this process: landing, staging, rebuilding, publishing, asking for outdated reports; then
`status` and `explain`, both ways. With it a real scheduler runs `python -m etl backfill` over the year, unattended, six
days at once; the seconds are then those of each run's tasks, Airflow's share included.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from etl import attention, facts, landing, periods, scheduler, warehouse
from etl import settings as settings_module
from etl.archive import explain, outdated, status
from etl.settings import Settings
from tools.local_airflow import ROOT, LocalAirflow
from tools.run_samples import write_config

SAMPLE = ROOT / "samples" / "exports" / "connector-2026-11-16.csv.gz"
LAST = date(2026, 11, 22)
_GUID = re.compile(r"\b[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-)")
ENDS = 30


def write_exports(folder: Path, days: list[date]) -> None:
    """An export for each day: the sample day's records, moved to it, as messages of their own."""
    folder.mkdir(parents=True)
    text = gzip.decompress(SAMPLE.read_bytes()).decode("utf-8")
    for day in days:
        moved = _GUID.sub(f"{day.toordinal():08x}", text.replace("2026-11-16", str(day)))
        (folder / f"connector-{day}.csv.gz").write_bytes(gzip.compress(moved.encode("utf-8"), mtime=0))


def timed(what: Callable[[], Any]) -> float:
    """Seconds that it took."""
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


PARTS = ("land", "stage", "find dirty days", "rebuild", "publish", "find outdated reports")


def one_day(settings: Settings, day: date) -> list[float]:
    """What the tasks of `ingest_exports` do for a day; the processor's seconds of each of PARTS, which tell more on a
    busy machine than the clock's."""
    at = [time.process_time()]
    found = landing.as_plain(landing.collect(settings, data_date=day))
    at.append(time.process_time())
    attention.stage(settings, [[item["source"], item["sha256"]] for item in found["files"]])
    at.append(time.process_time())
    dirty = facts.dirty_days(settings)
    at.append(time.process_time())
    rebuilt = {day for day in dirty if facts.rebuild_day(settings, day)}
    at.append(time.process_time())
    changed = rebuilt | set(warehouse.publish(settings))
    at.append(time.process_time())
    outdated.outdated(settings, changed)
    at.append(time.process_time())
    return [later - sooner for sooner, later in pairwise(at)]


def by_itself(settings: Settings, days: list[date]) -> list[float]:
    """Processor seconds for each day, then prints what asking about the year costs."""
    parts = [one_day(settings, day) for day in days]
    seconds = [sum(part) for part in parts]
    for number, name in enumerate(PARTS):
        print(f"{name:22} {ends([part[number] for part in parts])}")
    name = f"connector-{days[len(days) // 2]}.csv.gz"
    whole = periods.Period(days[0], days[-1], "range")
    week = periods.week_of(days[-1])
    cell = {"connector": "Scanners and devices", "tls_version": "TLS 1.0"}
    print(f"status                                  {timed(lambda: status.status(settings)):6.2f} s")
    print(
        f"a record to its facts and editions      {timed(lambda: explain.explain_record(settings, name, 115)):6.2f} s"
    )
    print(f"a cell of a week to its records         {timed(lambda: explain.explain(settings, week, cell)):6.2f} s")
    print(f"a cell of the whole year to its records {timed(lambda: explain.explain(settings, whole, cell, 3)):6.2f} s")
    return seconds


def by_airflow(airflow: LocalAirflow, days: list[date]) -> list[float]:
    """Seconds of the tasks of each day's run, in order, after a backfill of all of them."""
    airflow.fresh_database()
    airflow.sessions.watch()
    try:
        airflow.start(print)
        command = [
            sys.executable,
            "-m",
            "etl",
            "--config",
            str(airflow.config),
            "backfill",
            str(days[0]),
            str(days[-1]),
        ]
        env = os.environ | {scheduler.URL_ENV: airflow.url}
        begun = time.perf_counter()
        done = subprocess.run([*command, "--max-active", "6"], cwd=ROOT, env=env, check=False)
        print(f"exit code {done.returncode}, {time.perf_counter() - begun:.0f} s for {len(days)} days")
        runs = {run["partition_key"]: run["dag_run_id"] for run in airflow.api.runs("ingest_exports")}
        return [_seconds(airflow, runs[str(day)]) for day in days]
    finally:
        airflow.sessions.stop()


def _seconds(airflow: LocalAirflow, run_id: str) -> float:
    path = f"dags/ingest_exports/dagRuns/{run_id}/taskInstances"
    return sum(item["duration"] or 0.0 for item in airflow.api.get(path)["task_instances"])


def ends(seconds: list[float]) -> str:
    """The medians of the first and of the last days, and their ratio."""
    count = min(ENDS, len(seconds) // 2)
    first, last = statistics.median(seconds[:count]), statistics.median(seconds[-count:])
    return f"first {count} days {first:6.3f} s, last {count} days {last:6.3f} s, {last / first:5.2f} times"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A year of days, and whether the last cost more than the first.")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--airflow", action="store_true", help="by a real scheduler")
    args = parser.parse_args()
    days = periods.days_between(LAST - timedelta(days=args.days - 1), LAST)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_exports(folder / "exports", days)
        airflow = LocalAirflow(folder, folder / "config.toml")
        write_config(airflow.config, airflow.smtp_port)
        made = settings_module.load(airflow.config)
        seconds = by_airflow(airflow, days) if args.airflow else by_itself(made, days)
    print(f"a day of {len(days)}           {ends(seconds)}")


if __name__ == "__main__":
    main()
