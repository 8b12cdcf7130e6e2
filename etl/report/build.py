"""From an edition's inputs to the report's one model: a pure function of them.

`period_inputs` reads the warehouse once; `make_model` needs the inputs alone, so an edition can be made again from its
bag. `summary` is what the bag keeps of the model as summary.json: all numbers, and nothing that depends on when, in
which language or with which software it was rendered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Literal

import duckdb

from etl import formats
from etl.basis.inputs import PeriodInputs, earlier_periods, files_by_day, period_inputs
from etl.basis.workbench import opened, visible_facts_csv
from etl.common.masking import mask
from etl.common.periods import Period, local, parse_period, week_of
from etl.common.standards import STANDARDS, Standard
from etl.common.words import DEPRECATED, PROTECTED
from etl.formats.options import Stated
from etl.insights import Judgement, evaluate, read_book
from etl.insights.book import Book, Place, below_modern, is_named
from etl.insights.classes import share
from etl.insights.profiles import profile_results
from etl.insights.safeguards import safeguards_of
from etl.measures import measure
from etl.measures.completeness import model_completeness, model_quality
from etl.model.quality import Completeness, MissingVolume
from etl.model.report import (
    Acknowledgement,
    ActionName,
    Band,
    CipherLine,
    ConnectorSection,
    Correction,
    EditionInfo,
    Figure,
    FlowRow,
    Insight,
    PartnerLine,
    PeriodInfo,
    Provenance,
    ReportModel,
    Review,
    Share,
    SourceShare,
    TrendPoint,
    UntoldSource,
    WouldBreak,
)
from etl.settings import Settings

__all__ = ["PeriodInputs", "make_model", "period_inputs", "summary", "visible_facts_csv"]

FLOW_DAYS = 90
TREND_WEEKS = 13
WEEKS_USUAL = 8
"""Of so many weeks before, the same weekdays tell a day's usual volume."""
PARTNERS_PER_CONNECTOR = 50

_NOT_IN_SUMMARY = {
    "language", "page", "edition", "mentions", "recompared", "visible_connectors", "provisional", "bands", "trend",
    "correction", "reviews", "archive_url", "lost_before",
}  # fmt: skip


def make_model(
    inputs: PeriodInputs,
    settings: Settings,
    period: Period,
    edition: EditionInfo,
    *,
    language: str,
    connectors: tuple[str, ...] = (),
    replaced: tuple[PeriodInputs, datetime] | None = None,
) -> ReportModel:
    """Everything a report on `period` says, for one language and, with `connectors`, as if only these were there.

    `replaced` are the inputs of the edition that this one replaces, and when it was made. Depends on `inputs`, on the
    organisation's name, on contacts, reviews and what `[report]` says in `settings`, and on its arguments; never on the
    clock or the warehouse.
    """
    stored = inputs.completeness
    completeness = model_completeness(stored, inputs.inputs["files"], settings.report.time_zone)
    standard = STANDARDS[settings.report.standard]
    with opened(inputs, settings, connectors) as con:
        book = read_book(
            con, period, earlier_periods(period), completeness, settings.connectors, files_by_day(inputs.inputs)
        )
        judged = evaluate(book, inputs.policy)
        flow = _flow(con, book, period, FLOW_DAYS)
        trend = _trend(con, period)
        sections = _sections(con, book, judged, standard)
        volumes = _volumes(con, period)
        protections = measure(con, "safeguards", **_span(period))
        untold = measure(con, "sources_without_tls", **_span(period))
        quality = model_quality(
            stored, inputs.inputs["files"], measure(con, "reconciliation", **_span(period)) if not connectors else []
        )
    correction = None
    if replaced:
        old = make_model(replaced[0], settings, period, edition, language=language, connectors=connectors)
        correction = _correction(old, judged.insights, replaced, inputs)
    now, before = _all(book, 0), _all(book, 1)
    had_before = bool(before)
    both = {way: (book.periods[0].at((way, None)), book.periods[1].at((way, None))) for way, _ in _DIRECTIONS}
    return ReportModel(
        organisation=settings.organisation.name,
        language=language,
        page=settings.report.page,
        period=_period_info(period, settings.report.time_zone),
        edition=edition,
        provisional=not completeness.complete or completeness.state == "open",
        state=_state(now, completeness, stored),
        messages=sum(now.values()),
        messages_before=sum(before.values()) if had_before else None,
        standard=standard,
        encrypted=_figure(now, before, PROTECTED),
        encrypted_in=_figure(*both["inbound"], PROTECTED),
        encrypted_out=_figure(*both["outbound"], PROTECTED),
        up_to_date=_figure(now, before, standard.versions),
        up_to_date_in=_figure(*both["inbound"], standard.versions),
        up_to_date_out=_figure(*both["outbound"], standard.versions),
        deprecated=_figure(now, before, DEPRECATED),
        unknown=Figure(now=_unknown(now), before=_unknown(before) if had_before else None),
        insights=judged.insights,
        resolved=judged.resolved,
        completeness=completeness,
        untold=_untold(untold, settings),
        missing=_missing(completeness, book, volumes),
        lost_before=_lost_before(book, stored),
        begin_date=book.begins,
        flow=flow,
        bands=tuple(sorted(book.bands.values(), key=_band_order)),
        trend=trend,
        connectors=sections,
        partners=_partners(book),
        partners_count=sum(book.partners_below.get(place, 0) for place in _DIRECTIONS),
        profiles=profile_results(protections, period.last_date),
        safeguards=safeguards_of(protections),
        quality=quality,
        provenance=_provenance(inputs),
        archive_url=settings.report.archive_url,
        correction=correction,
        exceptions=_exceptions(inputs, period),
        reviews=_reviews(settings, period, edition),
        visible_connectors=connectors,
        connectors_in_all=_connectors_in_all(inputs, settings) if connectors else len(sections),
    )


def _correction(
    old: ReportModel, insights: tuple[Insight, ...], replaced: tuple[PeriodInputs, datetime], inputs: PeriodInputs
) -> Correction:
    known = {(row["source"], row["sha256"]) for row in replaced[0].inputs["files"]}
    came = [row["name"] for row in inputs.inputs["files"] if (row["source"], row["sha256"]) not in known]
    before, now = _actions(old.insights), _actions(insights)
    return Correction(
        made_at=replaced[1],
        files=tuple(mask(name) for name in came),
        up_to_date=old.up_to_date.now,
        standing=len(before.keys() & now.keys()),
        withdrawn=tuple(action for key, action in before.items() if key not in now),
        added=tuple(action for key, action in now.items() if key not in before),
    )


def _actions(insights: tuple[Insight, ...]) -> dict[tuple[str, str, str], ActionName]:
    return {
        (item.rule, item.direction or "", item.connector or ""): ActionName(
            rule=item.rule, direction=item.direction, connector=item.connector, title=item.title
        )
        for item in insights
        if item.needs_action
    }


def _exceptions(inputs: PeriodInputs, period: Period) -> tuple[Acknowledgement, ...]:
    holding = [item for item in inputs.policy.acknowledgements if item.until >= period.last_date]
    told = [Acknowledgement(by=item.by, until=item.until, why=item.why) for item in holding]
    return tuple(sorted(told, key=lambda item: (item.until, item.by)))


def _reviews(settings: Settings, period: Period, edition: EditionInfo) -> tuple[Review, ...]:
    made_on = local(edition.made_at, settings.report.time_zone).date()
    known = [
        Review(period=item.period, by=item.by, on=item.on, note=item.note)
        for item in settings.reviews
        if item.on <= made_on and parse_period(item.period).first_date <= period.first_date
    ]
    return tuple(sorted(known, key=lambda item: (item.on, item.period), reverse=True))


def summary(model: ReportModel) -> dict[str, Any]:
    """What summary.json holds: equal for equal facts, whenever, in which language and by whichever version made.

    Left out: the edition (number, instants, ledger), texts, software versions, how settled the period is, how often
    the same bytes came, and what facts.csv and history.csv hold line by line (days before the period, bands, trend).
    """
    found = model.model_dump(mode="json", exclude=_NOT_IN_SUMMARY)
    found["flow"] = [row for row in found["flow"] if row["data_date"] >= found["period"]["first_date"]]
    found["incomplete"] = not model.completeness.complete
    for item in (*found["insights"], *found["resolved"]):
        for key in ("title", "advice", "detail", "contact", "partner"):
            item.pop(key, None)
    for section in found["connectors"]:
        for key in ("contact", "partner"):
            section.pop(key)
    for key in ("state", "settled_date"):
        found["completeness"].pop(key)
    for source in found["completeness"]["sources"]:
        source.pop("duplicate_files")
    found["provenance"].pop("versions")
    return found


_DIRECTIONS: tuple[Place, Place] = (("inbound", None), ("outbound", None))


def _span(period: Period) -> dict[str, date]:
    return {"first_date": period.first_date, "last_date": period.last_date}


def _period_info(period: Period, zone: str) -> PeriodInfo:
    return PeriodInfo.model_validate(
        {
            "id": str(period), "kind": period.kind, **_span(period), "time_zone": zone,
            "starts_at": period.starts_at(zone), "ends_at": period.ends_at(zone), "hours": period.hours(zone),
            "before_id": str(period.before),
        }
    )  # fmt: skip


def _state(
    now: dict[str, int], completeness: Completeness, stored: dict[str, Any]
) -> Literal["mail", "quiet", "no_data"]:
    """`quiet`: exports came for every day expected, or at least one came, and there was no mail in them."""
    if sum(now.values()):
        return "mail"
    came = completeness.received_days or any(s["files"] or s["days"] for s in stored["sources"] if s["role"] == "count")
    return "quiet" if came and not completeness.missing else "no_data"


def _all(book: Book, k: int) -> dict[str, int]:
    """Messages per TLS version of both directions, `k` periods back."""
    return _added(book.periods[k].at(place) for place in _DIRECTIONS)


def _added(parts: Iterable[Any]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for part in parts:
        for version, count in part.items():
            sums[version] += count
    return dict(sums)


def _untold(rows: Sequence[Mapping[str, Any]], settings: Settings) -> tuple[UntoldSource, ...]:
    """The sources that tell nothing of TLS; one that is no longer in the settings gets the general advice."""
    advice = {source.name: formats.stated(source.format).tls_advice for source in settings.sources}
    general = Stated().tls_advice
    return tuple(
        UntoldSource(source=row["source"], messages=row["messages"], advice=advice.get(row["source"], general))
        for row in rows
    )


def _figure(now: Any, before: Any, versions: Iterable[str]) -> Figure:
    members = frozenset(versions)
    return Figure(now=share(now, members), before=share(before, members) if sum(before.values()) else None)


def _unknown(versions: dict[str, int]) -> Share:
    return share(versions, frozenset({"Unknown"}))


def _volumes(con: duckdb.DuckDBPyConnection, period: Period) -> dict[date, int]:
    """Messages a day, of the period and of the eight weeks before it."""
    sums: dict[date, int] = defaultdict(int)
    first = period.first_date - timedelta(weeks=WEEKS_USUAL)
    for row in measure(con, "volume", first_date=first, last_date=period.last_date):
        sums[row["data_date"]] += row["messages"]
    return sums


def _missing(whole: Completeness, book: Book, volumes: dict[date, int]) -> MissingVolume | None:
    """By how much the days with a gap fall short of what the same weekdays had: the median of up to eight weeks, days
    left out that were missing themselves."""
    lost = {day for day, _ in book.missing_days} | {gap.data_date for gap in whole.gaps}
    short, rests = 0, []
    for day in sorted({gap.data_date for gap in whole.gaps}):
        earlier = [day - timedelta(weeks=k) for k in range(1, WEEKS_USUAL + 1)]
        usual = [volumes.get(d, 0) for d in earlier if book.begins and d > book.begins and d not in lost]
        if not usual:
            return None
        rests.append(len(usual))
        short += max(0, round(median(usual)) - volumes.get(day, 0))
    return MissingVolume(messages=short, weeks=min(rests)) if rests and short else None


def _lost_before(book: Book, stored: dict[str, Any]) -> tuple[date, ...]:
    regular = {
        item["source"] for item in stored["sources"] if item["role"] == "count" and item["expect"] != "irregular"
    }
    lost: dict[date, set[str]] = defaultdict(set)
    for day, source in book.missing_days:
        lost[day].add(source)
    return tuple(sorted(day for day, sources in lost.items() if sources >= regular))


def _connectors_in_all(inputs: PeriodInputs, settings: Settings) -> int:
    """How many connectors a report on all would tell of, for one that shows only some."""
    whole, period = (
        model_completeness(inputs.completeness, inputs.inputs["files"], settings.report.time_zone),
        inputs.period,
    )
    with opened(inputs, settings) as con:
        book = read_book(con, period, earlier_periods(period), whole, settings.connectors, files_by_day(inputs.inputs))
        judged = evaluate(book, inputs.policy).insights
        own = {(row["direction"], row["connector"]) for row in measure(con, "connectors", **_span(period))}
    return len(own | {(item.direction, item.connector) for item in judged if item.connector is not None})


def _band_order(band: Band) -> tuple[date, str, str]:
    return band.data_date, band.direction, band.connector or ""


def _flow(con: duckdb.DuckDBPyConnection, book: Book, period: Period, days: int) -> tuple[FlowRow, ...]:
    first = min(period.first_date, period.last_date - timedelta(days=days - 1))
    parts: dict[tuple[date, Place], list[dict[str, Any]]] = defaultdict(list)
    for row in measure(con, "flow", first_date=first, last_date=period.last_date):
        parts[row["data_date"], (row["direction"], row["connector"])].append(row)
    return tuple(_flow_row(book, day, place, rows) for (day, place), rows in parts.items())


def _flow_row(book: Book, day: date, place: Place, rows: list[dict[str, Any]]) -> FlowRow:
    told = book.told_on(place, day)
    return FlowRow(
        data_date=day,
        direction=place[0],
        connector=place[1] or "",
        connector_type=told.connector_type if told else None,
        forced_tls=told.forced_tls if told else None,
        versions={row["tls_version"]: row["messages"] for row in rows},
        messages=sum(row["messages"] for row in rows),
        recipients=_sum_or_none(row["recipients"] for row in rows),
        bytes=_sum_or_none(row["bytes"] for row in rows),
        is_estimated=any(row["is_estimated"] for row in rows),
    )


def _sum_or_none(values: Iterable[int | None]) -> int | None:
    """The sum, or nothing where a part of it is not told."""
    found = list(values)
    return None if None in found else sum(value or 0 for value in found)


def _trend(con: duckdb.DuckDBPyConnection, period: Period) -> tuple[TrendPoint, ...]:
    """The last 13 whole ISO weeks up to the period's end."""
    last = week_of(period.last_date)
    if last.last_date > period.last_date:
        last = last.before
    first = last.first_date - timedelta(days=7 * (TREND_WEEKS - 1))
    points: dict[tuple[date, str, str | None], dict[str, int]] = defaultdict(dict)
    for row in measure(con, "trend", first_date=first, last_date=last.last_date):
        points[row["first_date"], row["direction"], row["connector"]][row["tls_version"]] = row["messages"]
    return tuple(
        TrendPoint.model_validate(
            {
                "period": str(week_of(monday)), "first_date": monday, "direction": direction, "connector": connector,
                "versions": versions,
            }
        )
        for (monday, direction, connector), versions in points.items()
    )  # fmt: skip


def _partners(book: Book) -> tuple[PartnerLine, ...]:
    lines = [line for place in _DIRECTIONS for line in book.partners.get(place, ())]
    return tuple(sorted(lines, key=lambda p: (-below_modern(p.versions), p.direction, p.partner_domain)))


def _sections(
    con: duckdb.DuckDBPyConnection, book: Book, judged: Judgement, standard: Standard
) -> tuple[ConnectorSection, ...]:
    """Connectors with mail in the period, or with an insight; most in need first, then the largest."""
    positions: dict[Place, list[int]] = defaultdict(list)
    for position, insight in enumerate(judged.insights):
        if insight.direction and insight.connector is not None:
            positions[insight.direction, insight.connector].append(position)
    sums: dict[Place, list[dict[str, Any]]] = defaultdict(list)
    for row in measure(con, "connectors", **_span(book.period)):
        sums[row["direction"], row["connector"]].append(row)
    counts = {(row["direction"], row["connector"]): row for row in measure(con, "partner_counts", **_span(book.period))}
    sources = _sources(con, book.period, standard)
    places = sorted({*sums, *positions}, key=lambda place: (place[0], place[1] or ""))
    sections = [
        _section(
            book, judged, standard, place, sums[place], counts.get(place, {}), positions[place], sources.get(place, ())
        )
        for place in places
    ]
    return tuple(sorted(sections, key=_need))


def _sources(
    con: duckdb.DuckDBPyConnection, period: Period, standard: Standard
) -> dict[Place, tuple[SourceShare, ...]]:
    """The sources of each connector that has several."""
    told: dict[Place, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in measure(con, "connector_sources", **_span(period)):
        told[row["direction"], row["connector"]][row["source"]][row["tls_version"]] = row["messages"]
    modern = frozenset(standard.versions)
    return {
        place: tuple(
            SourceShare(source=source, messages=sum(versions.values()), up_to_date=share(versions, modern))
            for source, versions in sources.items()
        )
        for place, sources in told.items()
    }


def _need(section: ConnectorSection) -> tuple[bool, int, int, str, str]:
    first = min(section.insights, default=1 << 30) if section.needs_action else 1 << 30
    return not section.needs_action, first, -section.messages, section.direction, section.connector


def _section(
    book: Book,
    judged: Judgement,
    standard: Standard,
    place: Place,
    rows: list[dict[str, Any]],
    counts: dict[str, int],
    positions: list[int],
    sources: tuple[SourceShare, ...],
) -> ConnectorSection:
    versions = {row["tls_version"]: row["messages"] for row in rows}
    before = book.periods[1].at(place)
    told, known = book.told_at(place) or book.told_last_before(place), book.settings_of(place)
    return ConnectorSection(
        direction=place[0],
        connector=place[1] or "",
        connector_type=told.connector_type if told else None,
        forced_tls=told.forced_tls if told else None,
        partner=known.partner if known and is_named(place) else None,
        contact=known.contact if known else None,
        versions=versions,
        messages=sum(versions.values()),
        messages_before=sum(before.values()) if before else None,
        recipients=_sum_or_none(row["recipients"] for row in rows),
        bytes=_sum_or_none(row["bytes"] for row in rows),
        is_estimated=any(row["is_estimated"] for row in rows),
        encrypted=_figure(versions, before, PROTECTED),
        up_to_date=_figure(versions, before, standard.versions),
        sources=sources,
        partners_below=book.partners.get(place, ())[:PARTNERS_PER_CONNECTOR],
        partners_below_count=book.partners_below.get(place, 0),
        partners_count=counts.get("partners", 0),
        ciphers=_ciphers(book, place),
        would_break=_would_break(versions, counts),
        insights=tuple(positions),
        needs_action=any(judged.insights[n].needs_action for n in positions),
    )


def _ciphers(book: Book, place: Place) -> tuple[CipherLine, ...]:
    found = book.periods[0].ciphers.get(place, {})
    lines = [
        CipherLine(tls_version=version, tls_cipher=cipher, messages=count)
        for (version, cipher), count in found.items()
        if version != "No TLS"
    ]
    return tuple(sorted(lines, key=lambda line: (-line.messages, line.tls_version, line.tls_cipher)))


def _would_break(versions: dict[str, int], counts: dict[str, int]) -> WouldBreak:
    plain = versions.get("No TLS", 0)
    return WouldBreak(
        plaintext_messages=plain,
        plaintext_partners=counts.get("plaintext_partners", 0),
        below_modern_messages=below_modern(versions) - plain,
        below_modern_partners=counts.get("deprecated_partners", 0),
        kept_messages=versions.get("TLS 1.2", 0) + versions.get("TLS 1.3", 0),
        unknown_messages=versions.get("Unknown", 0) + versions.get("TLS unknown", 0),
    )


def _provenance(inputs: PeriodInputs) -> Provenance:
    return Provenance(
        digest=inputs.facts_sha256,
        policy_id=inputs.policy.id,
        policy_version=inputs.policy.version,
        policy_sha256=inputs.policy.sha256,
        settings_sha256=inputs.settings_sha256,
        readers_version=inputs.versions["readers"],
        versions=inputs.versions,
    )
