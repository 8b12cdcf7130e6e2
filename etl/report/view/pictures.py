"""What the charts show: the model's counts as bars with places, labels and words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from etl.common import periods
from etl.common.words import TLS_VERSIONS
from etl.insights.classes import share
from etl.model.report import ConnectorSection, ReportModel, TrendPoint
from etl.report.draw.charts import Bar, DayBars, Segment, WeekStack
from etl.report.draw.sparks import SparkDay
from etl.report.language import DASH, Language
from etl.report.view import missing, wording
from etl.report.view.wording import FEW

WEEK = timedelta(days=7)


def segments(lang: Language, versions: dict[str, int], name: str = "") -> tuple[Segment, ...]:
    """A 100 % bar of all versions, `Unknown` at its end. A label is the share of the messages whose TLS is known, as
    every table has it; of fewer than 30, and of `Unknown`, the messages."""
    shown = versions_in_order(versions)
    known, every = wording.total(versions, wording.bar_versions(shown)), sum(versions.values())
    pieces, reached = [], 0
    prefix = f"{name} · " if name else ""
    for version in shown:
        n = versions[version]
        title = wording.version_name(lang, version)
        words = lang._(
            "{version}: {n} of {total} messages, {share}", version=title,
            n=lang.number(n), total=lang.number(known), share=lang.ratio(n, known),
        )  # fmt: skip
        label = f"{lang.tenth(n, known)}\u202f%"
        if version == "Unknown" or known < FEW:
            label = lang.number(n)
            words = lang._("{version}: {n} messages", version=title, n=lang.number(n))
        pieces.append(
            Segment(version, reached / every, (reached + n) / every, label, prefix + words, title, lang.number(n))
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
        pieces = segments(lang, section.versions, wording.short(whole, 80))
        bars.append(_bar(lang, cut, section.versions, pieces))
    return bars


def _bar(
    lang: Language, name: str, versions: dict[str, int], pieces: tuple[Segment, ...], *, is_sum: bool = False
) -> Bar:
    every, unknown = sum(versions.values()), versions.get("Unknown", 0)
    known = (every - unknown) / every if every else 1
    return Bar(name, pieces, lang.number(every), lang.count(unknown), is_sum, known)


def all_bar(lang: Language, model: ReportModel) -> Bar:
    """All mail that the report shows, in one bar."""
    versions: Counter[str] = Counter()
    for section in model.connectors:
        versions.update(section.versions)
    return _bar(lang, "", dict(versions), segments(lang, dict(versions)))


def threshold_marks(lang: Language, model: ReportModel) -> list[tuple[float, str]]:
    """Where a rule on `No TLS` cuts the bars: only that class starts at the bar's left end."""
    cuts = sorted({i.threshold for i in model.insights if i.measure == "No TLS" and i.threshold and i.comparator})
    return [(cut, lang.threshold(cut)) for cut in cuts]


def sum_bars(lang: Language, model: ReportModel) -> list[Bar]:
    """All mail in and all mail out, as rows of the same chart."""
    bars: list[Bar] = []
    if model.visible_connectors:
        return bars
    for name, way in ((lang._("All mail in"), "inbound"), (lang._("All mail out"), "outbound")):
        versions: Counter[str] = Counter()
        for section in model.connectors:
            if section.direction == way:
                versions.update(section.versions)
        bars.append(_bar(lang, name, dict(versions), segments(lang, dict(versions), name), is_sum=True))
    return bars


def flow_days(lang: Language, model: ReportModel) -> list[DayBars]:
    """The period's mail flow by day, with the same weekday a week before and its usual band."""
    sums: Counter[tuple[date, str]] = Counter()
    for row in model.flow:
        sums[row.data_date, row.direction] += row.messages
    bands = {(b.data_date, b.direction): (b.low, b.high) for b in model.bands if b.connector is None}
    lost, shown, marks = lost_days(model), period_days(model), missing.marks(lang, model)
    pattern = _day_pattern(len(shown))
    days = []
    for day in shown:
        n_in, n_out = sums[day, "inbound"], sums[day, "outbound"]
        label, before = lang.day(day, "EEE d MMM"), day - WEEK
        mark = marks.get(day.isoformat(), "")
        said = f" ({mark})" if mark else ""
        days.append(
            DayBars(
                label=lang.day(day, pattern), inbound=n_in, outbound=n_out, inbound_text=lang.number(n_in),
                outbound_text=lang.number(n_out),
                words_in=lang._("{day}: {n} messages in", day=label, n=lang.number(n_in)) + said,
                words_out=lang._("{day}: {n} messages out", day=label, n=lang.number(n_out)) + said,
                band_in=bands.get((day, "inbound")), band_out=bands.get((day, "outbound")),
                before_in=sums.get((before, "inbound")), before_out=sums.get((before, "outbound")),
                missing=mark, is_lost=day in lost,
            )
        )  # fmt: skip
    return days


def _day_pattern(days: int) -> str:
    """How a day is labelled: by weekday in a week or a month, by month in anything longer."""
    return "EEE d" if days <= 31 else "d MMM"


def lost_days(model: ReportModel) -> frozenset[date]:
    """The days of which no counting source brought its export: what lies on them came with the days around."""
    counting = [s for s in model.completeness.sources if s.role == "count" and s.expected_days is not None]
    every = [set(source.missing_dates) for source in counting]
    return frozenset(set.intersection(*every)) if every else frozenset()


def part_days(model: ReportModel) -> frozenset[date]:
    """The days of which something is missing, but not all."""
    return frozenset(gap.data_date for gap in model.completeness.gaps) - lost_days(model)


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
    """13 periods of TLS usage, with the share of up-to-date messages above each."""
    modern = model.standard.versions
    return [_week_stack(lang, points[0].period, summed(points), modern) for points in trend_points(model)]


def _week_stack(lang: Language, period: str, versions: dict[str, int], modern: Sequence[str]) -> WeekStack:
    label = lang._("W{week}", week=period.split("-W", 1)[1])
    now = share(versions, frozenset(modern))
    above = lang.share(now) if now.total >= FEW else lang._(
        "{n} of {total}", n=lang.number(now.n), total=lang.number(now.total)) if now.total else DASH  # fmt: skip
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
    lost, part, days = lost_days(model), part_days(model), period_days(model)
    labels = {day: lang.day(day, _day_pattern(len(days))) for day in days}
    first = model.flow[0].data_date if model.flow else days[0]
    return {
        place: [
            SparkDay(
                label=labels[day], messages=own[day], text=lang.number(own[day]),
                before=own[day - WEEK] if day - WEEK >= first else None, band=bands.get((*place, day)),
                is_lost=day in lost, is_part=day in part,
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
        place: [
            _week_stack(lang, name, own[name].versions if name in own else {}, model.standard.versions)
            for _, name in weeks
        ]
        for place, own in points.items()
    }
