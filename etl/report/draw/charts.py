"""The charts, as marks at exact places.

One drawing gives the SVG in the page and in the PDF and the PNG in the mail. Charts take prepared numbers and texts
(see `etl/report/view`), hold few elements, and come wide (690) or narrow (340, drawn anew, not shrunk).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from typing import Literal

import vl_convert
from PIL import Image

from etl.common.program_files import FONTS
from etl.report.draw import palette
from etl.report.draw.glyphs import drawable
from etl.report.draw.svg import Align, Drawing, Line, Rect, Word

WIDE, NARROW = 690, 340
ROW = 26
LABEL_WIDTH = 38
"""Pixels that a bar needs to hold its own label."""


@dataclass(frozen=True)
class Segment:
    """A piece of a 100 % bar: `start` and `end` are 0 to 1; `label` is empty where it would not fit."""

    version: str
    start: float
    end: float
    label: str
    words: str
    name: str = ""
    """The version in the reader's language."""


@dataclass(frozen=True)
class Bar:
    """A row of the TLS usage chart."""

    name: str
    segments: tuple[Segment, ...]
    messages: str
    unknown: str
    is_sum: bool = False


@dataclass(frozen=True)
class DayBars:
    """A day of the mail flow chart: messages in and out, and where the same weekday usually lies."""

    label: str
    inbound: int
    outbound: int
    inbound_text: str
    outbound_text: str
    words_in: str
    words_out: str
    band_in: tuple[float, float] | None
    band_out: tuple[float, float] | None
    before_in: int | None = None
    """Messages of the same weekday a week before; nothing where nothing is known of it."""
    before_out: int | None = None
    missing: str = ""
    """What stands below a day whose exports did not all come."""


@dataclass(frozen=True)
class WeekStack:
    """A period of the trend: segments from below, and what stands above the bar."""

    label: str
    segments: tuple[Segment, ...]
    above: str


@lru_cache(maxsize=1)
def _fonts_registered() -> bool:
    vl_convert.register_font_directory(str(FONTS))
    return True


def png(drawn_svg: str, scale: float = 2) -> bytes:
    """A finished SVG as PNG on white, `scale` pixels to a unit; 64 colours, a third of the bytes, look the same."""
    _fonts_registered()
    on_white = drawable(drawn_svg).replace(">", '><rect width="100%" height="100%" fill="#ffffff"/>', 1)
    drawn = Image.open(BytesIO(vl_convert.svg_to_png(on_white, scale=scale))).convert("RGB")
    small = BytesIO()
    drawn.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _legend(versions: Mapping[str, str], left: float, y: float, width: float) -> list[Rect | Word]:
    marks: list[Rect | Word] = []
    x = left
    for version, name in versions.items():
        step = 24 + 6.4 * len(name)
        if x + step > width + 8 and x > left:
            x, y = left, y + 17
        marks += [Rect(x, y, x + 10, y + 10, palette.VERSION_COLORS[version]), Word(x + 14, y + 9, name)]
        x += step
    return marks


def _small(x: float, y: float, text: str, align: Align = "center", size: float = 9.5) -> Word:
    return Word(x, y, text, size, palette.DIM, align)


def usage(
    bars: Sequence[Bar], *, width: int, versions: Mapping[str, str], heads: tuple[str, str],
    thresholds: Sequence[tuple[float, str]],
) -> Drawing:  # fmt: skip
    """100 % bars of TLS versions, a row each; messages and unknown ones beside the bar, never in it.

    `versions` are those of the legend with their names, `heads` the words over the two columns, `thresholds` places of
    dotted lines with their labels.
    """
    narrow = width < 500
    left, right = (0, 0) if narrow else (206, 118)
    row, height, top = (40, 17, 34) if narrow else (ROW, 19, 18)
    span = width - left - right
    rects: list[Rect] = []
    words = [_small(width - 52, 10, heads[0], "right"), _small(width, 10, heads[1], "right")]
    for position, bar in enumerate(bars):
        y = top + position * row
        base = y - 5 if narrow else y + height - 5.5
        weight: Literal[400, 600] = 600 if bar.is_sum else 400
        name_at = 0 if narrow else left - 10
        words.append(Word(name_at, base, bar.name, align="left" if narrow else "right", weight=weight))
        words.append(Word(width - 52, base, bar.messages, align="right", weight=weight))
        words.append(_small(width, base, bar.unknown, "right"))
        for piece in bar.segments:
            x, x2 = left + span * piece.start, left + span * piece.end
            color = palette.VERSION_COLORS[piece.version]
            rects.append(Rect(x, y, max(x2 - 0.8, x + 0.6), y + height, color, piece.words))
            if piece.label and x2 - x > LABEL_WIDTH:
                ink = palette.INK_ON[piece.version]
                at = _beside((x + x2) / 2, x2, [left + span * cut for cut, _ in thresholds])
                words.append(Word(at, y + height - 5.5, piece.label, 9.5, ink, "center", 600))
    end = top + len(bars) * row
    runs = [(top + n * row - 1, top + n * row + height + 1) for n in range(len(bars))] if narrow else [(15, end - 4)]
    dotted = [
        Line(left + span * at, y, left + span * at, y2, palette.INK, dashed=True)
        for at, _ in thresholds
        for y, y2 in runs
    ]
    words += [_small(left + span * at, 10, text) for at, text in thresholds]
    legend = _legend(versions, left, end + 3, width)
    return Drawing(width, end + (34 if narrow else 18), (*rects, *dotted, *words, *legend))


def _beside(middle: float, end: float, lines: Sequence[float]) -> float:
    """Where a label goes: in the middle of its piece, or right of a line that would cut it there."""
    half = LABEL_WIDTH / 2
    cutting = [line + half for line in lines if abs(line - middle) < half and line + 2 * half < end]
    return max(cutting, default=middle)


def flow(days: Sequence[DayBars], *, width: int, sides: tuple[str, str]) -> Drawing:
    """Messages a day, in above and out below one line, over the band where the same weekday usually lies.

    A thin line across a bar is the same weekday a week before.
    """
    left, height = 34, 190 + (12 if any(day.missing for day in days) else 0)
    step = (width - left) / max(len(days), 1)
    thick = min(50.0, step * 0.62)
    tops = [max(day.inbound, day.before_in or 0, day.band_in[1] if day.band_in else 0) for day in days]
    feet = [max(day.outbound, day.before_out or 0, day.band_out[1] if day.band_out else 0) for day in days]
    scale = 128 / (max([1.0, *tops]) + max([1.0, *feet]))
    zero = 22 + max([1.0, *tops]) * scale
    every, pad = max(1, round(46 / step)), min(6.0, (step - thick) / 2)
    rects: list[Rect] = []
    words = [Word(0, zero - 14, sides[0]), Word(0, zero + 22, sides[1])]
    lines = [Line(left - 8, zero + 0.5, width, zero + 0.5, palette.INK)]
    for position, day in enumerate(days):
        middle = left + step * (position + 0.5)
        x, x2 = middle - thick / 2, middle + thick / 2
        for side, band in ((-1, day.band_in), (1, day.band_out)):
            if band:
                edges = sorted((zero + side * band[0] * scale, zero + side * band[1] * scale))
                rects.append(Rect(x - pad, edges[0], x2 + pad, edges[1], palette.BAND))
        up, down = zero - day.inbound * scale, zero + 1 + day.outbound * scale
        rects.append(Rect(x, up, x2, zero, palette.FLOW_IN, day.words_in))
        rects.append(Rect(x, zero + 1, x2, down, palette.FLOW_OUT, day.words_out))
        if step > LABEL_WIDTH:
            size = 10 if width > NARROW else 8.5
            words.append(Word(middle, zero - tops[position] * scale - 4, day.inbound_text, size, align="center"))
            words.append(Word(middle, zero + feet[position] * scale + 12, day.outbound_text, size, align="center"))
        for y, before, now in (
            (zero - (day.before_in or 0) * scale, day.before_in, day.inbound),
            (zero + 1 + (day.before_out or 0) * scale, day.before_out, day.outbound),
        ):
            if before:
                lines.append(Line(x, y, x2, y, palette.TICK_ON_BAR if before < now else palette.DIM))
        if position % every == 0:
            words.append(_small(middle, 188, day.label))
    told = -float(LABEL_WIDTH)
    for said, run in groupby(enumerate(days), key=lambda numbered: numbered[1].missing):
        at = [left + step * (position + 0.5) for position, _ in run]
        middle = (at[0] + at[-1]) / 2
        if said and middle - told > LABEL_WIDTH:
            words.append(Word(middle, 200, said, 9.5, palette.WARN, "center", 600))
            told = middle
    return Drawing(width, height, (*rects, *lines, *words))


def trend(
    weeks: Sequence[WeekStack], *, width: int, versions: Mapping[str, str], marks: tuple[str, str, str]
) -> Drawing:
    """100 % columns of TLS versions, a period each, `No TLS` at the foot; `marks` are the words for 0, half and all."""
    left, top, tall = 40, 18, 120
    step = (width - left) / max(len(weeks), 1)
    thick = min(40.0, step * 0.78)
    every = max(1, round(34 / step))
    places = zip((top + tall, top + tall / 2, top), marks, strict=True)
    words = [_small(left - 8, y + 3, text, "right") for y, text in places]
    rects: list[Rect] = []
    for position, week in enumerate(weeks):
        middle = left + step * (position + 0.5)
        rects += [
            Rect(middle - thick / 2, top + tall * (1 - piece.end), middle + thick / 2, top + tall * (1 - piece.start),
                 palette.VERSION_COLORS[piece.version], piece.words)
            for piece in week.segments
        ]  # fmt: skip
        if (len(weeks) - 1 - position) % every == 0:
            words.append(_small(middle, top + tall + 13, week.label))
            words.append(Word(middle, top - 5, week.above, 9.5, align="center", weight=600))
    height = top + tall + (56 if width < 500 else 36)
    return Drawing(width, height, (*rects, *words, *_legend(versions, left, top + tall + 22, width)))
