"""The PDF: A4 or Letter, tagged, declared PDF/A-3a, with its own fonts and its own numbers inside.

Two renderings of the same model with the same versions give the same bytes: the only instant in the file is the
edition's `made_at`, and the file's identifier is a hash of what it says. WeasyPrint may open nothing but fonts of the
project, and any warning of its is an error.
"""

from __future__ import annotations

import gc
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import weasyprint  # type: ignore[import-untyped]  # WeasyPrint has no type hints
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]  # as above
from weasyprint.urls import URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]  # as above

from etl.common import periods
from etl.common.errors import Terminal
from etl.common.program_files import FONTS
from etl.model.report import ReportModel
from etl.report import templates
from etl.report.draw import drawings, glyphs
from etl.report.draw.charts import WIDE
from etl.report.view import page as view
from etl.report.view import wording

LONG = 8
"""From so many connectors with a section on, the report has a table of contents."""
DESCRIPTIONS = {
    "summary.json": "All numbers of this report",
    "facts.csv": "The counted messages this report is made from",
}


class RenderingFailed(Terminal):
    """The PDF could not be made as it must be: a font, a picture or a style was refused."""


class _OwnFiles(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no type hints
    """Gives WeasyPrint the project's fonts and nothing else, whatever a page asks for."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ARG002  WeasyPrint's signature
        name = url.removeprefix("ledger:fonts/")
        allowed = {path.name for path in FONTS.iterdir()}
        if not url.startswith("ledger:fonts/") or name not in allowed:
            raise ValueError(f"a report may not open {url[:80]}")
        return URLFetcherResponse(url, (FONTS / name).read_bytes(), {"Content-Type": "font/ttf"})


class _Collector(logging.Handler):
    """Keeps what WeasyPrint complains about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def warnings_are_errors() -> Iterator[None]:
    """Raises `RenderingFailed` with all that WeasyPrint (or its font subsetting) warned of meanwhile."""
    collector = _Collector()
    loggers = [logging.getLogger("weasyprint"), logging.getLogger("fontTools")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(collector)
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(collector)
            logger.setLevel(level)
    if collector.said:
        raise RenderingFailed(
            "The PDF could not be made cleanly: " + "; ".join(dict.fromkeys(collector.said)),
            "no warning from WeasyPrint", "Check the templates and fonts of this installation",
        )  # fmt: skip


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Holds the garbage collector back meanwhile: a layout is a million living objects, and looking through them again
    and again costs a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def render(model: ReportModel, attachments: dict[str, bytes]) -> bytes:
    """The PDF of `model`, with `attachments` (name to bytes: summary.json, facts.csv) inside it.

    Raises `RenderingFailed` on any warning of WeasyPrint.
    """
    source = to_html(model)
    made_at = model.edition.made_at
    enclosed = [
        weasyprint.Attachment(
            string=content, name=name, description=DESCRIPTIONS.get(name), created=made_at, modified=made_at,
            relationship="Data", url_fetcher=_OwnFiles(),
        )
        for name, content in sorted(attachments.items())
    ]  # fmt: skip
    identifier = hashlib.sha256(source.encode())
    for name, content in sorted(attachments.items()):
        identifier.update(name.encode() + hashlib.sha256(content).digest())
    with warnings_are_errors(), _without_collecting():
        document = weasyprint.HTML(string=source, url_fetcher=_OwnFiles(), media_type="print").render(
            font_config=FontConfiguration(), pdf_variant="pdf/a-3a", pdf_tags=True
        )
        document.metadata.attachments = enclosed
        made: bytes = document.write_pdf(
            pdf_identifier=identifier.hexdigest()[:32].encode(), pdf_variant="pdf/a-3a", pdf_tags=True,
        )  # fmt: skip
    return made


def to_html(model: ReportModel) -> str:
    """The page that WeasyPrint lays out, in letters that the project's fonts have."""
    page = view.build(model, view.PRINT_LARGE if len(model.connectors) > view.MANY else view.PRINT)
    values = {
        "page": page,
        "charts": {
            name: templates.trusted(glyphs.in_visual_order(drawn))
            for name, drawn in drawings.for_page(page, WIDE, tooltips=False).items()
        },
        "bars": drawings.connector_bars(page, model, tooltips=False),
        "all_bar": drawings.all_bar(page, WIDE, tooltips=False),
        "all_bar_narrow": "",
        "action_lines": drawings.action_lines(page),
        "contents": _columns(_contents(page)),
        "detail_columns": len(page.versions) + 4,
        "made_at": periods.instant(model.edition.made_at),
    }
    body = templates.render("report.pdf.html", page.lang, css="", escaped=False, **values)
    css = templates.trusted(_style(page, model, glyphs.scripts(body)))
    whole = templates.render("report.pdf.html", page.lang, css=css, escaped=bool(glyphs.lacking(body)), **values)
    return glyphs.drawable(whole)


def _style(page: view.Page, model: ReportModel, scripts: dict[str, str]) -> str:
    css = templates.asset("base.css") + templates.asset("print.css")
    for place, words in _margins(page).items():
        css = css.replace(f"--{place}--", words)
    faces = (f'@font-face{{font-family:"{family}";src:url(ledger:fonts/{name})}}' for family, name in scripts.items())
    return css + "".join(faces) + f"@page{{size:{model.page}}}"


Entry = tuple[str, str, bool]
"""A line of the table of contents: place, name, and whether it is a part or a connector's section in it."""


def _columns(entries: list[Entry], count: int = 3) -> list[list[Entry]]:
    """The table of contents in columns; laying them out by CSS costs as much as a chart."""
    tall = max(1, -(-len(entries) // count))
    return [entries[at : at + tall] for at in range(0, len(entries), tall)]


def _contents(page: view.Page) -> list[Entry]:
    """What a long report holds; of a short one nothing."""
    lang = page.lang
    if len(page.sections) < LONG:
        return []
    before = [
        ("h-usage", lang._("TLS usage, by connector"), page.bars),
        ("h-flow", lang._("Mail flow, by day"), page.state == "mail"),
        ("h-trend", lang._("TLS usage, by week"), len(page.trend) > 1),
        ("h-noted", lang._("Good to know"), page.findings.noted),
        ("h-connectors", lang._("Connectors: messages by TLS version"), page.connectors),
        ("h-sections", lang._("Connector by connector"), page.sections),
    ]
    after = [
        ("h-partners", lang._("Partners without TLS or with deprecated TLS"), page.partners),
        ("h-details", lang._("Details by day"), page.details),
        ("h-safeguards", lang._("Ciphers, key exchange, certificates"), page.safeguards),
        ("h-profiles", lang._("Compared with published profiles"), page.profiles),
        ("h-quality", lang._("Data quality"), True),
        ("h-definitions", lang._("Definitions"), True),
        ("h-provenance", lang._("Where the numbers come from"), True),
    ]
    sections = [(part.anchor, wording.short(part.name), False) for part in page.sections]
    parts = [[(href, name, True) for href, name, there in listed if there] for listed in (before, after)]
    return [*parts[0], *sections, *parts[1]]


def _margins(page: view.Page) -> dict[str, str]:
    """What stands in the margins of each page, as CSS content."""
    lang = page.lang
    of = lang._("of")
    return {
        "running": templates.css_text(f"{page.organisation} · " + lang._("Mail in transit")),
        "edition": templates.css_text(f"{page.period} · {page.zone}"),
        "foot": templates.css_text(page.edition.line),
        "of": f"counter(page) {templates.css_text(f' {of} ')} counter(pages)",
    }
