"""The mail's text part: as good as the HTML, for a terminal, a phone or a ticket; lines of at most 72 characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from etl.report.model import ReportModel
from etl.report.view.findings import InsightView
from etl.report.view.page import Page
from etl.report.view.tables import UsageRow

WIDTH = 72
NAME = 30


def render(page: Page, model: ReportModel, marker: str) -> str:
    """The text of the mail; `marker` stands where the ledger's head comes."""
    lang = page.lang
    lines = [*_top(page), ""]
    lines += _edition(page)
    lines += [f"{f.label}: {f.value} ({f.evidence}{'; ' + f.before if f.before else ''})" for f in page.verdict.figures]
    for title, insights in (
        (lang._("What needs action"), page.findings.action),
        (lang._("Accepted for now"), page.findings.accepted),
        (lang._("Good to know"), page.findings.noted),
    ):
        lines += _insights(title, insights)
    if page.findings.resolved:
        lines += _head(lang._("No longer so"))
        lines += [line for said in page.findings.resolved for line in _wrap(said, "- ", "  ")]
    lines += _table(page)
    lines += _foot(page, model, marker)
    return "\n".join(line.rstrip() for line in lines).replace("\u202f", "\u00a0") + "\n"


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _head(title: str) -> list[str]:
    return ["", title.upper(), "-" * len(title)]


def _top(page: Page) -> list[str]:
    marks = " ".join(page.verdict.marks)
    lines = _wrap(f"{marks}: {page.verdict.headline}" if marks else page.verdict.headline)
    lines += _wrap(f"{page.organisation} · {page.period} · {page.days} · {page.zone}")
    lines += _wrap(f"{page.verdict.whole_label} {page.verdict.whole}")
    return lines + [line for warning in page.verdict.warnings for line in _wrap(warning, "! ", "  ")]


def _edition(page: Page) -> list[str]:
    if not page.edition.title:
        return []
    lines = [page.edition.title.upper(), *_wrap(page.edition.reason)]
    lines += [page.lang._("It supersedes the ledger entry"), page.edition.supersedes]
    for connector, version, was, now, difference in page.edition.changes:
        lines += _wrap(f"{connector} · {version}: {was} -> {now} ({difference})", "- ", "  ")
    if page.edition.changes_note:
        lines.append(page.edition.changes_note)
    return [*lines, ""]


def _insights(title: str, insights: Iterable[InsightView]) -> list[str]:
    lines: list[str] = []
    for insight in insights:
        lines += _wrap(f"{insight.big}  {insight.title} · {insight.place}", "* ", "  ")
        said = (f"{insight.advice} {insight.detail}".strip(), insight.acknowledged, insight.evidence, insight.missing)
        for text in said:
            lines += _wrap(text, "  ", "  ") if text else []
        lines.append("")
    return _head(title) + lines[:-1] if lines else []


def _table(page: Page) -> list[str]:
    """Connectors with their shares of no TLS, deprecated TLS and TLS 1.2 up, as columns of plain text."""
    if not page.connectors:
        return []
    lang = page.lang
    lines = _head(lang._("TLS usage, by connector"))
    lines += _wrap(lang._("Percent of the messages of which TLS is known, then messages in all, then Unknown."))
    names = [name.removeprefix("TLS ") if name != lang._("No TLS") else name for name in page.bar_version_names]
    lines += ["", " " * NAME + "".join(f"{_cut(name, 6):>7}" for name in names)]
    rows: list[UsageRow] = [*page.totals, *page.connectors]
    for row in rows:
        lines.append(_cut(row.name, WIDTH))
        cells = "".join(f"{cell.text:>7}" for cell in row.shares)
        lines.append(f"  {row.messages.text:>13} {row.unknown.text:>11}".ljust(NAME) + cells)
    return [*lines, page.connectors_note] if page.connectors_note else lines


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _foot(page: Page, model: ReportModel, marker: str) -> list[str]:
    lang, proof = page.lang, model.provenance
    policy = lang._("policy {id}, version {version}", id=proof.policy_id, version=proof.policy_version)
    lines = ["", "-" * WIDTH, *_wrap(f"{page.edition.line} · {policy}")]
    lines += [lang._("Ledger head with this edition:"), marker]
    lines += _wrap(lang._("Keep this mail: whoever has it can check that nothing was rewritten, with"))
    above = lang._("the head above")
    lines.append(f"python -m etl verify --head <{above}>")
    if page.mentions:
        lines += _wrap(lang._("Entered since the last regular mail, not mailed:") + f" {page.mentions}")
    if model.edition.next_due_at:
        due = lang.instant(model.edition.next_due_at, model.period.time_zone)
        lines += _wrap(lang._("Next report due:") + f" {due}")
    lines += _wrap(
        lang._(
            "Inbound domains are what the sender claims. A message is counted once for each partner domain; "
            "shares show n of N, undecided messages apart."
        )
    )
    return lines
