"""What the charts show: the model's counts as bars with places, labels and words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from etl.common import periods
from etl.common.words import PROTECTED, TLS_VERSIONS
from etl.model import numbers
from etl.model.report import ConnectorSection, ReportModel, TrendPoint
from etl.report.draw.charts import Bar, DayBars, Segment, WeekStack
from etl.report.draw.sparks import SparkDay
from etl.report.language import DASH, Language
from etl.report.view import wording

WEEK = timedelta(days=7)


def segments(lang: Language, versions: dict[str, int], name: str = "") -> tuple[Segment, ...]:
    """A 100 % bar of all versions but `Unknown`; labels add to 100.0."""
    shown = wording.bar_versions(versions_in_order(versions))
    whole = wording.total(versions, shown)
    if not whole:
        return ()
    tenths = numbers.tenths({v: versions.get(v, 0) for v in shown})
    pieces, reached = [], 0
    for version in shown:
        n = versions.get(version, 0)
        if not n:
            continue
        label = lang.tenth(n, tenths[version])
        title = wording.version_name(lang, version)
        words = lang._(
            "{version}: {n} of {total} messages, {share}", version=title,
            n=lang.number(n), total=lang.number(whole), share=lang.ratio(n, whole),
        )  # fmt: skip
        prefix = f"{name} · " if name else ""
        pieces.append(
            Segment(version, reached / whole, (reached + n) / whole, f"{label}\u202f%", prefix + words, title)
        )
        reached += n
    return tuple(pieces)


def versions_in_order(versions: dict[str, int]) -> tuple[str, ...]:
    """All TLS versions from worst to best."""
    return tuple(v for v in TLS_VERSIONS if versions.get(v))


def usage_bars(lang: Language, sections: Sequence[ConnectorSection], *, short: int = 36) -> list[Bar]:
    """The TLS usage chart: the connectors in the model's order, most in need first."""
    bars = []
    for section in sections:
        whole = wording.directed(lang, section.connector, section.direction)
        name = wording.connector(lang, section.connector, section.direction)
        cut = wording.fitting(name, short - 5) + whole.removeprefix(name)
        unknown = lang.count(section.versions.get("Unknown", 0))
        bars.append(
            Bar(cut, segments(lang, section.versions, wording.short(whole, 80)), lang.number(section.messages), unknown)
        )
    return bars


def threshold_marks(lang: Language, model: ReportModel) -> list[tuple[float, str]]:
    """Where a rule on `No TLS` cuts the bars: only that class starts at the bar's left end."""
    cuts = sorted({i.threshold for i in model.insights if i.measure == "No TLS" and i.threshold and i.comparator})
    return [(cut, lang.threshold(cut)) for cut in cuts]


def sum_bars(lang: Language, model: ReportModel) -> list[Bar]:
    """All mail in and all mail out, as rows of the same chart."""
    bars = []
    for name, way in ((lang._("All mail in"), "inbound"), (lang._("All mail out"), "outbound")):
        versions: Counter[str] = Counter()
        for section in model.connectors:
            if section.direction == way:
                versions.update(section.versions)
        unknown = lang.count(versions["Unknown"])
        pieces = segments(lang, dict(versions), name)
        bars.append(Bar(name, pieces, lang.number(versions.total()), unknown, is_sum=True))
    return bars


def flow_days(lang: Language, model: ReportModel) -> list[DayBars]:
    """The period's mail flow by day, with the same weekday a week before and its usual band."""
    sums: Counter[tuple[date, str]] = Counter()
    for row in model.flow:
        sums[row.data_date, row.direction] += row.messages
    bands = {(b.data_date, b.direction): (b.low, b.high) for b in model.bands if b.connector is None}
    missing, shown = missing_days(model), period_days(model)
    pattern = _day_pattern(len(shown))
    days = []
    for day in shown:
        n_in, n_out = sums[day, "inbound"], sums[day, "outbound"]
        label, before = lang.day(day, "EEE d MMM"), day - WEEK
        days.append(
            DayBars(
                label=lang.day(day, pattern), inbound=n_in, outbound=n_out, inbound_text=lang.number(n_in),
                outbound_text=lang.number(n_out),
                words_in=lang._("{day}: {n} messages in", day=label, n=lang.number(n_in)),
                words_out=lang._("{day}: {n} messages out", day=label, n=lang.number(n_out)),
                band_in=bands.get((day, "inbound")), band_out=bands.get((day, "outbound")),
                before_in=sums.get((before, "inbound")), before_out=sums.get((before, "outbound")),
                missing=lang._("missing") if day in missing else "",
            )
        )  # fmt: skip
    return days


def _day_pattern(days: int) -> str:
    """How a day is labelled: by weekday in a week or a month, by month in anything longer."""
    return "EEE d" if days <= 31 else "d MMM"


def missing_days(model: ReportModel) -> frozenset[date]:
    """The days for which an export that counts never came."""
    return frozenset(day for s in model.completeness.sources if s.role == "count" for day in s.missing_dates)


def period_days(model: ReportModel) -> list[date]:
    """The days of the period, in order."""
    return periods.days_between(model.period.first_date, model.period.last_date)


def trend_points(model: ReportModel) -> list[tuple[TrendPoint, ...]]:
    """The trend of all mail flow: per period both directions, oldest first."""
    by_period: dict[str, list[TrendPoint]] = {}
    for point in sorted(model.trend, key=lambda p: (p.first_date, p.direction)):
        if point.connector is None:
            by_period.setdefault(point.period, []).append(point)
    return [tuple(points) for points in by_period.values()]


def summed(points: Sequence[TrendPoint]) -> dict[str, int]:
    """Messages by version over several points."""
    sums: Counter[str] = Counter()
    for point in points:
        sums.update(point.versions)
    return dict(sums)


def trend_weeks(lang: Language, model: ReportModel) -> list[WeekStack]:
    """13 periods of TLS usage, with the protected share above each."""
    return [_week_stack(lang, points[0].period, summed(points)) for points in trend_points(model)]


def _week_stack(lang: Language, period: str, versions: dict[str, int]) -> WeekStack:
    label = lang._("W{week}", week=period.split("-W", 1)[1])
    known = wording.total(versions, wording.bar_versions(versions_in_order(versions)))
    above = lang.ratio(wording.total(versions, PROTECTED), known) if known else DASH
    return WeekStack(label, segments(lang, versions, label), above)


Flow = dict[tuple[str, str], list[SparkDay]]


def section_flows(lang: Language, model: ReportModel) -> Flow:
    """The period's mail flow by day of each direction and connector."""
    sums: dict[tuple[str, str], Counter[date]] = defaultdict(Counter)
    for row in model.flow:
        sums[row.direction, row.connector][row.data_date] += row.messages
    bands: dict[tuple[str, str | None, date], tuple[float, float]] = {
        (b.direction, b.connector, b.data_date): (b.low, b.high) for b in model.bands
    }
    missing, days = missing_days(model), period_days(model)
    labels = {day: lang.day(day, _day_pattern(len(days))) for day in days}
    first = model.flow[0].data_date if model.flow else days[0]
    return {
        place: [
            SparkDay(
                label=labels[day], messages=own[day], text=lang.number(own[day]),
                before=own[day - WEEK] if day - WEEK >= first else None, band=bands.get((*place, day)),
                is_missing=day in missing,
            )
            for day in days
        ]
        for place, own in sums.items()
    }  # fmt: skip


def section_trends(lang: Language, model: ReportModel) -> dict[tuple[str, str], list[WeekStack]]:
    """TLS usage by week of each direction and connector; a week without its mail stays empty."""
    weeks = sorted({(point.first_date, point.period) for point in model.trend})
    points: dict[tuple[str, str], dict[str, TrendPoint]] = defaultdict(dict)
    for point in model.trend:
        if point.connector is not None:
            points[point.direction, point.connector][point.period] = point
    return {
        place: [_week_stack(lang, name, own[name].versions if name in own else {}) for _, name in weeks]
        for place, own in points.items()
    }
