"""What the DAGs share: which day or period a run is about, retries, alerts, and the settings with Airflow's secrets.

Nothing heavy is imported here at the top: Airflow reads these files every half minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection, ExceptionRetryPolicy, RetryAction, RetryRule

from etl import settings as settings_module
from etl.common import periods
from etl.common.errors import Terminal, UsageInvalid
from etl.common.periods import Period
from etl.common.words import Origin

if TYPE_CHECKING:
    from airflow.sdk import Context

    from etl.settings import Settings

POOL = "warehouse"
"""A pool of one slot: publishing runs alone. There is a lock in the code too, since pools are easily edited."""

START_DATE = datetime.fromisoformat(os.environ.get("TRANSIT_LEDGER_START_DATE", "2020-01-01T00:00:00+00:00"))
"""The schedules make no run before it. A backfill and a manual run don't ask."""

RETRY_DELAY = timedelta(seconds=int(os.environ.get("TRANSIT_LEDGER_RETRY_SECONDS", "60")))
"""How long a task that failed waits before it is tried again."""


class NeedsAttention(Terminal):
    """The run did all it could, and found something that a person has to look at."""


@lru_cache(maxsize=1)
def settings_at_parse() -> Settings:
    """The settings of `$TRANSIT_LEDGER_CONFIG`, for zone and schedule; no secrets, nothing opened."""
    return settings_module.load()


def settings_for_task() -> Settings:
    """The settings for a task, with server and secrets of the Airflow connection that `[smtp] connection` names."""
    settings = settings_module.load()
    if settings.smtp is None or not settings.smtp.connection:
        return settings
    stated = smtp_fields(Connection.get(settings.smtp.connection))
    kept = {"user": settings.smtp.user, "password": settings.smtp.password}
    smtp = settings_module.Smtp.model_validate(settings.smtp.model_dump() | kept | stated)
    return settings.model_copy(update={"smtp": smtp})


def smtp_fields(connection: Any) -> dict[str, Any]:
    """The fields of `[smtp]` that an Airflow connection states: host, port, user, password, security (an extra)."""
    stated = {
        "host": connection.host,
        "port": connection.port,
        "user": connection.login,
        "password": connection.password,
        "security": connection.extra_dejson.get("security"),
    }
    return {key: value for key, value in stated.items() if value not in (None, "")}


def data_date(params: Mapping[str, Any], partition_key: str | None) -> date:
    """The day that a run is about: the explicit parameter `data_date`, else the run's partition key.

    Raises `UsageInvalid` where neither is given (never "yesterday"), or both are and differ.
    """
    explicit = params.get("data_date")
    if explicit and partition_key and explicit != partition_key:
        raise UsageInvalid(
            f"data_date is {explicit} and the run's partition is {partition_key}",
            "one day for one run",
            "leave the parameter data_date out of scheduled runs and backfills",
        )
    day = explicit or partition_key
    if not day:
        raise UsageInvalid(
            "the run names no day",
            "the parameter data_date, or a partition",
            'run it again with the configuration {"data_date": "2026-11-16"}',
        )
    return periods.parse_day(str(day))


def origin(params: Mapping[str, Any], run_type: str) -> Origin:
    """Why an edition is made: the explicit parameter `origin`, else what kind of run it is."""
    by_run: dict[str, Origin] = {"scheduled": "scheduled", "backfill": "backfill"}
    return params.get("origin") or by_run.get(run_type, "manual")


def due_periods(params: Mapping[str, Any], run_after: datetime, settings: Settings) -> list[Period]:
    """What a run of the report is about: the explicit parameter `period`, else what had ended when it was due.

    That is the week before the run's local date and, where months are reported, the month whose last day lies in it.
    """
    if params.get("period"):
        return [periods.parse_period(str(params["period"]))]
    week = periods.week_of(periods.data_date(run_after, settings.report.time_zone)).before
    ended = [periods.month_of(day) for day in week.days if periods.month_of(day).last_date == day]
    kinds = settings.report.periods
    return ([week] if "week" in kinds else []) + (ended if "month" in kinds else [])


def retry_policy() -> ExceptionRetryPolicy:
    """Terminal errors fail at once; transient ones, and those nobody foresaw, are tried again."""
    return ExceptionRetryPolicy(
        rules=[
            RetryRule("etl.common.errors.Terminal", RetryAction.FAIL, reason="trying again gives the same result"),
            RetryRule("etl.common.errors.Transient", RetryAction.RETRY, RETRY_DELAY, reason="it may pass by itself"),
        ]
    )


def task_defaults(minutes: int) -> dict[str, Any]:
    """Default arguments of a DAG's tasks: retries by error type, a timeout, and the alert when a task has failed."""
    return {
        "retries": 2,
        "retry_delay": RETRY_DELAY,
        "retry_policy": retry_policy(),
        "execution_timeout": timedelta(minutes=minutes),
        "on_failure_callback": alert,
    }


def alert(context: Context) -> None:
    """Tells `[alerts] recipients`, and nobody else, that a task failed for good."""
    from etl.ops import alerts

    instance, run = context["task_instance"], context["dag_run"]
    about = context["params"].get("data_date") or run.partition_key or context["params"].get("period") or run.run_id
    error = context.get("exception") or context.get("reason") or "Airflow told no reason."
    alerts.send(
        settings_for_task(),
        subject=f"Failed: {instance.dag_id}, {instance.task_id}, {about}",
        text=f"{error}\n\nRun: {run.run_id}\nThe task's log in Airflow tells more. Next: python -m etl status\n",
    )


def batches(items: Sequence[Any], at_most: int = 32) -> list[list[Any]]:
    """`items` in at most `at_most` lists of nearly equal length: a task for each, however many files came."""
    return [list(items[start::at_most]) for start in range(min(at_most, len(items)))]


def fail_if_attention_needed(
    missing: Iterable[Sequence[str]], left: Iterable[Mapping[str, Any]], quarantined: Iterable[str]
) -> None:
    """Raises `NeedsAttention` naming each export that is missing, could not be landed, or was quarantined."""
    found = [f"{source}: the export of {day} is missing" for source, day in missing]
    found += [f"{item['source']}: {item['name']} was left where it is: {item['reason']}" for item in left]
    found += list(quarantined)
    if found:
        raise NeedsAttention(
            f"{len(found)} thing(s) to look at: {'; '.join(found)}",
            "every expected export, and every export readable",
            "all other files are counted and published; bring what is missing or corrected and run the day again",
        )
