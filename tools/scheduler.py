"""`airflow scheduler`, with what the tasks import already imported: its workers are forks and need not do it again.

Each task is a new process. On a small machine importing the same modules 175 times is a third of all the work.
"""

from __future__ import annotations

import sys

import airflow.providers.standard.operators.trigger_dagrun
import airflow.sdk  # noqa: F401  imported for the forks
from airflow.__main__ import main

import etl.archive.outdated
import etl.attention
import etl.facts
import etl.landing
import etl.warehouse  # noqa: F401  imported for the forks

if __name__ == "__main__":
    sys.argv = ["airflow", "scheduler"]
    main()
