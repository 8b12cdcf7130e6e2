"""The command that renders a preview of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl import periods
from etl.commands.console import Context, say


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command("report")(report)


def report(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22.")],
    out: Annotated[Path | None, typer.Option(help="The folder to write to; else report-PERIOD.")] = None,
) -> None:
    """Render a period's report in every language: archives nothing, sends nothing."""
    from etl.archive.rendering import render
    from etl.report import build, inputs
    from etl.report.model import EditionInfo

    settings = context.ensure_object(Context).settings()
    wanted = periods.parse_period(period)
    told = inputs.period_inputs(settings, wanted)
    edition = EditionInfo(number=0, origin="preview", made_at=periods.now(), ledger_head=None)
    folder = out or Path(f"report-{period}")
    for language in settings.report.languages:
        model = build.make_model(told, settings, wanted, edition, language=language)
        (folder / language).mkdir(parents=True, exist_ok=True)
        for name, content in render(model, build.summary(model), told.facts_csv).items():
            (folder / language / name).write_bytes(content)
        say(f"{folder / language}: report.html, report.pdf, mail.html, mail.txt")
