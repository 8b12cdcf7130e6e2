"""The whole report as prepared objects: what `report.html`, `report.pdf.html` and the mail place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from etl.common.words import BELOW_MODERN
from etl.model.report import ConnectorSection, FlowRow, ReportModel
from etl.report.draw.charts import Bar, DayBars, WeekStack
from etl.report.language import Language, load
from etl.report.view import about, findings, pictures, tables, verdict, wording


@dataclass(frozen=True)
class Limits:
    """How much of it a rendering shows; the rest is in the attached facts.csv, and it says so."""

    sections: int
    section_rows: int
    table_rows: int
    detail_rows: int
    partner_rows: int
    other_rows: int
    bars: int
    all_section_rows: int = 0
    """Partners (and ciphers) of all sections together: where sections are few, each lists more than `section_rows`."""
    sums: bool = False
    """Whether the chart of TLS usage begins with all mail in and out."""
    worst: bool = False
    """Whether the details are the period's rows with most mail below TLS 1.2, instead of the newest days."""
    actions: int = 7
    """Lines of actions on the first page."""
    noted: int = 100
    """Lines of each rule that is good to know."""
    places: int = 100
    """Connectors whose actions are told one by one."""
    shares: bool = True
    """Whether the connectors' shares have a table of their own, beside the chart."""
    noted_all: int = 1000
    """Lines of all such rules together: where rules are many, each has fewer, five at least."""


PRINT = Limits(
    sections=10, section_rows=4, table_rows=25, detail_rows=14, partner_rows=25, other_rows=14, bars=24, worst=True,
    noted=25, places=20,
)  # fmt: skip
PRINT_LARGE = replace(PRINT, sections=6, bars=20, places=8, noted=25, noted_all=40, partner_rows=20, shares=False)
"""For more than 20 connectors: what needs action, and of everything else the largest; the rest is in facts.csv."""
MANY = 20
SCREEN = Limits(
    sections=2000, section_rows=8, table_rows=2000, detail_rows=1000, partner_rows=1000, other_rows=400, bars=24,
    all_section_rows=1600, sums=True,
)  # fmt: skip
SCREEN_LARGE = replace(SCREEN, table_rows=300, detail_rows=300, partner_rows=500)
LARGE = 300
"""From so many connectors on the tables of the screen are cut; its explorer has every one."""
MAIL = Limits(sections=0, section_rows=0, table_rows=12, detail_rows=0, partner_rows=0, other_rows=0, bars=12)


@dataclass(frozen=True)
class Page:
    """Everything in words. Times carry their zone, shares their digits, nothing is left to calculate."""

    lang: Language
    code: str
    title: str
    organisation: str
    period: str
    before_name: str
    """What the period before is called, at the head of a column."""
    days: str
    zone: str
    state: str
    verdict: verdict.Verdict
    findings: findings.Findings
    first: str
    """What to act on first, and whom to call."""
    preheader: str
    """What an inbox shows behind the subject."""
    foot: tuple[tuple[str, str], ...]
    """What an auditor looks for, at the foot of page one."""
    all_bar: Bar
    """All mail shown, in one bar."""
    action_rows: int
    """So many actions have a line on page one."""
    actions_note: str
    noted_rows: int
    """So many places of each rule that is good to know have a line."""
    noted_notes: tuple[str, ...]
    """For each of these rules what is left out."""
    place_rows: int
    """So many places are told of one by one."""
    places_note: str
    least: str
    """The heading of the share that is up to date: `TLS 1.2+`."""
    bands_note: str
    trend_note: str
    edition: about.EditionView
    versions: tuple[str, ...]
    version_names: tuple[str, ...]
    bar_version_names: tuple[str, ...]
    bars: tuple[Bar, ...]
    thresholds: tuple[tuple[float, str], ...]
    bars_note: str
    flow: tuple[DayBars, ...]
    trend: tuple[WeekStack, ...]
    totals: tuple[tables.UsageRow, ...]
    connectors: tuple[tables.UsageRow, ...]
    connectors_note: str
    shares_too: bool
    """Whether the table of shares stands beside that of messages."""
    sections: tuple[tables.SectionView, ...]
    sections_note: str
    details: tuple[tables.DetailRow, ...]
    details_note: str
    estimated: str
    """Which connectors' counts are estimates, for every table that has them."""
    data_days: str
    partners: tuple[tables.PartnerRow, ...]
    organisations: tuple[tables.PartnerRow, ...]
    """The same summed by organisation; nothing where each has one domain."""
    partner_versions: tuple[str, ...]
    """The names of the versions that occur among the partners shown."""
    partners_note: str
    letter: str
    """The command that writes to one of them. It never holds a name from an export: people copy commands."""
    safeguards: tuple[about.SafeguardView, ...]
    safeguards_note: str
    profiles: tuple[about.ProfileView, ...]
    quality: about.QualityView
    definitions: tuple[tuple[str, str], ...]
    provenance: tuple[tuple[str, str], ...]
    mentions: str
    recompared: str
    anchors: dict[tuple[str, str], str]
    """Where each connector's section lies, by direction and name."""


def build(model: ReportModel, limits: Limits) -> Page:
    """The report of `model` in its own language, as far as `limits` go."""
    lang = load(model.language)
    shown = wording.versions_shown(model)
    chosen = _chosen(model, limits.sections)
    anchors: dict[tuple[str, str], str] = {
        (s.direction, s.connector): f"connector-{n}" for n, s in enumerate(chosen, start=1)
    }
    found = findings.build(lang, model, anchors)
    rows = min(limits.noted, max(5, limits.noted_all // max(1, len(found.noted))))
    details = (_worst if limits.worst else _newest)(model, limits.detail_rows)
    listed = model.partners[: limits.partner_rows]
    listed_versions = wording.versions_in(shown, (line.versions for line in listed))
    safeguards, safeguards_note = about.safeguards(lang, model)
    period = wording.period_name(lang, model.period)
    organisation = wording.clean(model.organisation)
    return Page(
        lang=lang, code=lang.code, organisation=organisation, period=period, zone=model.period.time_zone,
        title=lang._("Mail in transit: {organisation}, {period}", organisation=organisation,
                     period=period),
        before_name=wording.capital(wording.before_word(lang, model.period)),
        days=lang.days(model.period.first_date, model.period.last_date), state=model.state,
        verdict=verdict.build(lang, model, len(found.rows)), findings=found,
        preheader=_preheader(lang, model, found), foot=about.foot(lang, model),
        all_bar=pictures.all_bar(lang, model), first=findings.first(lang, found),
        edition=about.edition(lang, model, 12),
        versions=shown, version_names=tuple(wording.version_name(lang, v) for v in shown),
        bar_version_names=tuple(wording.version_name(lang, v) for v in wording.bar_versions(shown)),
        bars=tuple(_bars(lang, model, limits)),
        thresholds=tuple(pictures.threshold_marks(lang, model)),
        bars_note=_more(lang, len(model.connectors) - limits.bars),
        flow=tuple(pictures.flow_days(lang, model)),
        bands_note=_bands_note(lang, model), least=f"{model.standard.least}+",
        action_rows=limits.actions, place_rows=limits.places, noted_rows=rows,
        noted_notes=tuple(_more(lang, len(group.items) - rows) for group in found.noted),
        actions_note=lang.ngettext("and {n} more, below", "and {n} more, below", len(found.rows) - limits.actions)
        if len(found.rows) > limits.actions else "",
        places_note=_more(lang, len(found.places) - limits.places),
        trend_note=lang._("Outlined: unknown. Above each column the share with {least} or newer.",
                          least=model.standard.least),
        trend=tuple(pictures.trend_weeks(lang, model)),
        totals=tuple(tables.total_rows(lang, model, shown)),
        connectors=tuple(tables.connector_rows(lang, model.connectors[: limits.table_rows], shown, anchors)),
        shares_too=limits.shares, connectors_note=_more(lang, len(model.connectors) - limits.table_rows),
        sections=tuple(_sections(lang, model, chosen, shown, anchors, limits)),
        sections_note=_more(lang, len(model.connectors) - len(chosen)),
        details=tuple(tables.detail_rows(lang, details, shown)),
        details_note=_details_note(lang, model, len(details), limits),
        estimated=verdict.estimated(lang, model),
        data_days=lang.days(model.flow[0].data_date, model.flow[-1].data_date) if model.flow else "",
        partners=tuple(tables.partner_rows(lang, listed, listed_versions, model.begin_date)),
        organisations=tuple(tables.organisation_rows(lang, listed, listed_versions, model.begin_date)),
        partner_versions=tuple(wording.version_name(lang, v) for v in listed_versions),
        letter=f"python -m etl letter {model.period.id} --partner DOMAIN",
        partners_note=_more(lang, model.partners_count - len(listed)),
        safeguards=safeguards, safeguards_note=safeguards_note,
        profiles=about.profiles(lang, model), quality=about.quality(lang, model, limits.other_rows),
        definitions=about.definitions(lang, model), provenance=about.provenance(lang, model),
        mentions=lang.listed(model.mentions), recompared=lang.listed(model.recompared), anchors=anchors,
    )  # fmt: skip


def _preheader(lang: Language, model: ReportModel, found: findings.Findings) -> str:
    """What the subject does not say: what to act on first, else the headline's rest."""
    return findings.first(lang, found) or verdict.build(lang, model, 0).rest


def _bands_note(lang: Language, model: ReportModel) -> str:
    """What the light places behind the bars are, by how many weeks there are."""
    weeks = max((band.weeks for band in model.bands if band.connector is None), default=0)
    if weeks < 2:
        return ""
    return lang.ngettext("Light: range of the {n} week before.", "Light: range of the {n} weeks before.", weeks)


def _bars(lang: Language, model: ReportModel, limits: Limits) -> list[Bar]:
    sums = pictures.sum_bars(lang, model) if limits.sums and model.connectors else []
    return sums + pictures.usage_bars(lang, model.connectors[: limits.bars])


def _chosen(model: ReportModel, most: int) -> list[ConnectorSection]:
    """The connectors with a section of their own: those with an insight, then the largest, in the model's order."""
    ranked = sorted(model.connectors, key=lambda s: (not s.needs_action, not s.insights, -s.messages))
    kept = {(s.direction, s.connector) for s in ranked[:most]}
    return [s for s in model.connectors if (s.direction, s.connector) in kept]


def _sections(
    lang: Language, model: ReportModel, chosen: list[ConnectorSection], shown: tuple[str, ...],
    anchors: dict[tuple[str, str], str], limits: Limits,
) -> list[tables.SectionView]:  # fmt: skip
    made = []
    most = max(limits.section_rows, limits.all_section_rows // max(1, len(chosen)))
    for part in chosen:
        anchor = anchors[part.direction, part.connector]
        insights = [
            findings.view(lang, model, n + 1, model.insights[n], anchors) for n in part.insights
            if n < len(model.insights)
        ]  # fmt: skip
        once = tuple(_said_once(insights))
        made.append(tables.section(lang, model, part, shown, once, anchor, most))
    return made


def _said_once(insights: list[findings.InsightView]) -> Iterator[findings.InsightView]:
    """Insights of one connector, where those that have the same days as one before leave them out."""
    told: set[str] = set()
    for item in insights:
        yield replace(item, days="") if item.days in told else item
        told.add(item.days)


def _worst(model: ReportModel, most: int) -> list[FlowRow]:
    """The period's rows with most mail below TLS 1.2, then the largest; in the order of their days."""
    rows = [row for row in model.flow if row.data_date >= model.period.first_date]
    rows.sort(
        key=lambda r: (-wording.total(r.versions, BELOW_MODERN), -r.messages, r.data_date, r.direction, r.connector)
    )
    return sorted(rows[:most], key=lambda r: (r.data_date, r.direction, r.connector))


def _newest(model: ReportModel, most: int) -> list[FlowRow]:
    """The newest days that fit whole, newest day first: a day is never cut in two."""
    by_day: dict[date, list[FlowRow]] = {}
    for row in sorted(model.flow, key=lambda r: (r.data_date, r.direction, r.connector)):
        by_day.setdefault(row.data_date, []).append(row)
    kept: list[FlowRow] = []
    for rows in reversed(list(by_day.values())):
        if kept and len(kept) + len(rows) > most:
            break
        kept += rows
    return kept[:most]


def _details_note(lang: Language, model: ReportModel, count: int, limits: Limits) -> str:
    if count == len(model.flow):
        return ""
    if limits.worst:
        own = sum(row.data_date >= model.period.first_date for row in model.flow)
        return lang._(
            "{shown} of the period’s {total} rows: those with most mail without TLS or with deprecated TLS.",
            shown=lang.number(count), total=lang.number(own),
        )  # fmt: skip
    return lang._(
        "Without JavaScript {shown} of {total} rows are shown here, the newest; facts.csv in the PDF has all of the "
        "period.", shown=lang.number(count), total=lang.number(len(model.flow)),
    )  # fmt: skip


def _more(lang: Language, more: int) -> str:
    return lang.ngettext("{n} more not shown here.", "{n} more not shown here.", more) if more > 0 else ""
