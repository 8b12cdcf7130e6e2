"""Airflow: `ingest_exports`, one run for each data date."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import CronPartitionTimetable, Param, TriggerRule, dag, task

from dags import _shared
from etl.common import periods

DOC = """
Lands the exports of one day, stages them, rebuilds every day that is out of date, and publishes the warehouse.

- The run's **partition** is its data date: the run of 05:00 on the 17th is about the 16th. By hand, give `data_date`.
- Every task can run again at any time: it finds what is done and does the rest.
- A file that can't be read is quarantined, the rest goes on; **judge** fails the run at its end when something was
  quarantined, or expected and missing. Everything else has been done by then.
- Where a period that was reported before changed, **report_again** has `weekly_report` make its next edition.
- For many days: `python -m etl backfill 2026-11-09 2026-11-15`.
"""


@dag(
    dag_display_name="Ingest exports",
    description="Land, stage, rebuild, publish: one day's exports",
    doc_md=DOC,
    schedule=CronPartitionTimetable(
        "0 5 * * *", timezone=_shared.settings_at_parse().report.time_zone, run_offset=-1, key_format="%Y-%m-%d"
    ),
    start_date=_shared.START_DATE,
    catchup=False,
    max_active_runs=16,
    params={"data_date": Param(None, type=["null", "string"], format="date", description="The day, 2026-11-16")},
    default_args=_shared.task_defaults(minutes=120),
    tags=["transit-ledger"],
)
def ingest_exports() -> None:
    """The chain of one day."""

    @task(doc_md="Copies the day's exports unchanged and notes receipts.")
    def land(params: dict[str, Any] | None = None, dag_run: Any = None, ti: Any = None) -> list[list[list[str]]]:
        from etl import chain

        day = _shared.data_date(params or {}, dag_run.partition_key)
        found = chain.land(_shared.settings_for_task(), data_date=day).as_plain()
        ti.xcom_push("missing", found["missing"])
        ti.xcom_push("left", [item for item in found["files"] if item["result"] in ("too large", "unreadable")])
        return _shared.batches([[item["source"], item["sha256"]] for item in found["files"] if item["sha256"]])

    @task(doc_md="Reads landed files into typed records; names the quarantined ones.")
    def stage(batch: list[list[str]]) -> list[str]:
        from etl import chain

        return chain.stage(_shared.settings_for_task(), batch)

    @task(trigger_rule=TriggerRule.ALL_DONE, doc_md="Makes every out-of-date day's facts anew.")
    def rebuild() -> list[str]:
        from etl import chain

        return [str(day) for day, changed in chain.rebuild(_shared.settings_for_task()).items() if changed]

    @task(
        trigger_rule=TriggerRule.ALL_DONE,
        pool=_shared.POOL,
        doc_md="Swaps the warehouse; names the editions that are out of date.",
    )
    def publish(rebuilt: list[str] | None, dag_run: Any = None, ti: Any = None) -> list[dict[str, Any]]:
        from etl import chain

        settings = _shared.settings_for_task()
        changed = {periods.parse_day(day) for day in rebuilt or []} | set(chain.publish(settings))
        origin = "backfill" if dag_run.run_type == "backfill" else "correction"
        reports = []
        for period, mark in chain.outdated(settings, changed).items():
            run_id = f"{origin}__{period}__{mark}"  # whoever finds it out of date sets off that one
            if ti.get_dr_count(dag_id="weekly_report", run_ids=[run_id], states=["failed"]):
                run_id += f"__{dag_run.run_id[-8:]}"
            reports.append({"trigger_run_id": run_id, "conf": {"period": str(period), "origin": origin}})
        return reports

    @task(trigger_rule=TriggerRule.NONE_FAILED, retries=0, doc_md="Fails the run if a person has to look.")
    def judge(missing: list[list[str]], left: list[dict[str, Any]], quarantined: Any) -> None:
        _shared.fail_if_attention_needed(missing, left, [text for texts in quarantined or [] for text in texts])

    landed = land()
    staged = stage.expand(batch=landed)
    rebuilt = rebuild()
    published = publish(rebuilt)
    again = TriggerDagRunOperator.partial(
        task_id="report_again", trigger_dag_id="weekly_report", logical_date=None, skip_when_already_exists=True
    ).expand_kwargs(published)
    staged >> rebuilt
    again >> judge(landed["missing"], landed["left"], staged)


ingest_exports()
