"""Commands about the archive: publish, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl import periods
from etl.commands.console import Context, emit_json, say
from etl.errors import ArchiveBroken


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command("publish")(publish)
    app.command("verify")(verify)


def publish(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22.")],
) -> None:
    """Render a period's report and enter an edition, if its basis is new; never sends."""
    from etl.archive import editions

    settings = context.ensure_object(Context).settings()
    made = editions.publish(settings, periods.parse_period(period), origin="manual")
    state = "new" if made.new else "nothing changed since"
    say(f"{period}, edition {made.edition}: {state}, {made.path}")


def verify(
    context: typer.Context,
    archive: Annotated[Path | None, typer.Argument(help="An archive's folder; else the settings' own.")] = None,
    head: Annotated[str | None, typer.Option(help="A ledger head from an old mail.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Check the archive by its files alone: altered, missing, extra, cut off. Exit code 3 if anything is found."""
    from etl.archive import verify as checking

    folder = archive or context.ensure_object(Context).settings().storage.archive_path
    findings = checking.verify(folder, head)
    if as_json:
        emit_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            say(f"{finding.kind}: {finding.path}")
        say("the archive holds what its ledger says" if not findings else f"{len(findings)} finding(s)")
    if findings:
        raise typer.Exit(ArchiveBroken.exit_code)
