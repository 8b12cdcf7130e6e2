"""The two small charts of a connector's section on the screen: mail flow by day, TLS usage by week.

A report may hold two thousand of them: what has one colour is one path, so a chart is about a kilobyte; type and greys
come from the page's style sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil

from etl.report.draw import palette, svg
from etl.report.draw.charts import WeekStack
from etl.report.language import DASH, Language

WIDTH = 360
_TOP, _TALL = 14, 56
_FOOT = _TOP + _TALL
_HEIGHT = _FOOT + 15
_LABEL = 42
"""Pixels that a label under or above a column needs."""

Word = tuple[float, float, str, str]
"""Text in the middle of a place: x, y, the text, its class."""


@dataclass(frozen=True)
class SparkDay:
    """A day of one connector: messages, the same weekday a week before, and where it usually lies."""

    label: str
    messages: int
    text: str
    before: int | None
    band: tuple[float, float] | None
    is_lost: bool
    is_part: bool


def flow(days: Sequence[SparkDay], lang: Language, name: str) -> str:
    """Messages a day over the usual band, a thin line for the week before; nothing where there was no mail at all."""
    most = max([0.0, *(max(d.messages, d.before or 0, d.band[1] if d.band else 0) for d in days if not d.is_lost)])
    if not most:
        return ""
    step, scale = WIDTH / len(days), _TALL / most
    thick = min(34.0, step * 0.66)
    bars, bands, ticks, lost, opened = [], [], [], [], []
    words: list[Word] = []
    for position, day in enumerate(days):
        middle = step * (position + 0.5)
        if _is_labelled(position, len(days), step):
            words.append((middle, _HEIGHT - 3, day.label, "warn" if day.is_lost or day.is_part else "dim"))
        if day.is_lost:
            lost.append(svg.box(middle - thick / 2, _TOP, middle + thick / 2, _FOOT, "", look="lost"))
            continue
        if day.band:
            low, high = day.band
            bands.append(_box(middle, thick + 8, _FOOT - high * scale, (high - low) * scale))
        bars.append(_box(middle, thick, _FOOT - day.messages * scale, day.messages * scale))
        if day.before:
            ticks.append(f"M{middle - thick / 2:.1f} {_FOOT - day.before * scale:.1f}h{thick:.1f}")
        if day.is_part:
            y = _FOOT - day.messages * scale
            opened.append(f"M{middle - thick / 2:.1f} {y:.1f}v-7M{middle + thick / 2:.1f} {y:.1f}v-7")
        if step > _LABEL:
            words.append((middle, _FOOT - max(day.messages, day.before or 0) * scale - 3, day.text, "ink"))
    gone, part = lang._("no export"), lang._("not all came")
    said = "; ".join(
        f"{day.label}: {gone if day.is_lost else day.text + (f' ({part})' if day.is_part else '')}" for day in days
    )
    parts = [_path(bands, 'class="band"'), _path(bars, 'class="vin"'), _path([*ticks, *opened], 'class="tick"'),
             *lost, _texts(words)]  # fmt: skip
    parts.append(f'<path class="axis" d="M0 {_FOOT}h{WIDTH}"/>')
    return _whole(parts, lang._("Messages a day, {name}. {rows}", name=name, rows=said))


def line(weeks: Sequence[tuple[int, int]], alternative: str) -> str:
    """n of N by week as a small line that ends in a point; a week without mail parts it."""
    wide, tall, pad = 84.0, 24.0, 3.0
    step = (wide - 2 * pad) / max(len(weeks) - 1, 1)
    most = max((n / total for n, total in weeks if total), default=0) or 1
    places = [
        (pad + step * at, tall - pad - (tall - 2 * pad) * n / total / most) if total else None
        for at, (n, total) in enumerate(weeks)
    ]
    path = ""
    for before, place in pairwise([None, *places]):
        if place:
            path += f"{'L' if before else 'M'}{place[0]:.1f} {place[1]:.1f}"
    end = places[-1]
    dot = f'<circle cx="{end[0]:.1f}" cy="{end[1]:.1f}" r="2" fill="{palette.NO_TLS_COLOR}"/>' if end else ""
    return (
        f'<svg class="line" xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{tall:.0f}" '
        f'viewBox="0 0 {wide:.0f} {tall:.0f}" role="img" aria-label="{escape(alternative)}">'
        f'<title>{escape(alternative)}</title><path d="M0 {tall - 1}H{wide:.0f}" stroke="{palette.FLOW_OUT}" '
        f'stroke-width="0.5"/><path d="{path}" fill="none" stroke="{palette.INK}" stroke-width="1.3"/>{dot}</svg>'
    )


def trend(weeks: Sequence[WeekStack], lang: Language, name: str, ident: str) -> str:
    """100 % columns of TLS versions, a week each; nothing where there are fewer than two weeks with mail."""
    if sum(1 for week in weeks if week.segments) < 2:
        return ""
    step = WIDTH / len(weeks)
    thick = min(34.0, step * 0.72)
    by_version: dict[str, list[str]] = {}
    words: list[Word] = []
    for position, week in enumerate(weeks):
        middle = step * (position + 0.5)
        for piece in week.segments:
            tall = _TALL * (piece.end - piece.start)
            by_version.setdefault(piece.version, []).append(
                _box(middle, thick, _FOOT - _TALL * piece.start - tall, tall)
            )
        if _is_labelled(position, len(weeks), step):
            words.append((middle, _HEIGHT - 3, week.label, "dim"))
            words.append((middle, _TOP - 4, "" if week.above == DASH else week.above, "ink"))
    fills = {version: f'fill="{palette.VERSION_COLORS[version]}"' for version in by_version}
    drawn = []
    if "No TLS" in fills:
        fills["No TLS"] = f'fill="url(#{ident}-hatch)"'
        drawn.append(svg.hatch_pattern(ident))
    if "Unknown" in fills:
        fills["Unknown"] = f'fill="none" stroke="{palette.DIM}" stroke-width="0.8"'
    drawn += [_path(boxes, fills[version]) for version, boxes in by_version.items()]
    said = "; ".join(f"{week.label}: {week.above}" for week in weeks)
    words_for_all = lang._("Share of messages up to date, by week, {name}. {rows}", name=name, rows=said)
    return _whole([*drawn, _texts(words)], words_for_all)


def _is_labelled(position: int, count: int, step: float) -> bool:
    """Every label where they fit, else some, counted from the last."""
    return (count - 1 - position) % max(1, ceil(_LABEL / step)) == 0


def _box(middle: float, width: float, y: float, tall: float) -> str:
    return f"M{middle - width / 2:.1f} {y:.1f}h{width:.1f}v{tall:.1f}h-{width:.1f}z"


def _path(pieces: Sequence[str], look: str) -> str:
    return f'<path {look} d="{"".join(pieces)}"/>' if pieces else ""


def _texts(words: Iterable[Word]) -> str:
    return "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" class="{css}">{escape(text)}</text>' for x, y, text, css in words if text
    )


def _whole(parts: Sequence[str], alternative: str) -> str:
    head = f'<svg class="spark" viewBox="0 0 {WIDTH} {_HEIGHT}" role="img" aria-label="{escape(alternative)}">'
    return "".join([head, *parts, "</svg>"])
