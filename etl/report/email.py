"""The mail: subject, HTML, text and charts, ready to be put together into a message by `etl/delivery/compose.py`.

Both parts name the ledger's head that holds this edition by `LEDGER_HEAD_MARKER`, once each: it is known only after
the edition was entered, and filled in when the mail is composed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.common.words import LEDGER_HEAD_MARKER
from etl.model.report import ReportModel
from etl.report import email_text, templates
from etl.report.draw import charts, drawings
from etl.report.language import Language
from etl.report.view import findings
from etl.report.view import page as view
from etl.report.view.findings import InsightView

MOST_ACCEPTED, MOST_NOTED = 3, 6
COLORS = {"alarm": ("alarm", "#9e1b32"), "unsure": ("warn", "#a34a12"), "calm": ("dim", "#5d646b")}
WIDTH = 480
"""Charts are drawn for this width: still legible on a phone, not yet coarse at the 600 pixels of a desktop's mail."""
_SCALE = 2
"""Pixels to a unit: sharp on a phone, and enough for the 600 pixels of a desktop's mail."""


@dataclass(frozen=True)
class MailParts:
    """A mail without its head and recipient. `images` are PNG files by the content id that the HTML names."""

    subject: str
    html: str
    text: str
    images: Mapping[str, bytes]


def render(model: ReportModel) -> MailParts:
    """The parts of the mail about `model`."""
    page = view.build(model, view.MAIL)
    lang = page.lang
    images, shown = _charts(page)
    ledger_head = LEDGER_HEAD_MARKER if model.edition.number else lang._("none: a preview is not archived")
    html = templates.render(
        "mail.html", lang, page=page, charts=shown, groups=groups(page), noted=noted(page), colors=COLORS,
        ledger_head=ledger_head, archive_url=model.archive_url or "",
        figure_pairs=[page.verdict.figures[at : at + 2] for at in range(0, len(page.verdict.figures), 2)],
        next_due=next_due(page, model),
    )  # fmt: skip
    plain = email_text.render(page, model, groups(page), noted(page), ledger_head)
    return MailParts(page.verdict.subject, html, plain, images)


def groups(page: view.Page) -> list[tuple[str, tuple[findings.Place, ...], str]]:
    """What is accepted: title, insights, and how many more there are. What needs action stands in lines before it."""
    lang, found = page.lang, page.findings
    accepted = tuple(findings.Place(item, ()) for item in found.accepted)
    parts = ((lang._("Accepted for now"), accepted, MOST_ACCEPTED),)
    return [(title, items[:most], _more(lang, len(items) - most)) for title, items, most in parts if items]


def noted(page: view.Page) -> tuple[list[tuple[InsightView, str]], str]:
    """What is good to know, a line each with the name of its rule, and how many more there are."""
    items = [(item, group.title) for group in page.findings.noted for item in group.items]
    return items[:MOST_NOTED], _more(page.lang, len(items) - MOST_NOTED)


def _more(lang: Language, more: int) -> str:
    return lang.ngettext("and {n} more, in the PDF", "and {n} more, in the PDF", more) if more > 0 else ""


def _charts(page: view.Page) -> tuple[dict[str, bytes], list[tuple[str, str, str, str]]]:
    lang, said = page.lang, drawings.alternatives(page)
    drawn = drawings.for_page(page, WIDTH, tooltips=False, only=("usage", "flow"))
    texts = {
        "usage": (lang._("TLS usage, by connector"),
                  lang._("Share of each connector’s messages whose TLS is known, in percent; outlined: unknown; most "
                         "in need first."),
                  said.usage),
        "flow": (lang._("Mail flow, by day"), lang._("Messages in above, out below."), said.flow),
    }  # fmt: skip
    images, shown = {}, []
    for name, (title, lead, alternative) in texts.items():
        if drawn[name]:
            images[f"chart-{name}"] = charts.png(str(drawn[name]), _SCALE)
            shown.append((f"chart-{name}", title, lead, alternative))
    return images, shown


def next_due(page: view.Page, model: ReportModel) -> str:
    """When the next regular report is due, so that its absence can be noticed; nothing once that is past."""
    due = model.edition.next_due_at
    return page.lang.instant(due, model.period.time_zone) if due and due > model.edition.made_at else ""
