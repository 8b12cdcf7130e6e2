"""Airflow: `verify_archive`, once a day."""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task

from dags import _shared
from etl.common.errors import ArchiveBroken

DOC = """
Reads the whole archive again and holds it against its ledger: altered, missing, extra, reordered or cut off.

The first bad edition fails the run, and ops are told. Nothing is repaired; the runbook says what to do.
"""


NEXT_STEP = "keep everything as it is, and read docs/runbook.md on a broken archive"


@dag(
    dag_display_name="Verify the archive",
    description="Re-check every archived edition against the ledger",
    doc_md=DOC,
    schedule=CronTriggerTimetable("30 4 * * *", timezone=_shared.settings_at_parse().report.time_zone),
    start_date=_shared.START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=_shared.task_defaults(minutes=240),
    tags=["transit-ledger"],
)
def verify_archive() -> None:
    """One task."""

    @task(doc_md="Fails on the first finding, with its edition.")
    def verify() -> None:
        from etl.archive import shelf
        from etl.audit import verify

        findings = verify.verify(shelf.of(_shared.settings_for_task()))
        for finding in findings:
            print(finding)
        if findings:
            raise ArchiveBroken(f"{len(findings)} finding(s) in the archive, the first: {findings[0]}", "", NEXT_STEP)

    verify()


verify_archive()
