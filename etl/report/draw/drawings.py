"""The charts of one page, drawn: once per width, and from there finished for print, for the screen, or as PNG."""

from __future__ import annotations

from dataclasses import dataclass

from etl.model.report import ReportModel
from etl.report.draw import charts, minibar
from etl.report.draw import sparks as small
from etl.report.draw.svg import Drawing, draw
from etl.report.templates import trusted
from etl.report.view import pictures, wording
from etl.report.view.page import Page


@dataclass(frozen=True)
class Alternatives:
    """What each chart says, for those who can't see it."""

    usage: str
    flow: str
    trend: str


def alternatives(page: Page) -> Alternatives:
    """A sentence per chart with its main numbers; the tables hold the rest."""
    lang = page.lang
    rows = [
        f"{bar.name}: "
        + lang.listed(f"{wording.version_name(lang, s.version)} {s.label}" for s in bar.segments if s.label)
        for bar in page.bars
    ]
    days = [_day(page, day) for day in page.flow]
    weeks = [f"{week.label}: {week.above}" for week in page.trend]
    return Alternatives(
        usage=lang._("TLS versions as shares of each connector’s messages. {rows}", rows="; ".join(rows)),
        flow=lang._("Messages a day, in and out. {rows}", rows="; ".join(days)),
        trend=lang._("Share of messages up to date, by week. {rows}", rows="; ".join(weeks)),
    )


def _day(page: Page, day: charts.DayBars) -> str:
    """`Thu 19: 550 / 400 (until 14:17)`; of one that never came only that, and what the days around brought of it."""
    counts = f"{day.inbound_text} / {day.outbound_text}"
    if day.is_lost:
        return page.lang._(
            "{day}: {mark} (from the days around: {counts})", day=day.label, mark=day.missing, counts=counts
        )
    return f"{day.label}: {counts} ({day.missing})" if day.missing else f"{day.label}: {counts}"


def usage(page: Page, width: int) -> Drawing:
    """TLS usage by connector."""
    lang = page.lang
    seen = {piece.version for bar in page.bars for piece in bar.segments}
    versions = {v: wording.version_name(lang, v) for v in page.versions if v in seen}
    heads = (lang._("messages"), lang._("unknown"))
    return charts.usage(page.bars, width=width, versions=versions, heads=heads, thresholds=page.thresholds)


def flow(page: Page, width: int) -> Drawing:
    """Mail flow by day."""
    return charts.flow(page.flow, width=width, sides=(page.lang._("in"), page.lang._("out")))


def trend(page: Page, width: int) -> Drawing:
    """TLS usage by week."""
    lang = page.lang
    seen = {piece.version for week in page.trend for piece in week.segments}
    versions = {v: wording.version_name(lang, v) for v in page.versions if v in seen}
    marks = (lang.percent(0, 0), lang.percent(50, 0), lang.percent(100, 0))
    return charts.trend(page.trend, width=width, versions=versions, marks=marks)


def for_page(
    page: Page, width: int, *, tooltips: bool, only: tuple[str, ...] = ("usage", "flow", "trend")
) -> dict[str, str]:
    """The charts of a page at one width, by name; one that has nothing to show is empty."""
    said = alternatives(page)
    made = {"usage": "", "flow": "", "trend": ""}
    if any(bar.segments for bar in page.bars) and "usage" in only:
        made["usage"] = draw(usage(page, width), said.usage, tooltips=tooltips)
    if page.flow and page.state == "mail" and "flow" in only:
        made["flow"] = draw(flow(page, width), said.flow, tooltips=tooltips)
    if sum(1 for week in page.trend if week.segments) > 1 and "trend" in only:
        made["trend"] = draw(trend(page, width), said.trend, tooltips=tooltips)
    return {name: trusted(drawn) for name, drawn in made.items()}


def connector_bars(page: Page, model: ReportModel, *, tooltips: bool, width: int = charts.WIDE) -> dict[str, str]:
    """The small bar of each connector that has a section, by its anchor."""
    bars: dict[str, str] = {}
    for section in model.connectors:
        anchor = page.anchors.get((section.direction, section.connector))
        if anchor:
            name = wording.directed(page.lang, section.connector, section.direction, wording.IN_TABLES)
            pieces = pictures.segments(page.lang, section.versions)
            words = page.lang._("TLS versions of {name}", name=name)
            bars[anchor] = trusted(minibar.draw(pieces, words, tooltips=tooltips, width=width))
    return bars


def sparks(page: Page, model: ReportModel) -> dict[str, tuple[str, str]]:
    """Mail flow and TLS usage of each connector that has a section, by its anchor; empty where there is none."""
    lang = page.lang
    flows, trends = pictures.section_flows(lang, model), pictures.section_trends(lang, model)
    drawn: dict[str, tuple[str, str]] = {}
    for place, anchor in page.anchors.items():
        name = wording.directed(lang, place[1], place[0], wording.IN_TABLES)
        days, weeks = flows.get(place, []), trends.get(place, [])
        drawn[anchor] = (
            trusted(small.flow(days, lang, name)),
            trusted(small.trend(weeks, lang, name, f"{anchor}-w")),
        )
    return drawn


def all_bar(page: Page, width: int, *, tooltips: bool) -> str:
    """All mail in one bar."""
    words = page.lang._("TLS versions of all mail shown")
    return trusted(minibar.draw(page.all_bar.segments, words, tooltips=tooltips, width=width))


def action_lines(page: Page) -> list[str]:
    """The small line of each action on the first page: its share in the last weeks."""
    lang = page.lang
    return [
        trusted(small.line(row.weeks, row.weeks_text or lang._("share by week"))) if row.weeks else ""
        for row in page.findings.rows[: page.action_rows]
    ]
