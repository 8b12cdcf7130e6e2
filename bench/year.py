"""A year of days: what one more costs, each measure and `explain` over all of them, and a run with nothing new, by a
real scheduler too."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from bench.backfill import LAST, write_exports
from bench.results import ROOT, Result, Table
from etl import facts, landing, measures, warehouse
from etl import settings as settings_module
from etl.audit import explain
from etl.chain import bring_up
from etl.common import database, periods
from etl.ops import status
from etl.ops.airflow_api import FINISHED
from etl.settings import Settings
from tools.local_airflow import LocalAirflow
from tools.run_samples import write_config

DAYS = 365
TIMES = 5


def brought_up(folder: Path, days: list[date]) -> Settings:
    """A site with a day's export for each of `days`, published."""
    write_exports(folder / "exports", days)
    write_config(folder / "config.toml", 25)
    settings = settings_module.load(folder / "config.toml")
    landing.collect(settings)
    bring_up(settings)
    return settings


def seconds(what: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it took by the clock; with `time.process_time` the processor's seconds, which tell more on a busy
    machine."""
    begun = clock()
    what()
    return clock() - begun


def one_more_day(settings: Settings, day: date) -> float:
    """Processor seconds of making one day anew and publishing it."""

    def make() -> None:
        facts.rebuild_day(settings, day, anew=True)
        warehouse.publish(settings)

    _forget(settings, day)
    return seconds(make, time.process_time)


def _forget(settings: Settings, day: date) -> None:
    """Lets the warehouse think that the day's basis was another, so that publishing takes it in again."""
    with database.connect(settings.storage.warehouse_path, read_only=False) as con:
        con.execute("update partitions set basis = 'before' where data_date = $day", {"day": day})


TASKS = ("land", "stage", "rebuild", "publish")
"""Tasks of the daily DAG that do something of ours when there is nothing new; `judge` has nothing to judge."""
PATIENCE = 300


def nothing_new(config: Path, day: date) -> float:
    """Our own seconds in the tasks of the daily DAG for a day that is done, each in a new process as Airflow has it."""
    return sum(_task(name, config, day) for name in TASKS)


def _task(name: str, config: Path, day: date) -> float:
    command = [sys.executable, "-m", "bench.task", name, str(config), str(day)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def scheduled(folder: Path, day: date) -> list[tuple[float, float]]:
    """Runs of the daily DAG for a day that is done, by a real scheduler: our own seconds, and those from a run's start
    to its end, one measured after the other. The first run, which imports everything anew, is left out."""
    airflow = LocalAirflow(folder, folder / "config.toml")
    airflow.fresh_database()
    airflow.sessions.watch()
    try:
        airflow.start(print)
        return [(nothing_new(airflow.config, day), _run(airflow, day)) for _ in range(TIMES + 1)][1:]
    finally:
        airflow.sessions.stop()


def _run(airflow: LocalAirflow, day: date) -> float:
    run_id, deadline = airflow.trigger("ingest_exports", {"data_date": str(day)}), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        run = airflow.api.get(f"dags/ingest_exports/dagRuns/{quote(run_id)}")
        if run["state"] in FINISHED:
            assert run["state"] == "success", run
            begun, ended = (periods.parse_instant(run[key]) for key in ("start_date", "end_date"))
            return (ended - begun).total_seconds()
        airflow.check()
        time.sleep(0.2)
    raise TimeoutError(f"the run of {day} did not end within {PATIENCE} s")


def asking(table: Table, settings: Settings, last: date) -> None:
    """Adds what following a number back, and looking at the state of things, costs."""
    cell = {"connector": "Scanners and devices", "tls_version": "TLS 1.0"}
    name, week = f"connector-{last - timedelta(days=DAYS // 2)}.csv.gz", periods.week_of(last)
    for title, what in (
        ("a week's cell to its files and records", lambda: explain.explain(settings, week, cell)),
        ("a record to its facts and editions", lambda: explain.explain_record(settings, name, 115)),
        ("`status`", lambda: status.status(settings)),
    ):
        took = min(seconds(what, time.process_time) for _ in range(TIMES))
        table.add(Result(f"{title}, a year of days, the processor's seconds", "–", took, None, "s"))


def asked(settings: Settings, days: list[date]) -> dict[str, float]:
    """The processor's seconds of each measure over all days, the best of a few."""
    parameters: dict[str, Any] = {
        "first_date": days[0], "last_date": days[-1], "before_date": days[-1], "most": 1000, "below": False,
        "connector": "Scanners and devices", "direction": "inbound", "domain": "print.contoso.example",
        "firsts": [periods.week_of(day).first_date for day in days[::7]],
        "lasts": [periods.week_of(day).last_date for day in days[::7]],
    }  # fmt: skip
    found = {}
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        measures.prepare(con)
        for name in measures.names():
            wanted = {key: parameters[key] for key in set(re.findall(r"\$([a-z_]+)", measures.text(name)))}
            try:
                what = partial(measures.measure, con, name, **wanted)
                found[name] = min(seconds(what, time.process_time) for _ in range(TIMES))
            except duckdb.CatalogException:
                print(f"  {name}: asked of an edition's own inputs only")
    return found


def measure(table: Table) -> None:
    """Adds what a year costs to the table."""
    days = periods.days_between(LAST - timedelta(days=DAYS - 1), LAST)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        alone, year = brought_up(Path(one), days[-1:]), brought_up(Path(many), days)
        pairs = [(one_more_day(year, days[-1]), one_more_day(alone, days[-1])) for _ in range(2 * TIMES)]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        title = "rebuild and publish one day in a year of days, the processor's seconds"
        table.add(Result(title, "the same day in an empty warehouse", ours, theirs, "s", "≤ 1.2"))
        found = sorted(asked(year, days).items(), key=lambda item: item[1])
        usual = statistics.median(took for _, took in found)
        (name, worst), title = found[-1], "a measure over a year of facts, the processor's time"
        table.add(Result(f"{title}, median", "–", usual * 1000, None, "ms", "< 100"))
        table.add(Result(f"{title}, worst ({name})", "–", worst * 1000, None, "ms", "< 100"))
        asking(table, year, days[-1])
        idle(table, Path(many), days[-1])


def idle(table: Table, folder: Path, day: date) -> None:
    """Adds what a run of the daily DAG with nothing new costs: what of it is ours, and the rest."""
    title, against = "a run of the daily DAG with nothing new, a year of days", "the whole run by a real scheduler"
    own, whole = (statistics.median(column) for column in zip(*scheduled(folder, day), strict=True))
    table.add(Result(f"{title}: ours", against, own, whole, "s"))
    table.add(Result(f"{title}: Airflow's", against, whole - own, whole, "s"))
