"""Commands for ops: `status`, `check` and `backfill`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl.cli import console
from etl.cli.console import Context
from etl.common import periods
from etl.common.errors import UsageInvalid

if TYPE_CHECKING:
    from etl.ops.airflow_api import Airflow
    from etl.ops.backfill import Which

_FIRST = typer.Argument(help="The first day, 2026-11-09.", metavar="D1")
_LAST = typer.Argument(help="The last day, itself included, 2026-11-15.", metavar="D2")


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command("status")(status)
    app.command("check")(check)
    app.command("backfill")(backfill)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, with more of it.")] = False,
) -> None:
    """Sources, days, editions, deliveries: what is open, late, stale, wrong. Exit code 1 if anything is to be done."""
    from etl.ops import status as looking

    own: Context = context.obj
    found = looking.status(own.settings())
    if as_json:
        console.emit_json(found)
    else:
        _print_status(found, own.settings().report.time_zone)
    if found["trouble"]:
        raise typer.Exit(1)


_STYLES = dict.fromkeys(("cut short?", "refused in part", "quarantined", "too late"), "red")
_STYLES |= {"missing": "bold red", "awaited": "cyan"}
_NUMBERS = ("came", "size", "usual", "rows", "usual rows", "rejected", "skipped", "twice", "empty")


def _print_status(found: dict[str, Any], zone: str) -> None:
    if found["sources"]:
        columns = ("source", "newest day", f"landed, {zone}", "settled to", "missing", "awaited")
        rows = [_source_row(row, zone) for row in found["sources"]]
        console.table(columns, rows, numeric=("missing", "awaited"))
        console.say()
        days = found["days"]
        styles = [_STYLES.get(row["remark"] or "", "yellow" if row["remark"] else "") for row in days]
        console.table(("source", "day", "state", *_NUMBERS, "remark"), map(_day_row, days), _NUMBERS, styles)
        console.say()
    if found["editions"]:
        shown = ("period", "edition", "origin", "state")
        colours = {"stale": "yellow", "comparison corrected": "yellow", "superseded": "dim"}
        styles = [colours.get(row["state"], "") for row in found["editions"]]
        console.table(shown, [[row[name] for name in shown] for row in found["editions"]], ("edition",), styles)
        console.say()
    for item in found["next_reports"]:
        due = f"{periods.local(item['due_at'], zone):%a %-d %b %Y, %H:%M} {zone}"
        console.say(f"Next report: {item['period']}, due {due}: {item['state']}")
    for item in found["trouble"]:
        console.say(f"{item['what']}\n    {item['command']}")
    console.say("Nothing is to be done." if not found["trouble"] else f"{len(found['trouble'])} thing(s) to do.")


def _source_row(row: dict[str, Any], zone: str) -> tuple[Any, ...]:
    landed = f"{periods.local(row['landed_at'], zone):%a %-d %b, %H:%M}"
    return (
        row["source"], row["last_date"], landed, row["settled_date"], len(row["missing"]), len(row["awaited"]),
    )  # fmt: skip


def _day_row(row: dict[str, Any]) -> tuple[Any, ...]:
    """One day in at most 120 columns; a band is where the same weekday lay in the eight weeks before."""
    came = f"{row['files']} of 1" if row["expected"] and row["files"] < 2 else str(row["files"])
    return (
        row["source"], f"{row['data_date']:%a %d %b}", row["state"], came, _size(row["size"]),
        _band(row["size_low"], row["size_high"], _size), _count(row["records"]),
        _band(row["records_low"], row["records_high"], _count), row["rejected"] or "", row["skipped"] or "",
        row["duplicates"] or "", row["hours_without"] or "", row["remark"] or "",
    )  # fmt: skip


def _band(low: float | None, high: float | None, words: Callable[[float | None], str | None]) -> str | None:
    first, last = words(low), words(high)
    if first is None or last is None:
        return None
    unit = last.partition(" ")[2]
    return f"{first.removesuffix(f' {unit}') if unit else first}–{last}"


def _count(number: float | None) -> str | None:
    return None if number is None else f"{round(number):,}"


def _size(size: float | None) -> str | None:
    if size is None:
        return None
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"


def backfill(
    context: typer.Context,
    d1: Annotated[str, _FIRST],
    d2: Annotated[str, _LAST],
    dry_run: Annotated[bool, typer.Option(help="Only show the runs that Airflow would make.")] = False,
    max_active: Annotated[int, typer.Option(min=1, max=16, help="At most so many days at once.")] = 4,
    unfinished: Annotated[bool, typer.Option(help="Leave out the days that ended well before.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the runs to end, and say how each did.")] = True,
) -> None:
    """Has Airflow run exactly those days, finished ones too, and says if it did. Mails no report to anybody.

    Exit code 0: every day was run (without waiting: created) and ended well; 1: not all; 75: try again later.
    """
    from etl.ops import backfill as backfilling
    from etl.ops.airflow_api import Airflow

    context.obj.settings()
    first, last = periods.parse_day(d1), periods.parse_day(d2)
    if last < first:
        raise UsageInvalid(f"{d2} is before {d1}", "the first day, then the last")
    airflow = Airflow.from_environment()
    which: Which = "failed" if unfinished else "completed"
    if dry_run:
        _show_plan(airflow, first, last, which)
        return
    created = backfilling.create(airflow, first, last, which=which, max_active_runs=max_active)
    console.say(f"{len(created)} run(s) created" + (f", {min(created)} to {max(created)}" if created else ""))
    if wait and not _all_well(airflow, created):
        raise typer.Exit(1)


def _show_plan(airflow: Airflow, first: date, last: date, which: Which) -> None:
    from etl.ops import backfill as backfilling

    days = backfilling.planned(airflow, first, last, which)
    busy = backfilling.in_flight(airflow, first, last)
    wanted = periods.days_between(first, last)
    rows = [(day, "would run" if day in days else "in flight" if day in busy else "ended well") for day in wanted]
    console.table(["data date", "run"], rows)
    console.say(f"{len(days)} of {len(wanted)} day(s) would run")


def _all_well(airflow: Airflow, created: dict[date, str]) -> bool:
    from etl.ops import backfill as backfilling

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
    """Tries settings and surroundings: sources, policy, storage, mail server, fonts and system libraries.

    Exit code 0: all is well; 1: something is not (warnings alone are well); 78: the settings are wrong.
    """
    from etl.ops import check

    state: Context = context.obj
    found = list(check.run(state.settings()))
    if as_json:
        console.emit_json([vars(item) for item in found])
    else:
        console.table(["", "what", "found", "next"], [(i.verdict, i.subject, i.found, i.next_step) for i in found])
    if any(item.verdict == "wrong" for item in found):
        raise typer.Exit(1)
