"""Has Airflow run `ingest_exports` for exactly the days asked for, finished ones too, and says what came of it.

Airflow compares the *instant* of a day's partition, cron time included, with the ends of the range, and reads their
clock in the DAG's own zone. So the range asked for is from midnight to the last second: in every zone, and over both
changes of the clocks, exactly the days of the calendar. Days in flight it leaves out with no more than a log line;
here they are found and named.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from etl.common import periods
from etl.common.errors import Busy, Terminal, Transient
from etl.ops.airflow_api import FINISHED, Airflow, AirflowRefused

DAG = "ingest_exports"

OVERLAP = timedelta(minutes=1)
"""So much earlier than the newest end seen a run may have ended that is seen only now."""

Which = Literal["completed", "failed"]
"""`completed`: every day, finished ones too; `failed`: only those that failed or never ran."""


class DayNotRun(Terminal):
    """Airflow did not create a run for every day asked for."""

    exit_code = 1


class BackfillStalled(Transient):
    """The runs made no progress within the time allowed."""


@dataclass(frozen=True)
class DayRun:
    """The end of one day's run: Airflow's state, and the tasks that failed."""

    data_date: date
    run_id: str
    state: str
    failed_tasks: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the run ended well."""
        return self.state == "success"


def body(first: date, last: date, which: Which, max_active_runs: int) -> dict[str, Any]:
    """What Airflow is asked for: both ends included, as clock readings that it takes in the DAG's own zone."""
    return {
        "dag_id": DAG,
        "from_date": f"{first}T00:00:00Z",
        "to_date": f"{last}T23:59:59Z",
        "reprocess_behavior": which,
        "max_active_runs": max_active_runs,
    }


def planned(airflow: Airflow, first: date, last: date, which: Which = "completed") -> list[date]:
    """The days that Airflow would run now, in order: those in flight are not among them."""
    answer = airflow.post("backfills/dry_run", body(first, last, which, 1))
    return sorted(periods.parse_day(item["partition_key"]) for item in answer["backfills"])


def in_flight(airflow: Airflow, first: date, last: date) -> list[date]:
    """The days of which a run is queued or running, in order."""
    return sorted({day for day, run in _runs(airflow, first, last) if run["state"] not in FINISHED})


def create(
    airflow: Airflow, first: date, last: date, *, which: Which = "completed", max_active_runs: int = 4
) -> dict[date, str]:
    """Starts the backfill; the created runs' ids by day.

    Raises `Busy` where another backfill of the DAG is running, and `DayNotRun` where Airflow created other runs than
    it had to: every day of the range, or with `which="failed"` those that it planned.
    """
    if airflow.get(f"dags/{DAG}")["is_paused"]:
        raise DayNotRun(f"the DAG {DAG} is paused: its runs would never start", "", "unpause it and try again")
    wanted = periods.days_between(first, last) if which == "completed" else planned(airflow, first, last, which)
    if not wanted:
        return {}
    before = {run["dag_run_id"] for _, run in _runs(airflow, first, last)}
    _close_ended(airflow)
    try:
        airflow.post("backfills", body(first, last, which, max_active_runs))
    except AirflowRefused as error:
        if error.status != 409:
            raise
        raise Busy("another backfill is running", "one at a time", "try again when it is done") from None
    made = {day: run["dag_run_id"] for day, run in _runs(airflow, first, last) if run["dag_run_id"] not in before}
    _check(wanted, made)
    return made


def _close_ended(airflow: Airflow) -> None:
    """Airflow notes up to half a minute late that a backfill has ended, and until then takes no other: this notes it
    for those that have runs, none of them open."""
    for item in airflow.get("backfills", dag_id=DAG, limit=10, order_by="-id")["backfills"]:
        if item["completed_at"]:
            continue
        runs = airflow.runs(DAG, run_type="backfill", run_after_gte=item["from_date"])
        own = [run for run in runs if run["queued_at"] and run["queued_at"] >= item["created_at"]]
        if own and all(run["state"] in FINISHED for run in own):
            airflow.put(f"backfills/{item['id']}/cancel")


def _check(wanted: list[date], made: Mapping[date, str]) -> None:
    left_out = [str(day) for day in wanted if day not in made]
    unasked = [str(day) for day in sorted(made) if day not in wanted]
    if left_out:
        raise DayNotRun(
            f"Airflow did not create {len(left_out)} of {len(wanted)} runs: {', '.join(left_out)}",
            "one for each day",
            "they were in flight; run the backfill for them again when they have ended",
        )
    if unasked:
        raise DayNotRun(f"Airflow created runs that nobody asked for: {', '.join(unasked)}", "only the days asked for")


def wait(
    airflow: Airflow,
    runs: Mapping[date, str],
    *,
    stall_seconds: float = 1800,
    poll_seconds: float = 1,
    at_each_look: Callable[[], None] = lambda: None,
) -> Iterator[DayRun]:
    """Yields each run as it ends, looking every `poll_seconds` and calling `at_each_look` then.

    Raises `BackfillStalled` where none ends for `stall_seconds`.
    """
    open_runs = dict(runs)
    patience = time.monotonic() + stall_seconds
    newest: dict[str, str] = {}
    while open_runs:
        at_each_look()
        found = [run for _, run in _runs(airflow, min(open_runs), max(open_runs), state=FINISHED, **newest)]
        newest = _since(found) or newest
        states = {run["dag_run_id"]: run["state"] for run in found}
        ended = [day for day, run_id in open_runs.items() if states.get(run_id) in FINISHED]
        for day in sorted(ended):
            run_id = open_runs.pop(day)
            tasks = () if states[run_id] == "success" else failed_tasks(airflow, run_id)
            yield DayRun(day, run_id, states[run_id], tasks)
        if ended:
            patience = time.monotonic() + stall_seconds
        elif time.monotonic() > patience:
            raise BackfillStalled(
                f"no run ended for {stall_seconds:.0f} s; open: {', '.join(map(str, sorted(open_runs)))}",
                "the scheduler at work",
                "look at Airflow's scheduler and at the pool 'warehouse'",
            )
        if open_runs:
            time.sleep(poll_seconds)


def _since(ended: list[dict[str, Any]]) -> dict[str, str]:
    """What the next look asks of ended runs: those of the last minute, by Airflow's own clock. Asking for a year of
    runs at each look would cost more than running them."""
    newest = max((run["end_date"] for run in ended if run["end_date"]), default=None)
    return {"end_date_gte": periods.instant(periods.parse_instant(newest) - OVERLAP)} if newest else {}


def failed_tasks(airflow: Airflow, run_id: str) -> tuple[str, ...]:
    """The names of a run's tasks that failed, each once."""
    return tuple(dict.fromkeys(item["task_id"] for item in airflow.failed_tasks(DAG, run_id)))


def _runs(airflow: Airflow, first: date, last: date, **query: Any) -> list[tuple[date, dict[str, Any]]]:
    """All runs of the DAG for the days that fit the query, with their day. A backfill's run is stamped with its
    partition's instant, a scheduled one with the next; a zone is at most 14 hours from UTC."""
    from_day, to_day = first - timedelta(days=1), last + timedelta(days=3)
    found = airflow.runs(DAG, run_after_gte=f"{from_day}T00:00:00Z", run_after_lte=f"{to_day}T00:00:00Z", **query)
    dated = [(periods.parse_day(run["partition_key"]), run) for run in found if run["partition_key"]]
    return [(day, run) for day, run in dated if first <= day <= last]
