"""Run by the tests in a process of its own, since Airflow takes seconds to import: what the DAGs are, and how they run.

probe.py describe             what importing the DAG files gives
probe.py days ZONES           which days Airflow makes runs for, by its own timetable
probe.py story STEPS          runs DAGs with `dag.test()`, one after the other; the states of every task instance
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import date, datetime, timedelta
from typing import Any

HEAVY = {"duckdb", "weasyprint", "vl_convert", "pandas", "pyhanko", "cryptography"}


def bag() -> Any:
    """The DAG files as Airflow imports them."""
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(conf.get("core", "dags_folder"))


def describe() -> dict[str, Any]:
    """What importing the DAG files gives, and which heavy modules that brought in."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: F401  what Airflow itself brings is not counted

    before = set(sys.modules)
    found = bag()
    heavy = {name.partition(".")[0] for name in set(sys.modules) - before}
    return {
        "errors": found.import_errors,
        "heavy": sorted(heavy & HEAVY),
        "dags": {dag_id: described(dag) for dag_id, dag in found.dags.items()},
    }


def described(dag: Any) -> dict[str, Any]:
    """A DAG's structure as plain values."""
    return {
        "tasks": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
        "rules": {task.task_id: getattr(task.trigger_rule, "value", task.trigger_rule) for task in dag.tasks},
        "pools": {task.task_id: task.pool for task in dag.tasks},
        "retries": {task.task_id: task.retries for task in dag.tasks},
        "policies": [task.task_id for task in dag.tasks if task.retry_policy is None],
        "timeouts": [task.task_id for task in dag.tasks if task.execution_timeout is None],
        "silent": [task.task_id for task in dag.tasks if not task.on_failure_callback],
        "mapped": [task.task_id for task in dag.tasks if task.is_mapped],
        "params": sorted(dag.params),
        "timetable": type(dag.timetable).__name__,
        "schedule": [dag.timetable.expression, str(dag.timetable.timezone)],
        "catchup": dag.catchup,
        "doc": bool(dag.doc_md),
    }


def days(zones: list[str], spans: list[list[str]]) -> dict[str, dict[str, list[str]]]:
    """For each zone, the days that a backfill of each span makes runs for, and those that the schedule's runs from the
    day after its first to the day after its last are about, both by the timetable of `ingest_exports` in that zone."""
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.trigger import CronPartitionTimetable
    from dateutil.tz import gettz

    from etl.ops import backfill

    own = bag().dags["ingest_exports"].timetable
    found: dict[str, dict[str, list[str]]] = {}
    for zone in zones:
        kind = {"timezone": zone, "run_offset": -1, "key_format": own.key_format}
        timetable = CronPartitionTimetable(own.expression, **kind)
        found[zone] = {"backfill": [], "schedule": []}
        for first, last in ([date.fromisoformat(day) for day in span] for span in spans):
            asked = backfill.body(first, last, "completed", 1)
            ends = [datetime.fromisoformat(asked[key]) for key in ("from_date", "to_date")]
            runs = timetable.iter_partition_dagrun_infos(earliest=ends[0], latest=ends[1])
            found[zone]["backfill"] += [str(run.partition_key) for run in runs]
            at = datetime(first.year, first.month, first.day, 23, tzinfo=gettz(zone))
            made = None
            for _ in range((last - first).days + 1):
                restriction = TimeRestriction(earliest=at, latest=None, catchup=True)
                made = timetable.next_dagrun_info_v2(last_dagrun_info=made, restriction=restriction)
                found[zone]["schedule"].append(str(made.partition_key))
                local = made.run_after.astimezone(gettz(zone))
                assert local.date() - timedelta(days=1) == date.fromisoformat(made.partition_key), local
    return found


def story(steps: list[list[Any]]) -> list[dict[str, Any]]:
    """Runs each step (a DAG and its conf) with `dag.test()`: the state of the run and of every task instance, and what
    runs of `weekly_report` it set off."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    found, told, known = bag(), [], set()
    for dag_id, conf in steps:
        run = found.dags[dag_id].test(run_conf=conf)
        states: dict[str, list[str]] = {}
        for item in run.get_task_instances():
            states.setdefault(item.task_id, []).append(str(item.state))
        with create_session() as session:
            reports = session.scalars(select(DagRun).where(DagRun.dag_id == "weekly_report")).all()
            new = [(item.run_id, item.conf) for item in reports if item.run_id not in known]
        known |= {run_id for run_id, _ in new}
        set_off = [conf for run_id, conf in new if run_id != run.run_id]
        told.append({"run": str(run.state), "tasks": states, "set_off": set_off})
    return told


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    does = {"describe": describe, "days": days, "story": story}[sys.argv[1]]
    answer = does(*(json.loads(text) for text in sys.argv[2:]))
    print()
    print(json.dumps(answer))
