"""The mail's text part: as good as the HTML, for a terminal, a phone or a ticket; lines of at most 76 characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from etl.model.report import ReportModel
from etl.report.language import Language
from etl.report.view import wording
from etl.report.view.findings import InsightView, Place
from etl.report.view.page import Page
from etl.report.view.tables import UsageRow

WIDTH = 76
COUNT, UNKNOWN = 12, 10
"""Columns for messages and for unknown ones: ten million with its spaces fits."""
Groups = Sequence[tuple[str, Sequence[Place], str]]
Noted = tuple[Sequence[tuple[InsightView, str]], str]


def render(page: Page, model: ReportModel, groups: Groups, noted: Noted, ledger_head: str) -> str:
    """The text of the mail with the same insights as its HTML; `ledger_head` is what stands for the ledger's head."""
    lang = page.lang
    lines = [*_top(page, model), ""]
    lines += _edition(page)
    lines += _actions(page)
    lines += _figures(page)
    for title, places, more in groups:
        lines += _insights(title, places, more)
    if noted[0]:
        lines += _noted(lang._("Good to know"), *noted)
    if page.findings.resolved:
        lines += _head(lang._("No longer so"))
        lines += [line for said in page.findings.resolved for line in _wrap(said, "- ", "  ")]
    lines += _table(page)
    lines += _foot(page, model, ledger_head)
    return "\n".join(line.rstrip() for line in lines).replace("\u202f", "\u00a0") + "\n"


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False
    )


def _head(title: str) -> list[str]:
    return ["", title.upper(), "-" * len(title)]


def _top(page: Page, model: ReportModel) -> list[str]:
    """The headline, what is missing, what to do first; then which period, and where the report lies."""
    verdict = page.verdict
    marks = " ".join(verdict.marks)
    lines = _wrap(f"{marks}: {verdict.headline}" if marks else verdict.headline)
    lines += [line for text in (verdict.missing, page.first, verdict.rest) for line in _wrap(text)]
    scope = f" · {verdict.scope}" if verdict.scope else ""
    lines += ["", *_wrap(f"{page.organisation} · {page.period} · {page.days} · {page.zone}{scope}")]
    return [*lines, model.archive_url] if model.archive_url else lines


def _actions(page: Page) -> list[str]:
    """What to act on, each in a line and its evidence in another."""
    lang, rows = page.lang, page.findings.rows
    if not rows:
        return _head(lang._("Nothing to act on")) if page.state == "mail" else []
    lines = _head(lang._("To act on"))
    for row in rows[: page.action_rows]:
        lines += _wrap(f"{row.what} · {row.where}" if row.where else row.what, "* ", "  ")
        told = (f"{row.share} ({row.count})" if row.share and row.count else row.share or row.count, row.weeks_text,
                row.since, row.who)  # fmt: skip
        lines += _wrap(" · ".join(filter(None, told)), "  ", "  ")
    return [*lines, page.actions_note] if page.actions_note else lines


def _figures(page: Page) -> list[str]:
    if not page.verdict.figures:
        return []
    lines = _head(page.lang._("In numbers"))
    for figure in page.verdict.figures:
        told = "; ".join(filter(None, (figure.evidence, figure.ways)))
        lines += _wrap(f"{figure.label}: {figure.value}" + (f" ({told})" if told else ""), rest="  ")
    return lines


def _edition(page: Page) -> list[str]:
    if not page.edition.title:
        return []
    lines = [page.edition.title.upper(), *_wrap(page.edition.reason)]
    return [*lines, *(line for sentence in page.edition.sentences for line in _wrap(sentence, "- ", "  ")), ""]


def _insights(title: str, places: Iterable[Place], more: str) -> list[str]:
    lines = _head(title)
    for place in places:
        insight = place.lead
        lines += _wrap(f"{insight.big}  {insight.title} · {insight.place}", "* ", "  ")
        for text in (
            f"{insight.advice} {insight.detail}".strip(),
            *insight.lines,
            insight.acknowledged,
            insight.evidence,
        ):
            lines += _wrap(text, "  ", "  ")
        for other in place.also:
            lines += _wrap(f"{other.big}  {other.title} · {other.evidence}", "  + ", "    ")
        lines.append("")
    return [*lines, more] if more else lines[:-1]


def _noted(title: str, insights: Sequence[tuple[InsightView, str]], more: str) -> list[str]:
    lines = _head(title)
    for insight, name in insights:
        lines += _wrap(f"{insight.big}  {name} · {insight.place} · {insight.evidence}", "* ", "  ")
    return [*lines, more] if more else lines


def _table(page: Page) -> list[str]:
    """Connectors with their shares by TLS version, as columns of plain text; versions that never occur are left out."""
    if not page.connectors:
        return []
    lang = page.lang
    rows: list[UsageRow] = [*page.totals, *page.connectors]
    bars = wording.bar_versions(page.versions)
    used = [n for n in range(len(bars)) if any(row.shares[n].value for row in rows)]
    names = [_column(lang, bars[n]) for n in used]
    wide = [max(len(name), 5) + 2 for name in names]
    lines = _head(lang._("TLS usage, by connector"))
    lines += _wrap(lang._("Messages, those whose TLS is unknown, and percent of the others by TLS version."))
    heads = f"{lang._('messages'):>{COUNT}}{lang._('unknown'):>{UNKNOWN}}"
    lines += ["", heads + "".join(f"{name:>{width}}" for name, width in zip(names, wide, strict=True))]
    for row in rows:
        lines.append(_cut(row.name, WIDTH))
        cells = "".join(f"{row.shares[n].text:>{width}}" for n, width in zip(used, wide, strict=True))
        lines.append(f"{row.messages.text:>{COUNT}}{row.unknown.text:>{UNKNOWN}}{cells}")
    return [*lines, page.connectors_note] if page.connectors_note else lines


def _column(lang: Language, version: str) -> str:
    """A TLS version as a narrow column's head: `1.2`, `SSL 3`, `TLS ?`."""
    short = {"SSL 3.0": "SSL 3", "TLS unknown": "TLS ?"}
    return short.get(version, wording.version_name(lang, version).removeprefix("TLS "))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _foot(page: Page, model: ReportModel, ledger_head: str) -> list[str]:
    lang = page.lang
    lines = ["", "-" * WIDTH, *_wrap(page.edition.line)]
    lines += [line for name, text in page.foot for line in _wrap(f"{name}: {text}", rest="  ")]
    lines += [line for warning in page.verdict.warnings for line in _wrap(warning)]
    if page.edition.supersedes:
        lines += [lang._("It supersedes the ledger entry"), page.edition.supersedes]
    lines += [lang._("Ledger head with this edition:"), ledger_head]
    lines += _wrap(lang._("Keep this mail: whoever has it can check that nothing was rewritten, with"))
    above = lang._("the head above")
    lines.append(f"python -m etl verify --head <{above}>")
    if page.mentions:
        lines += _wrap(lang._("Entered since the last regular mail, not mailed:") + f" {page.mentions}")
    if page.recompared:
        lines += _wrap(
            lang._("What these compare with was corrected since the last regular mail:") + f" {page.recompared}"
        )
    if model.edition.next_due_at and model.edition.next_due_at > model.edition.made_at:
        due = lang.instant(model.edition.next_due_at, model.period.time_zone)
        lines += _wrap(lang._("Next report due:") + f" {due}")
    lines += _wrap(
        lang._(
            "Inbound domains are what the sender claims. A message is counted once for each partner domain; "
            "shares show n of N, the unknown apart."
        )
    )
    return lines
