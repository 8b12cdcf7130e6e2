"""Airflow: `weekly_report`, one run for each period that is reported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from dags import _shared
from etl.common import periods
from etl.common.words import DELIVERED

DOC = """
Makes the edition of a period, archives it, and delivers it.

- Without parameters: the week before the run's date, in the report's time zone (and a month that ended in it, where
  months are reported). It waits up to `[report] wait_hours` for the days to settle, then goes out marked provisional.
- `period` (2026-W47, 2026-11, 2026-11-16..2026-11-22) names another; it does not wait for exports.
- `origin`: editions of origin *scheduled* or *correction* are delivered; *backfill* and *manual* ones (the default by
  hand) are archived only, and `python -m etl send --to` is their way out.
- Nothing new to say makes no new edition; what was delivered is not delivered again.
"""

SETTINGS = _shared.settings_at_parse()


@dag(
    dag_display_name="Weekly report",
    description="Measure, judge, render, archive; then deliver",
    doc_md=DOC,
    schedule=CronTriggerTimetable(SETTINGS.report.schedule, timezone=SETTINGS.report.time_zone),
    start_date=_shared.START_DATE,
    catchup=False,
    max_active_runs=1,
    params={
        "period": Param(None, type=["null", "string"], description="2026-W47, 2026-11 or 2026-11-16..2026-11-22"),
        "origin": Param(None, type=["null", "string"], enum=[None, "scheduled", "correction", "backfill", "manual"]),
    },
    default_args=_shared.task_defaults(minutes=60),
    tags=["transit-ledger"],
)
def weekly_report() -> None:
    """The chain of one report."""

    @task.sensor(
        mode="reschedule",
        poke_interval=5,
        exponential_backoff=True,
        max_wait=timedelta(minutes=10),
        timeout=(SETTINGS.report.wait_hours + 1) * 3600,
        doc_md="Waits for exports that are expected, and for ingesting runs to end.",
    )
    def settle(params: dict[str, Any] | None = None, dag_run: Any = None, ti: Any = None) -> bool:
        from etl.ops import attention

        settings = _shared.settings_for_task()
        if periods.now() >= dag_run.run_after + timedelta(hours=settings.report.wait_hours):
            return True
        if ti.get_dr_count(dag_id="ingest_exports", states=["queued", "running"]):
            print("An ingesting run is under way.")
            return False
        if (params or {}).get("period"):
            return True
        waiting = attention.awaited(settings, _shared.due_periods(params or {}, dag_run.run_after, settings))
        print("\n".join(waiting) or "Nothing is awaited.")
        return not waiting

    @task(doc_md="Measures, judges, renders and enters an edition, if its basis is new. Sends nothing.")
    def publish(params: dict[str, Any] | None = None, dag_run: Any = None) -> list[dict[str, Any]]:
        from etl.archive import editions

        settings, origin = _shared.settings_for_task(), _shared.origin(params or {}, dag_run.run_type)
        made = {
            str(period): editions.publish(settings, period, origin=origin)
            for period in _shared.due_periods(params or {}, dag_run.run_after, settings)
        }
        return [{"period": period, "edition": item.edition, "new": item.new} for period, item in made.items()]

    @task(doc_md="Delivers what is still open of the editions; renders nothing. Fails where a mail needs a person.")
    def deliver(
        published: list[dict[str, Any]], params: dict[str, Any] | None = None, dag_run: Any = None
    ) -> list[dict[str, Any]]:
        from etl import delivery

        settings, origin = _shared.settings_for_task(), _shared.origin(params or {}, dag_run.run_type)
        if origin not in DELIVERED:
            raise AirflowSkipException(f"An edition of origin {origin} is archived, not delivered.")
        if settings.smtp is None:
            raise AirflowSkipException("The settings have no [smtp]: the edition is archived, not delivered.")
        done = delivery.deliver_due(settings, [periods.parse_period(item["period"]) for item in published])
        delivery.raise_if_unsent(done)
        return [{"edition": sent.edition, "state": sent.state} for sent in done]

    published = publish()
    settle() >> published
    deliver(published)


weekly_report()
