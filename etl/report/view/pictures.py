"""What the charts show: the model's counts as bars with places, labels and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from etl import periods
from etl.report import numbers
from etl.report.charts import Bar, DayBars, Segment, WeekStack
from etl.report.language import DASH, Language
from etl.report.model import PROTECTED, TLS_VERSIONS, ConnectorSection, ReportModel, TrendPoint
from etl.report.view import wording


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
        words = lang._(
            "{version}: {n} of {total} messages, {share}", version=wording.version_name(lang, version),
            n=lang.number(n), total=lang.number(whole), share=lang.ratio(n, whole),
        )  # fmt: skip
        prefix = f"{name} · " if name else ""
        pieces.append(Segment(version, reached / whole, (reached + n) / whole, f"{label}\u202f%", prefix + words))
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
        cut = wording.short(name, short - 5) + whole.removeprefix(name)
        unknown = lang.count(section.versions.get("Unknown", 0))
        bars.append(
            Bar(cut, segments(lang, section.versions, wording.short(whole, 80)), lang.number(section.messages), unknown)
        )
    return bars


def threshold_marks(lang: Language, model: ReportModel) -> list[tuple[float, str]]:
    """Where a rule on `No TLS` cuts the bars: only that class starts at the bar's left end."""
    cuts = sorted({i.threshold for i in model.insights if i.measure == "No TLS" and i.threshold and i.comparator})
    return [(cut, lang.threshold(cut)) for cut in cuts]


def flow_days(lang: Language, model: ReportModel) -> list[DayBars]:
    """The period's mail flow by day with the band of the same weekday."""
    sums: Counter[tuple[date, str]] = Counter()
    for row in model.flow:
        sums[row.data_date, row.direction] += row.messages
    bands = {(b.data_date, b.direction): (b.low, b.high) for b in model.bands if b.connector is None}
    days = []
    for day in period_days(model):
        n_in, n_out = sums[day, "inbound"], sums[day, "outbound"]
        label = lang.day(day, "EEE d MMM")
        days.append(
            DayBars(
                label=lang.day(day, "EEE d"), inbound=n_in, outbound=n_out, inbound_text=lang.number(n_in),
                outbound_text=lang.number(n_out),
                words_in=lang._("{day}: {n} messages in", day=label, n=lang.number(n_in)),
                words_out=lang._("{day}: {n} messages out", day=label, n=lang.number(n_out)),
                band_in=bands.get((day, "inbound")), band_out=bands.get((day, "outbound")),
            )
        )  # fmt: skip
    return days


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
    weeks = []
    for points in trend_points(model):
        versions = summed(points)
        label = points[0].period.split("-", 1)[1] if model.period.kind == "week" else points[0].period
        shown = wording.bar_versions(versions_in_order(versions))
        known = wording.total(versions, shown)
        above = lang.ratio(wording.total(versions, PROTECTED), known) if known else DASH
        weeks.append(WeekStack(label, segments(lang, versions, label), above))
    return weeks
