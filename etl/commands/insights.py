"""`insights PERIOD`: what the policy says of a period, from the published warehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from etl import periods
from etl.commands.console import Context, emit_json, say, table
from etl.insights import Policy
from etl.periods import Period
from etl.report.build import make_model, period_inputs
from etl.report.language import N_, load
from etl.report.model import EditionInfo, Insight, MissingDays, ReportModel, ResolvedInsight, Sentence
from etl.report.view import wording
from etl.settings import Settings

_MADE_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""A preview is made at no instant: what insights say does not depend on it."""


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
    own: Context = context.obj
    settings = own.settings()
    language = settings.report.language
    model = preview(settings, periods.parse_period(period))
    if as_json:
        items = model.resolved if resolved else model.insights
        emit_json([as_object(item, language) for item in items])
    elif resolved:
        _print_resolved(model, language)
    else:
        _print(model, language)


def preview(settings: Settings, period: Period, policy: Policy | None = None) -> ReportModel:
    """The model of a period as the warehouse holds it now, by the settings' policy or another one."""
    edition = EditionInfo(number=0, origin="preview", made_at=_MADE_AT, ledger_head=None)
    inputs = period_inputs(settings, period, policy=policy)
    return make_model(inputs, settings, period, edition, language=settings.report.language)


def as_object(item: Insight | ResolvedInsight, language: str) -> dict[str, Any]:
    """An insight as a JSON object: title, advice and detail in one language, all numbers."""
    found = item.model_dump(mode="json")
    told: dict[str, str] = {key: in_language(found[key], language) for key in ("title", "advice") if key in found}
    if isinstance(item, Insight):
        lang = load(language)
        told["detail"] = " ".join(wording.sentence(lang, sentence) for sentence in (*item.detail, *_unbound(item)))
    return found | told


def _unbound(item: Insight) -> list[Sentence]:
    """What no bound of the insight covers."""
    told = []
    if item.missing:
        text = N_("No bound covers the missing days: {names}.")
        told.append(Sentence(text=text, values={"names": MissingDays(days=item.missing)}))
    if item.cut:
        text = N_("No bound covers what a cut file left out: {names}.")
        told.append(Sentence(text=text, values={"names": item.cut}))
    return told if item.direction is not None else []


def in_language(texts: dict[str, str], language: str) -> str:
    """The text in `language`, else in English, else in the first there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _print(model: ReportModel, language: str) -> None:
    if not model.insights:
        say(f"{model.period.id}: the policy has nothing to say.")
    rows = [_row(item, language) for item in model.insights]
    if rows:
        table(("severity", "verdict", "what", "where", "n of N", "undecided", "share"), rows, ("n of N", "undecided"))
    _print_resolved(model, language)
    if model.completeness.missing:
        say(f"missing: {', '.join(model.completeness.missing)}")


def _print_resolved(model: ReportModel, language: str) -> None:
    for item in model.resolved:
        stood = f"stood for {item.periods} period(s), since {item.first_seen}"
        sure = ", provisional" if item.provisional else ""
        where = _where(item.direction, item.connector)
        say(f"resolved{sure}: {in_language(item.title, language)}, {where}: {stood}")


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
