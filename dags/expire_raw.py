"""Airflow: `expire_raw`, once a day."""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, task

from dags import _shared

DOC = """
Removes raw data whose time is over, as `[retention]` says: first it seals the days, then their landed and staged files
go, and mails as sent past their own time. Facts, receipts, counts and editions stay for good.

- What no sealed day covers is never touched: a quarantined file, a file with an open day.
- With `dry_run` it only says what it would do. `python -m etl expire --dry-run` says the same.
- Without numbers in `[retention]` it does nothing. Killed anywhere, the next run does the rest.
"""


@dag(
    dag_display_name="Expire raw data",
    description="Seal old days, then remove their landed and staged files",
    doc_md=DOC,
    schedule=CronTriggerTimetable("30 3 * * *", timezone=_shared.settings_at_parse().report.time_zone),
    start_date=_shared.START_DATE,
    catchup=False,
    max_active_runs=1,
    params={"dry_run": Param(False, type="boolean", description="Only say what would be sealed and removed")},
    default_args=_shared.task_defaults(minutes=240),
    tags=["transit-ledger"],
)
def expire_raw() -> None:
    """Seal and remove; then tell the warehouse."""

    @task(doc_md="Seals days and removes files; the log names each.")
    def expire(params: dict[str, Any] | None = None) -> dict[str, int]:
        from etl.ops import retention

        settings, only_say = _shared.settings_for_task(), bool((params or {}).get("dry_run"))
        wanted = retention.plan_now(settings)
        print("\n".join(retention.told(wanted, only_say=only_say)))
        if not only_say:
            retention.carry_out(settings, wanted, who="airflow")
        return {"days": len(wanted.seal), "files": len(wanted.remove), "mails": len(wanted.mails)}

    @task(pool=_shared.POOL, doc_md="Publishes which days are sealed.")
    def publish() -> list[str]:
        from etl import chain

        return [str(day) for day in chain.publish(_shared.settings_for_task())]

    expire() >> publish()


expire_raw()
