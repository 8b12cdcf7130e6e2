"""`insights PERIOD`: what the policy says of a period, from the published warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.console import Context, emit_json, say, table
from etl.common import periods

if TYPE_CHECKING:
    from etl.model.report import Insight, ReportModel


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(name="insights")(insights)


def insights(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22")],
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects, for programs.")] = False,
    resolved: Annotated[bool, typer.Option(help="Instead, those that stood before and no longer do.")] = False,
) -> None:
    """What the policy says of a period: rules that spoke or could not decide, with their evidence."""
    from etl.report.preview import as_object, is_over, preview

    own: Context = context.obj
    settings = own.settings()
    language = settings.report.language
    wanted = periods.parse_period(period)
    model = preview(settings, wanted)
    if as_json:
        items = model.resolved if resolved else model.insights
        emit_json([as_object(item, language) for item in items])
    elif resolved:
        _print_resolved(model, language)
    else:
        _print(model, language)
        if not is_over(settings, wanted):
            say(f"{wanted} is not over yet: this is what its days so far say.")


def _print(model: ReportModel, language: str) -> None:
    if model.state == "no_data":
        say(f"{model.period.id}: no data came, so nothing can be said. `python -m etl status` says what is expected.")
    elif not model.insights:
        say(f"{model.period.id}: the policy has nothing to say.")
    rows = [_row(item, language) for item in model.insights]
    if rows:
        table(
            ("", "severity", "verdict", "what", "where", "n of N", "undecided", "share"), rows, ("n of N", "undecided")
        )
    _print_resolved(model, language)
    if model.completeness.missing:
        say(f"missing: {', '.join(model.completeness.missing)}")


def _print_resolved(model: ReportModel, language: str) -> None:
    from etl.report.preview import in_language

    for item in model.resolved:
        stood = f"stood for {item.periods} period(s), since {item.first_seen}"
        sure = ", provisional" if item.provisional else ""
        where = _where(item.direction, item.connector)
        say(f"resolved{sure}: {in_language(item.title, language)}, {where}: {stood}")


def _row(item: Insight, language: str) -> tuple[str, ...]:
    from etl.report.preview import in_language

    verdict = f"{item.verdict}{', provisional' if item.provisional else ''}"
    counts = f"{item.numerator} of {item.denominator}" if item.denominator is not None else str(item.numerator or "–")
    share = "–" if item.share is None or item.counts_only else f"{100 * item.share:.{item.share_digits}f} %"
    where = _where(item.direction, item.connector)
    return (
        "act" if item.needs_action else "", item.severity, verdict, in_language(item.title, language), where, counts,
        str(item.undecided), share,
    )  # fmt: skip


def _where(direction: str | None, connector: str | None) -> str:
    return f"{direction}, {connector or 'all connectors'}" if direction else "–"
