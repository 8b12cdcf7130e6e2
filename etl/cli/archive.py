"""Commands about the archive and delivery: publish, send, settle, verify, reproduce, explain."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl.cli.console import Context, emit_json, note, say, table
from etl.common import periods
from etl.common.addresses import recipient_key
from etl.common.errors import ArchiveBroken, NotFound, UsageInvalid

if TYPE_CHECKING:
    from etl.common.periods import Period
    from etl.delivery import Delivery
    from etl.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    for command in (publish, send, settle, verify, reproduce, explain):
        app.command(command.__name__)(command)


def publish(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22.")],
    policy: Annotated[
        bool, typer.Option("--policy", help="Also where only policy, counting settings or readers have changed.")
    ] = False,
    why: Annotated[str | None, typer.Option(help="The reason, said in the edition.")] = None,
    early: Annotated[
        bool, typer.Option("--early", help="With --why: also of a period that is not over, or without data.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Render a period's report and enter an edition, if its basis is new; never sends."""
    from etl.archive import editions

    settings = context.ensure_object(Context).settings()
    wanted = periods.parse_period(period)
    _refuse_early(settings, wanted, early=early, why=why)
    made = editions.publish(settings, wanted, origin="manual", reason=why, force_policy=policy)
    if as_json:
        emit_json(editions.as_json(made))
        return
    state = "new" if made.new else "nothing changed since"
    say(f"{period}, edition {made.edition}: {state}, {made.path}")


def _refuse_early(settings: Settings, period: Period, *, early: bool, why: str | None) -> None:
    """Raises `UsageInvalid` where an edition, which stays for good, would say nothing, or too little."""
    from etl.report.preview import is_over, preview

    if early and why:
        return
    if is_over(settings, period):
        if preview(settings, period).state != "no_data":
            return
        found = "no data came for it"
    else:
        found = "it is not over yet"
    raise UsageInvalid(
        f"{period}: {found}, and an edition stays for good",
        "a period that is over and has data",
        "look at it with python -m etl report; if it must be now: --early --why '…'",
    )


def verify(
    context: typer.Context,
    archive: Annotated[Path | None, typer.Argument(help="An archive's folder; else the settings' own.")] = None,
    head: Annotated[str | None, typer.Option(help="A ledger head from an old mail.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Check the archive by its files alone: altered, missing, extra, cut off. Exit code 3 if anything is found."""
    from etl.archive import shelf
    from etl.audit import verify as checking

    if archive and not archive.is_dir():
        raise NotFound(f"there is no folder {archive}", "an archive's folder", "it holds ledger/ and index.html")
    kept = shelf.Folder(archive) if archive else shelf.of(context.ensure_object(Context).settings())
    findings = checking.verify(kept, head)
    count, last = checking.checked_head(kept)
    if as_json:
        emit_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            say(f"{finding.kind}: {finding.path}: {finding.message}")
        say(f"{count} ledger entries; head {last or '–'}")
        say("the archive holds what its ledger says" if not findings else f"{len(findings)} finding(s)")
    if findings:
        raise typer.Exit(ArchiveBroken.exit_code)


def send(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="The reported period, such as 2026-W47.")],
    edition: Annotated[int | None, typer.Option(help="Which edition; else the current one.")] = None,
    to: Annotated[list[str] | None, typer.Option(help="Only to this address, whatever the edition's origin.")] = None,
    again: Annotated[bool, typer.Option("--again", help="With --to: even if it was accepted before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent, and to whom.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --dry-run: a folder for the exact messages (.eml).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Deliver an archived edition; what was accepted before is not sent again."""
    from etl import delivery

    settings = context.ensure_object(Context).settings()
    if (again and not to) or (out and not dry_run):
        raise UsageInvalid("--again goes with --to, and --out with --dry-run", "both of a pair")
    done, waiting = [], None
    try:
        done = delivery.deliver(
            settings, periods.parse_period(period), edition=edition, to=to, dry_run=dry_run, again=again
        )
    except delivery.Delayed as error:
        done, waiting = error.deliveries, error
    for number, item in enumerate(done, 1):
        if out and item.content:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{number:04d}-{recipient_key(item.recipient)}.eml").write_bytes(item.content)
    _print_deliveries(done, as_json)
    if waiting:
        raise waiting
    delivery.raise_if_unsent(done)


def _print_deliveries(done: list[Delivery], as_json: bool) -> None:
    from etl.delivery import advice

    if as_json:
        hidden = ("content", "no_server")
        emit_json([{key: value for key, value in vars(item).items() if key not in hidden} for item in done])
        return
    columns = ["recipient", "edition", "state", "answer", "message_id", "size", "left_off"]
    rows = [
        [
            ", ".join(value) or None if isinstance(value, tuple) else value
            for value in (getattr(item, c) for c in columns)
        ]
        for item in done
    ]
    table(columns, rows, numeric=("edition", "size"))
    for told in dict.fromkeys(advice(item) for item in done):
        if told:
            say(f"next: {told}")
    if not done:
        say("nobody is to get it: the settings have no [[audiences]]; name somebody with --to")


def settle(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="The reported period, such as 2026-W47.")],
    to: Annotated[str, typer.Option(help="The recipient of the mail.")],
    outcome: Annotated[
        str, typer.Option("--as", help="accepted: it arrived; open: it did not, send it; closed: leave it.")
    ],
    why: Annotated[str, typer.Option(help="How that is known, for the send ledger.")],
    edition: Annotated[int | None, typer.Option(help="Which edition; else the current one.")] = None,
    who: Annotated[str | None, typer.Option(help="Who says so; else the user.")] = None,
) -> None:
    """Write down what a person found out about a mail that is unknown, refused or open; sends nothing."""
    from etl import delivery

    settings = context.ensure_object(Context).settings()
    wanted = periods.parse_period(period)
    by = who or getpass.getuser()
    done = delivery.settle(settings, wanted, to, outcome, edition=edition, who=by, why=why)
    say(f"{period}, edition {done.edition}, {to}: {done.state}" + (f"; next: {done.command}" if done.command else ""))


def reproduce(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="The reported period, such as 2026-W47.")],
    edition: Annotated[int | None, typer.Option(help="Which edition; else the current one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Derive an edition's numbers anew from exactly its files, notes and settings. Exit code 1 unless they are same."""
    from etl.audit import reproduce as deriving

    made = deriving.reproduce(context.ensure_object(Context).settings(), periods.parse_period(period), edition)
    if as_json:
        emit_json(asdict(made))
    elif made.same:
        say(f"{period}, edition {made.edition}: same")
    else:
        why = f"{len(made.differences)} line(s) differ (- edition, + derived)"
        why = "landed files were altered" if made.altered else why
        why = "can no longer be derived; `verify` still works" if made.gone else why
        say(f"{period}, edition {made.edition}: {why}")
        for line in (*made.gone, *made.altered, *made.differences):
            say(f"  {line}")
    if made.readers_changed:
        note("exports are read by another version of the readers than when the edition was made")
    if not made.same:
        raise typer.Exit(1)


def explain(
    context: typer.Context,
    period: Annotated[str | None, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22.")] = None,
    connector: Annotated[str | None, typer.Option(help="Only this connector.")] = None,
    tls: Annotated[str | None, typer.Option(help='Only this TLS version, such as "TLS 1.0".')] = None,
    direction: Annotated[str | None, typer.Option(help="inbound or outbound.")] = None,
    partner: Annotated[str | None, typer.Option(help="Only this partner domain.")] = None,
    file: Annotated[str | None, typer.Option(help="The other way: a landed file (path, name or hash).")] = None,
    record: Annotated[int | None, typer.Option(min=1, help="And the number of a record in it.")] = None,
    most: Annotated[int, typer.Option(help="At most so many records of each file.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Go from a period's number back to landed files and records, or from a record to the numbers it counts in."""
    from etl.audit import explain as explaining

    settings = context.ensure_object(Context).settings()
    if (period is None) == (file is None or record is None):
        raise UsageInvalid("explain takes a period, or a file and a record", "one of them")
    if file is not None and record is not None:
        told = explaining.explain_record(settings, file, record)
        emit_json(told) if as_json else _say_record(told)
        return
    filters = {"connector": connector, "tls_version": tls, "direction": direction, "partner_domain": partner}
    wanted = {name: value for name, value in filters.items() if value is not None}
    told = explaining.explain(settings, periods.parse_period(period or ""), wanted, most)
    if as_json:
        emit_json(told)
        return
    say(f"{told['messages']:,} messages, {told['recipients'] or 0:,} recipients, {told['bytes'] or 0:,} bytes")
    for item in told["files"]:
        if not item["records"] and not item.get("gone"):
            say(f"{item['name']} ({item['sha256'][:12]}): {item['trace_rows']} row(s); fewer days name their records")
            continue
        numbers = ", ".join(str(found["record"]) for found in item["records"] if not found["why_not"])
        numbers += f", and maybe more (--most {most})" if len(item["records"]) == most else ""
        say(f"{item['name']} ({item['sha256'][:12]}): {item.get('gone') or 'records ' + (numbers or '–')}")
        for found in item["records"]:
            if found["why_not"]:
                say(f"    record {found['record']} does not count: {found['why_not']}")


_CELL = ("data_date", "direction", "connector", "partner_domain", "tls_version", "tls_cipher")
_SESSIONS = ("data_date", "reporting_org", "policy_domain", "policy_type", "result_type")


def _say_record(told: dict[str, Any]) -> None:
    """A record in words: where it stands, what it says, what it counts in, which editions show it."""
    file = told["file"]
    landed = f"{periods.instant(file['landed_at'])}, {file['size']:,} bytes"
    say(f"{file['name']} ({file['sha256'][:12]}) of {file['source']}: {file['state']}; landed {landed}")
    if told.get("gone"):
        say(told["gone"])
    for says in told["says"]:
        say(f"record {told['record']} says: " + ", ".join(str(says[key] or "–") for key in _CELL))
    for cell in told["cells"]:
        alone = "no other row tells of it" if cell["trace_rows"] == 1 else f"{cell['trace_rows']} rows tell of it"
        say("counts in " + ", ".join(str(cell[key]) for key in _CELL))
        say(f"    {cell['messages']} of {cell['fact_messages']:,} messages; {alone}")
    for cell in told["sessions"]:
        say("counts in " + ", ".join(str(cell[key]) for key in _SESSIONS))
        say(f"    {cell['sessions']:,} of {cell['fact_sessions']:,} sessions, which are no messages")
    if told["why_not"]:
        say(f"counts nowhere: {told['why_not']}")
    for edition in told["editions"]:
        say(f"shown in {edition['period']}, edition {edition['edition']}, made {edition['made_at']}")
