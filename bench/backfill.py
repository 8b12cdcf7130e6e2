"""A year of days, each as the daily DAG takes it: whether the last cost more than the first.

    python -m bench.backfill [--days 365] [--airflow]

Each day is an export of about 1,700 records, made from a sample day. Without `--airflow` the DAG's own functions run
one day after the other in this process: landing, staging, rebuilding, publishing, asking for outdated reports; then
`status` and `explain`, both ways. With it a real scheduler runs `python -m etl backfill` over the year, unattended, six
days at once; the seconds are then the processor's of all of Airflow for so many days. Four weeks have an edition of
their first day beforehand, and nobody may be mailed when the rest comes; at the end a clean rebuild has to agree.
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
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from etl import chain, facts, landing, warehouse
from etl import settings as settings_module
from etl.archive import editions, ledger, shelf
from etl.audit import explain
from etl.chain import bring_up
from etl.common import periods
from etl.common.periods import Period
from etl.ops import airflow_api, status
from etl.ops.airflow_api import FINISHED
from etl.settings import Settings
from tools import sessions
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
    found = chain.land(settings, data_date=day).as_plain()
    at.append(time.process_time())
    chain.stage(settings, [[item["source"], item["sha256"]] for item in found["files"]])
    at.append(time.process_time())
    dirty = facts.dirty_days(settings)
    at.append(time.process_time())
    rebuilt = {day for day in dirty if facts.rebuild_day(settings, day)}
    at.append(time.process_time())
    changed = rebuilt | set(chain.publish(settings))
    at.append(time.process_time())
    chain.outdated(settings, changed)
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


def report_before(settings: Settings, days: list[date]) -> list[Period]:
    """Four whole weeks of the days, each with an edition made from its first day alone."""
    weeks = [periods.week_of(day) for day in days if day.weekday() == 0 and day + timedelta(days=6) <= days[-1]]
    reported = sorted(set(weeks[:: max(1, len(weeks) // 4)][:4]))
    for week in reported:
        landing.collect(settings, data_date=week.first_date)
    bring_up(settings)
    for week in reported:
        editions.publish(settings, week, origin="manual")
    return reported


def by_airflow(airflow: LocalAirflow, settings: Settings, days: list[date]) -> None:
    """Backfills all of the days, unattended, and prints what that cost and what came of it."""
    reported = report_before(settings, days)
    airflow.fresh_database()
    airflow.sessions.watch()
    try:
        airflow.start(print)
        for done, seconds, spent in thirties(unattended(airflow, days)):
            print(
                f"{done:4} days after {seconds:5.0f} s; {spent:6.3f} processor seconds for each of the last", flush=True
            )
        until_reported(airflow)
    finally:
        airflow.sessions.stop()
    entries = ledger.read(shelf.of(settings))
    made = [(entry.period, entry.edition, entry.origin) for entry in entries if entry.kind == "edition"]
    print(f"reported before: {', '.join(map(str, reported))}; all editions: {made}")
    print(f"mails: {len(list(airflow.mail.glob('*')))}")
    lived = warehouse.digest(settings)
    warehouse.rebuild(settings)
    print(f"digest {lived.digest}, {'as' if lived == warehouse.digest(settings) else 'NOT as'} after a clean rebuild")


def unattended(airflow: LocalAirflow, days: list[date]) -> Iterator[tuple[int, float]]:
    """Runs `python -m etl backfill`; every five seconds the days done and Airflow's processor seconds."""
    command = ["-m", "etl", "--config", airflow.config, "backfill", str(days[0]), str(days[-1]), "--max-active", "6"]
    env = os.environ | {airflow_api.URL_ENV: airflow.url}
    running = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    yield 0, sessions.processor_seconds(airflow.folder / "processes.json")
    done = 0
    while done < len(days) and running.returncode is None:
        with suppress(subprocess.TimeoutExpired):
            running.wait(5)
        airflow.check()
        done = airflow.api.get("dags/ingest_exports/dagRuns", state=FINISHED, limit=1)["total_entries"]
        yield done, sessions.processor_seconds(airflow.folder / "processes.json")
    print(f"exit code {running.wait()}", flush=True)


def thirties(looks: Iterator[tuple[int, float]]) -> Iterator[tuple[int, float, float]]:
    """Whenever about thirty more days are done: how many are, after how long, what each of the thirty cost."""
    begun = time.monotonic()
    before = next(looks)
    for done, spent in looks:
        if done >= before[0] + ENDS:
            yield done, time.monotonic() - begun, (spent - before[1]) / (done - before[0])
            before = done, spent


def until_reported(airflow: LocalAirflow) -> None:
    """Waits for the reports that the backfill has set off."""
    while any(run["state"] not in FINISHED for run in airflow.api.runs("weekly_report")):
        airflow.check()
        time.sleep(1)


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
        if args.airflow:
            by_airflow(airflow, made, days)
        else:
            print(f"a day of {len(days)}           {ends(by_itself(made, days))}")


if __name__ == "__main__":
    main()
