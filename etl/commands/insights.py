"""`insights PERIOD`: what the policy says of a period, from the published warehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from etl import periods
from etl.commands.console import Context, emit_json, say, table
from etl.report.build import make_model, period_inputs
from etl.report.model import EditionInfo, Insight, ReportModel

_MADE_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""A preview is made at no instant: what insights say does not depend on it."""


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(name="insights")(insights)


def insights(
    context: typer.Context,
    period: Annotated[str, typer.Argument(help="2026-W47, 2026-11 or 2026-11-16..2026-11-22")],
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects, for programs.")] = False,
) -> None:
    """What the policy says of a period: rules that spoke or could not decide, with their evidence."""
    own: Context = context.obj
    settings = own.settings()
    asked = periods.parse_period(period)
    edition = EditionInfo(number=0, origin="preview", made_at=_MADE_AT, ledger_head=None)
    inputs = period_inputs(settings, asked)
    model = make_model(inputs, settings, asked, edition, language=settings.report.language)
    if as_json:
        emit_json([as_object(item, settings.report.language) for item in model.insights])
        return
    _print(model, settings.report.language)


def as_object(item: Insight, language: str) -> dict[str, Any]:
    """An insight as a JSON object: title, advice and detail in one language, all numbers."""
    found = item.model_dump(mode="json")
    return found | {key: in_language(found[key], language) for key in ("title", "advice", "detail")}


def in_language(texts: dict[str, str], language: str) -> str:
    """The text in `language`, else in English, else in the first there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _print(model: ReportModel, language: str) -> None:
    if not model.insights:
        say(f"{model.period.id}: the policy has nothing to say.")
    rows = [_row(item, language) for item in model.insights]
    if rows:
        table(("severity", "verdict", "what", "where", "n of N", "undecided", "share"), rows, ("n of N", "undecided"))
    for item in model.resolved:
        say(f"resolved: {in_language(item.title, language)}, {_where(item.direction, item.connector)}")
    if model.completeness.missing:
        say(f"missing: {', '.join(model.completeness.missing)}")


def _row(item: Insight, language: str) -> tuple[str, ...]:
    verdict = f"{item.verdict}{', provisional' if item.provisional else ''}"
    counts = f"{item.numerator} of {item.denominator}" if item.denominator is not None else str(item.numerator or "–")
    share = "–" if item.share is None else f"{100 * item.share:.{item.share_digits}f} %"
    where = _where(item.direction, item.connector)
    return (
        item.severity, verdict, in_language(item.title, language), where, counts, str(item.undecided), share,
    )  # fmt: skip


def _where(direction: str | None, connector: str | None) -> str:
    return f"{direction}, {connector or 'all connectors'}" if direction else "–"
