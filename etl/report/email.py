"""The e-mail: subject, an HTML part for mail clients (tables, inline styles, 600 px), a text part as good.

Both parts hold `LEDGER_HEAD_MARKER` once; sending puts the ledger's head in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from etl.report import templates
from etl.report.model import ReportModel
from etl.report.view import page as view

LEDGER_HEAD_MARKER = "@@LEDGER-HEAD@@"


@dataclass(frozen=True)
class MailParts:
    """What a mail is composed from; `images` are PNG by content id."""

    subject: str
    html: str
    text: str
    images: dict[str, bytes] = field(default_factory=dict)


def render(model: ReportModel) -> MailParts:
    """The parts of the mail that carries the report of `model`, in its language."""
    page = view.build(model, view.PRINT)
    html = templates.render("mail.html", page.lang, page=page, head=LEDGER_HEAD_MARKER)
    return MailParts(page.verdict.subject, html, _text(page))


def _text(page: view.Page) -> str:
    verdict = page.verdict
    lines = [" · ".join([*verdict.marks, verdict.headline]), f"{verdict.whole_label} {verdict.whole}", page.period]
    lines += [f"{page.days} · {page.zone}", *verdict.warnings, ""]
    lines += [f"{figure.label}: {figure.value} ({figure.evidence}; {figure.before})" for figure in verdict.figures]
    for item in page.findings.action:
        lines += ["", f"{item.big}  {item.title} · {item.place}", f"  {item.advice}", f"  {item.evidence}"]
    lines += ["", page.edition.line, f"{page.lang._('Ledger head')}: {LEDGER_HEAD_MARKER}", ""]
    return "\n".join(lines)
