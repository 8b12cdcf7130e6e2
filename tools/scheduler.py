"""`airflow scheduler`, with what the tasks import already imported: its workers are forks and need not do it again.

Each task is a new process. On a small machine importing the same modules again is more than half of what a task costs.
After an upgrade the scheduler has to be started anew: its tasks have the program as it was.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module

from airflow.__main__ import main

from etl import formats, settings
from etl.common.errors import TransitLedgerError
from etl.formats import zones

USED = (
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.timeout",
    "dags._shared",
    "etl.archive.outdated",
    "etl.chain",
    "jinja2.ext",
)
"""What the tasks of the daily DAG import, by themselves or through Airflow."""


def warm() -> None:
    """Imports all that, the readers of the sources too, and works out their days, which each staging would do again."""
    for name in USED:
        import_module(name)
    with suppress(TransitLedgerError):  # what is wrong with the settings is told where they are used
        found = settings.load()
        for source in found.sources:
            formats.reader(source.format)
            zones.texts(found.report.time_zone, source.time_zone)


if __name__ == "__main__":
    warm()
    sys.argv = ["airflow", "scheduler"]
    main()
