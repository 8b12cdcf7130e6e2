"""Run by the tests in a process of its own: `probe.py bag` describes the DAGs, `probe.py test DAG CONF` runs one."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

DAGS = ("ingest_exports", "weekly_report", "verify_archive")


def bag() -> dict[str, Any]:
    """What importing the DAG files gives, and which heavy modules that brought in."""
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    before = set(sys.modules)
    found = DagBag(conf.get("core", "dags_folder"))
    heavy = {name.partition(".")[0] for name in set(sys.modules) - before}
    return {
        "errors": found.import_errors,
        "heavy": sorted(heavy & {"duckdb", "weasyprint", "altair", "vl_convert", "pandas", "pyhanko"}),
        "dags": {dag_id: describe(dag) for dag_id, dag in found.dags.items()},
    }


def describe(dag: Any) -> dict[str, Any]:
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
        "timetable": type(dag.timetable).__name__,
        "catchup": dag.catchup,
        "doc": bool(dag.doc_md),
    }


def test(dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Runs the DAG with `dag.test()`: the state of the run, and of every task instance."""
    import importlib

    importlib.import_module(f"dags.{dag_id}")
    from airflow.configuration import conf as airflow_conf
    from airflow.dag_processing.dagbag import DagBag

    found = DagBag(airflow_conf.get("core", "dags_folder"))
    run = found.dags[dag_id].test(run_conf=conf)
    states: dict[str, list[str]] = {}
    for item in run.get_task_instances():
        states.setdefault(item.task_id, []).append(str(item.state))
    return {"run": str(run.state), "tasks": states}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    answer = bag() if sys.argv[1] == "bag" else test(sys.argv[2], json.loads(sys.argv[3]))
    print()
    print(json.dumps(answer))
