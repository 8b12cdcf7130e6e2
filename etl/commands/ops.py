"""Commands for ops: `backfill` and `check`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from etl import backfill as backfilling
from etl import checks, periods
from etl.commands import console
from etl.commands.console import Context
from etl.errors import UsageInvalid
from etl.scheduler import Airflow

_FIRST = typer.Argument(help="The first day, 2026-11-09.", metavar="D1")
_LAST = typer.Argument(help="The last day, itself included, 2026-11-15.", metavar="D2")


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command("backfill")(backfill)
    app.command("check")(check)


def backfill(
    context: typer.Context,
    d1: Annotated[str, _FIRST],
    d2: Annotated[str, _LAST],
    dry_run: Annotated[bool, typer.Option(help="Only show the runs that Airflow would make.")] = False,
    max_active_runs: Annotated[int, typer.Option(min=1, help="At most so many days at once.")] = 4,
    unfinished: Annotated[bool, typer.Option(help="Leave out the days that ended well before.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the runs to end, and say how each did.")] = True,
) -> None:
    """Has Airflow run exactly those days, finished ones too, and says if it did. Mails no report to anybody.

    Exit code 0: every day was run (without waiting: created) and ended well; 1: not all; 75: try again later.
    """
    context.obj.settings()
    first, last = periods.parse_day(d1), periods.parse_day(d2)
    if last < first:
        raise UsageInvalid(f"{d2} is before {d1}", "the first day, then the last")
    airflow = Airflow.from_environment()
    which: backfilling.Which = "failed" if unfinished else "completed"
    if dry_run:
        _show_plan(airflow, first, last, which)
        return
    created = backfilling.create(airflow, first, last, which=which, max_active_runs=max_active_runs)
    console.say(f"{len(created)} run(s) created" + (f", {min(created)} to {max(created)}" if created else ""))
    if wait and not _all_well(airflow, created):
        raise typer.Exit(1)


def _show_plan(airflow: Airflow, first: date, last: date, which: backfilling.Which) -> None:
    days = backfilling.planned(airflow, first, last, which)
    busy = backfilling.in_flight(airflow, first, last)
    wanted = periods.days_between(first, last)
    rows = [(day, "would run" if day in days else "in flight" if day in busy else "ended well") for day in wanted]
    console.table(["data date", "run"], rows)
    console.say(f"{len(days)} of {len(wanted)} day(s) would run")


def _all_well(airflow: Airflow, created: dict[date, str]) -> bool:
    well = 0
    with console.progress() as bar:
        task = bar.add_task("days", total=len(created))
        for run in backfilling.wait(airflow, created):
            failed = f" in {', '.join(run.failed_tasks)}" if run.failed_tasks else ""
            console.say(f"{run.data_date}: {'done' if run.succeeded else 'failed' + failed}")
            well += run.succeeded
            bar.advance(task)
    console.say(f"{well} of {len(created)} day(s) ended well")
    return well == len(created)


def check(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As a list of objects.")] = False,
) -> None:
    """Tries settings and surroundings: sources, storage, mail server, fonts and system libraries.

    Exit code 0: all is well; 1: something is not (warnings alone are well); 78: the settings are wrong.
    """
    state: Context = context.obj
    found = list(checks.run(state.settings()))
    if as_json:
        console.emit_json([vars(item) for item in found])
    else:
        console.table(["", "what", "found", "next"], [(i.verdict, i.subject, i.found, i.next_step) for i in found])
    if any(item.verdict == "wrong" for item in found):
        raise typer.Exit(1)
