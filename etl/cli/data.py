"""Commands about data: ingest, facts, rebuild, digest, retract, replace."""

from __future__ import annotations

import csv
import getpass
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from etl import chain, facts, formats, landing, warehouse
from etl.cli.console import Context, emit_json, note, progress, say, table
from etl.common import database, domains, periods
from etl.common.errors import UsageInvalid
from etl.facts import grain
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings

ORGANISATION = "organisational_domain"
"""Partner domains by the part that somebody registered; no part of the grain, but facts can be summed by it."""
REJECTS_SHOWN = 5
"""So many rejected records of a file are named by `ingest`; the report's data quality has the others."""
ELSEWHERE = {
    "frontend_mail": "mail came by way of frontend servers (sessions: {n:,}): what came in can't be told from hub logs "
    "alone, and is internal here; collect the frontends' logs too (FrontEnd\\ProtocolLog\\SmtpReceive)",
    "handed_on": "hub servers sent mail through this one (sessions: {n:,}), and their logs alone have it: nothing "
    "of it is counted; collect the hubs' logs too (Hub\\ProtocolLog\\SmtpSend)",
}
"""What `ingest` says of a log whose mail stands in another server's log, by the word's field."""


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    for name, command in (
        ("ingest", ingest),
        ("facts", show_facts),
        ("rebuild", rebuild),
        ("digest", digest),
        ("retract", retract),
        ("replace", replace),
        ("revoke", revoke),
        ("history", history),
        ("seal", seal),
        ("expire", expire),
    ):
        app.command(name)(command)


def ingest(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(help="Exports to land; else what the sources name.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    date: Annotated[str | None, typer.Option(help="Only what the sources name for this day (2026-11-16).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Land, stage, rebuild dirty days, publish; says per file what became of its records."""
    settings = context.ensure_object(Context).settings()
    day = periods.parse_day(date) if date else None
    collected = chain.land(settings, data_date=day, source=source, files=files or ())
    idle = [] if files else list(landing.without_files(settings, source))
    outcome = _bring_up(settings)
    known = {item.source.name: item for item in facts.files_by_source(settings)}
    results = [_file_result(item, known) for item in collected.files]
    _add_rejects(settings, results)
    if as_json:
        missing = [{"source": name, "data_date": missed} for name, missed in collected.missing]
        nothing = [{"source": name, "reason": reason} for name, reason in idle]
        emit_json({"files": results, "missing": missing, "without_files": nothing, **asdict(outcome)})
    else:
        _print_ingest(settings, results, collected, outcome)
        for name, reason in idle:
            note(f"source {name}: {reason}")
    if idle or collected.missing or any(item["sha256"] is None or item["state"] == "quarantined" for item in results):
        raise typer.Exit(1)


def _bring_up(settings: Settings) -> chain.Outcome:
    """Stages, rebuilds and publishes, with a progress bar."""
    with progress() as bar:
        return chain.bring_up(settings, lambda items, what: bar.track(items, description=what))


def _file_result(item: landing.LandedFile, known: dict[str, facts.SourceFiles]) -> dict[str, Any]:
    """One line of `ingest`: what became of a file and of its records."""
    found: dict[str, Any] = {"source": item.source, "name": item.name, "sha256": item.sha256, "state": item.result}
    found |= {"records": None, "used": None, "rejected": None, "skipped": {}, "duplicate_of": item.duplicate_of}
    found |= {"reason": item.reason, "rejects": [], "elsewhere": []}
    if item.sha256 is None:
        return found
    counts = known[item.source].counts[item.sha256]
    state, reason = known[item.source].states[item.sha256]
    return found | {
        "state": state,
        "reason": reason,
        "records": counts.records,
        "used": counts.used,
        "rejected": counts.rejected,
        "skipped": counts.skipped,
        "suspected_cut": counts.suspected_cut,
    }


def _add_rejects(settings: Settings, results: list[dict[str, Any]]) -> None:
    """Adds to each file the first records that were rejected, by number, with the reason, and what stands elsewhere."""
    logs = {source.name for source in settings.sources if source.format == "exchange_smtp_log"}
    asked = [item for item in results if item["rejected"] or (item["records"] and item["source"] in logs)]
    if not asked:
        return
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        for item in asked:
            about = {"source": item["source"], "sha256": item["sha256"]}
            item["rejects"] = database.rows(
                con, database.sql("warehouse", "file_rejects"), about | {"most": REJECTS_SHOWN}
            )
            item["elsewhere"] = [
                ELSEWHERE[row["field"]].format(n=row["records"])
                for row in database.rows(con, database.sql("warehouse", "handed_on"), about)
            ]


def _print_ingest(
    settings: Settings, results: list[dict[str, Any]], collected: landing.Collected, outcome: chain.Outcome
) -> None:
    table(
        ["file", "source", "state", "records", "used", "rejected", "skipped", "duplicate of"],
        [
            [
                item["name"],
                item["source"],
                item["state"],
                item["records"],
                item["used"],
                item["rejected"],
                ", ".join(f"{count} {rule}" for rule, count in item["skipped"].items()) or 0,
                item["duplicate_of"],
            ]
            for item in results
        ],
        numeric=("records", "used", "rejected"),
    )
    for item in results:
        if item["reason"] and item["state"] != "counted":
            note(f"{item['name']}: {item['state']}: {item['reason']}")
        for reject in item["rejects"]:
            note(f"{item['name']}: record {reject['record']}: {reject['reason']}")
        if item["rejected"] and item["rejected"] > len(item["rejects"]):
            note(f"{item['name']}: and {item['rejected'] - len(item['rejects']):,} more rejected records")
        for words in item["elsewhere"]:
            note(f"{item['name']}: {words}")
        if item.get("suspected_cut"):
            note(f"{item['name']}: exactly {item['records']:,} records: suspected cut short at the vendor's limit")
    for name in sorted({item["source"] for item in results if item["sha256"]}):
        instead = formats.reader(settings.source(name).format).for_tls
        if instead:
            note(f"source {name} never tells TLS: {instead}")
    for name, day in collected.missing:
        note(f"{day}: no export came for source {name}")
    changed = ", ".join(str(day) for day in outcome.changed[:7]) + (" …" if len(outcome.changed) > 7 else "")
    say(f"{len(outcome.rebuilt)} day(s) rebuilt, {len(outcome.changed)} changed" + (f": {changed}" if changed else ""))


def show_facts(
    context: typer.Context,
    first: Annotated[str, typer.Option("--from", help="First data date.")],
    last: Annotated[str, typer.Option("--to", help="Last data date, included.")],
    by: Annotated[str | None, typer.Option(help="Columns to sum by, with commas; organisational_domain too.")] = None,
    output: Annotated[str, typer.Option("--format", help="csv, json or table.")] = "table",
) -> None:
    """The facts of some days, or their sums; a source with the role reconcile is in no sum with others."""
    settings = context.ensure_object(Context).settings()
    columns = [column.strip() for column in by.split(",")] if by else list(grain.names())
    known = (*grain.names(), ORGANISATION)
    unknown = [column for column in columns if column not in known]
    if unknown:
        raise UsageInvalid(f"unknown column {', '.join(unknown)}", f"any of {', '.join(known)}")
    if output not in ("csv", "json", "table"):
        raise UsageInvalid(f"unknown format '{output}'", "csv, json or table")
    bounds = {"first_date": periods.parse_day(first), "last_date": periods.parse_day(last)}
    if bounds["last_date"] < bounds["first_date"]:
        raise UsageInvalid(f"{last} is before {first}", "the first day, then the last")
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        rows = _sums(con, columns, bounds)
    _print_facts(rows, columns, output)


def _sums(con: duckdb.DuckDBPyConnection, columns: list[str], bounds: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts between two days by `columns`, which may hold the organisational domain too."""
    query = database.sql("warehouse", "facts_between")
    if ORGANISATION not in columns:
        return database.rows(con, query, bounds | {"columns": columns})
    con.execute(f"create temp table summed as {query}", bounds | {"columns": [*columns, "partner_domain"]})
    partners = [name for (name,) in con.execute("select distinct partner_domain from summed").fetchall()]
    owners = {"partners": partners, "organisations": [domains.organisational(name) for name in partners]}
    return database.rows(con, database.sql("warehouse", "facts_by_organisation"), owners | {"columns": columns})


def _print_facts(rows: list[dict[str, Any]], columns: list[str], output: str) -> None:
    shown = [*columns, *grain.MEASURES]
    if output == "json":
        emit_json([{column: row[column] for column in shown} for row in rows])
    elif output == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(shown)
        writer.writerows([_guarded(row[column]) for column in shown] for row in rows)
    else:
        table(shown, [[row[column] for column in shown] for row in rows], numeric=grain.MEASURES[:3])


def _guarded(cell: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell


def rebuild(context: typer.Context) -> None:
    """Make all facts and the warehouse anew from the landed bytes; sealed days are carried over."""
    settings = context.ensure_object(Context).settings()
    days = warehouse.rebuild(settings)
    say(f"{len(days)} day(s) rebuilt; digest {warehouse.digest(settings).digest}")


def digest(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Also the hashes of evidence, settings and readers.")] = False,
) -> None:
    """One hash over all facts, the same however they came to be."""
    found = warehouse.digest(context.ensure_object(Context).settings())
    if as_json:
        emit_json(asdict(found))
    else:
        say(found.digest)


def retract(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A landed file: path, name or hash.")],
    why: Annotated[str, typer.Option(help="The reason, for the history.")],
    who: Annotated[str | None, typer.Option(help="Who says so; else the user.")] = None,
) -> None:
    """Take a landed file out of the facts without removing it."""
    settings = context.ensure_object(Context).settings()
    found = evidence.find(settings, file)
    about = {"source": found.receipt.source, "sha256": found.receipt.sha256}
    made = evidence.add_note(settings, "retract", who=who or _user(), why=why, **about)
    _say_note(settings, made, f"{found.receipt.name} is retracted")


def replace(
    context: typer.Context,
    old: Annotated[str, typer.Argument(help="The landed file that no longer stands: path, name or hash.")],
    new: Annotated[str, typer.Argument(help="The landed file that stands for it.")],
    why: Annotated[str, typer.Option(help="The reason, for the history.")],
    who: Annotated[str | None, typer.Option(help="Who says so; else the user.")] = None,
) -> None:
    """Say which landed file stands for another."""
    settings = context.ensure_object(Context).settings()
    gone, stands = evidence.find(settings, old), evidence.find(settings, new)
    if gone.receipt.sha256 == stands.receipt.sha256 or gone.receipt.source != stands.receipt.source:
        raise UsageInvalid("a file can't replace itself or a file of another source", "two files of one source")
    about = {"source": gone.receipt.source, "sha256": gone.receipt.sha256, "other": stands.receipt.sha256}
    made = evidence.add_note(settings, "replace", who=who or _user(), why=why, **about)
    _say_note(settings, made, f"{stands.receipt.name} stands for {gone.receipt.name}")


def revoke(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="The number of the note to take back, as `history` lists it.")],
    why: Annotated[str, typer.Option(help="The reason, for the history.")],
    who: Annotated[str | None, typer.Option(help="Who says so; else the user.")] = None,
) -> None:
    """Take a note back by another: a retraction, a replacement or a seal."""
    settings = context.ensure_object(Context).settings()
    made = retention.revoke(settings, number, who=who or _user(), why=why)
    _say_note(settings, made, f"note {number} is taken back")


def history(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Every note ever made about files and days: who, when, why, and whether it stands."""
    settings = context.ensure_object(Context).settings()
    standing = evidence.standing(settings)
    notes = [asdict(item) | {"stands": item.number in standing} for item in evidence.history(settings)]
    if as_json:
        emit_json(notes)
        return
    if not notes:
        say("No note has been made.")
        return
    landed = [item.receipt for source in settings.sources for item in evidence.landed(settings, source.name).values()]
    names = {receipt.sha256: receipt.name for receipt in landed}
    columns = ["number", "at", "who", "kind", "source", "file", "other", "data_date", "revokes", "stands", "why"]
    rows = [
        [
            item["number"], item["at"], item["who"], item["kind"], item["source"],
            names.get(item["sha256"]), names.get(item["other"]), item["data_date"], item["revokes"],
            "yes" if item["stands"] else "no", item["why"],
        ]
        for item in notes
    ]  # fmt: skip
    table(columns, rows, numeric=("number",))


def seal(
    context: typer.Context,
    day: Annotated[str, typer.Argument(help="The data date to fix as it is (2026-11-16).")],
    why: Annotated[str, typer.Option(help="The reason, for the history.")],
    who: Annotated[str | None, typer.Option(help="Who says so; else the user.")] = None,
) -> None:
    """Fix a day's facts for good: later rows for it are listed as too late and change nothing."""
    settings = context.ensure_object(Context).settings()
    made = retention.seal(settings, periods.parse_day(day), who=who or _user(), why=why)
    _say_note(settings, made, f"{day} is sealed")


def expire(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sealed and removed.")] = False,
) -> None:
    """Seal and remove what [retention] says; facts, receipts, counts and editions stay."""
    settings = context.ensure_object(Context).settings()
    wanted = retention.plan_now(settings)
    for line in retention.told(wanted, only_say=dry_run):
        say(line)
    if not dry_run:
        retention.carry_out(settings, wanted, who=_user())
        _bring_up(settings)


def _user() -> str:
    """Who runs the command; in a container, where ids have no names, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _say_note(settings: Settings, made: evidence.Note, what: str) -> None:
    outcome = _bring_up(settings)
    say(f"Note {made.number}: {what}; {len(outcome.changed)} day(s) changed")
