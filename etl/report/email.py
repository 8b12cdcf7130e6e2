"""The mail: subject, HTML, text and charts, ready to be put together into a message by `etl/compose.py`.

Both parts name the ledger's head that holds this edition by `LEDGER_HEAD_MARKER`, once each: it is known only after
the edition was entered, and filled in when the mail is composed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.report import charts, drawings, templates, text
from etl.report.model import ReportModel
from etl.report.view import page as view
from etl.report.view.findings import InsightView

LEDGER_HEAD_MARKER = "@@LEDGER-HEAD@@"
MOST_INSIGHTS = 8
COLORS = {"alarm": ("alarm", "#9e1b32"), "unsure": ("warn", "#a34a12"), "calm": ("dim", "#5d646b")}
_SCALE = 1200 / charts.WIDE
"""Charts are drawn twice as fine as they are shown, for sharp screens."""


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
    html = templates.render(
        "mail.html", lang, page=page, charts=shown, groups=_groups(page), colors=COLORS, marker=LEDGER_HEAD_MARKER,
        figure_pairs=[page.verdict.figures[at : at + 2] for at in range(0, len(page.verdict.figures), 2)],
        policy=policy_line(page, model), next_due=next_due(page, model),
    )  # fmt: skip
    return MailParts(page.verdict.subject, html, text.render(page, model, LEDGER_HEAD_MARKER), images)


def _groups(page: view.Page) -> list[tuple[str, tuple[InsightView, ...], str]]:
    lang, found = page.lang, page.findings
    groups = (
        (lang._("What needs action"), found.action, MOST_INSIGHTS),
        (lang._("Accepted for now"), found.accepted, 3),
        (lang._("Good to know"), found.noted, 3),
    )
    made = []
    for title, insights, most in groups:
        more = len(insights) - most
        note = lang.ngettext("and {n} more, in the PDF", "and {n} more, in the PDF", more) if more > 0 else ""
        if insights:
            made.append((title, insights[:most], note))
    return made


def _charts(page: view.Page) -> tuple[dict[str, bytes], list[tuple[str, str, str, str]]]:
    lang, said = page.lang, drawings.alternatives(page)
    drawn = drawings.for_page(page, charts.WIDE, tooltips=False)
    texts = {
        "usage": (lang._("TLS usage, by connector"),
                  lang._("Share of each connector’s messages of which TLS is known, in percent; most in need first."),
                  said.usage),
        "flow": (lang._("Mail flow, by day"), lang._("Messages in above, out below."), said.flow),
    }  # fmt: skip
    images, shown = {}, []
    for name, (title, lead, alternative) in texts.items():
        if drawn[name]:
            images[f"chart-{name}"] = charts.png(str(drawn[name]), _SCALE)
            shown.append((f"chart-{name}", title, lead, alternative))
    return images, shown


def policy_line(page: view.Page, model: ReportModel) -> str:
    """Under which policy the report judges."""
    proof = model.provenance
    return page.lang._("policy {id}, version {version}", id=proof.policy_id, version=proof.policy_version)


def next_due(page: view.Page, model: ReportModel) -> str:
    """When the next regular report is due, so that its absence can be noticed; with the zone."""
    due = model.edition.next_due_at
    return page.lang.instant(due, model.period.time_zone) if due else ""
