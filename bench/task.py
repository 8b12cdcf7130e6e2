"""What a task of the daily DAG does for a day that is done, in a process of its own; prints the seconds it took.

    python -m bench.task land|stage|rebuild|publish CONFIG DAY

What the task imports is part of it; what Airflow needs to start one is not.
"""

import sys
import time

begun = time.perf_counter()

from datetime import date  # noqa: E402  what the task imports is measured
from pathlib import Path  # noqa: E402

from etl import settings as settings_module  # noqa: E402


def run(task: str, config: Path, day: date) -> None:
    """As in dags/ingest_exports.py."""
    settings = settings_module.load(config)
    if task == "land":
        from etl import chain

        chain.land(settings, data_date=day).as_plain()
    elif task == "stage":
        from etl import chain
        from etl.landing import evidence

        files = [item for source in settings.sources for item in evidence.landed(settings, source.name).values()]
        chain.stage(settings, [[item.receipt.source, item.receipt.sha256] for item in files[-1:]])
    elif task == "rebuild":
        from etl import chain

        assert chain.rebuild(settings) == {}
    else:
        from etl import chain

        chain.outdated(settings, chain.publish(settings))


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))
    print(time.perf_counter() - begun)
