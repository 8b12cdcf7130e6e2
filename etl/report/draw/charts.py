"""The charts, as marks at exact places.

One drawing gives the SVG in the page and in the PDF and the PNG in the mail. Charts take prepared numbers and texts
(see `etl/report/view`), hold few elements, and come wide (690) or narrow (340, drawn anew, not shrunk).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
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
    count: str = ""
    """Its messages."""


@dataclass(frozen=True)
class Bar:
    """A row of the TLS usage chart."""

    name: str
    segments: tuple[Segment, ...]
    messages: str
    unknown: str
    is_sum: bool = False
    known: float = 1
    """The part of the bar whose TLS is known: `Unknown` takes the rest."""


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
    """What stands below a day of which not all came: `no export`, `until 14:17`."""
    is_lost: bool = False
    """Nothing of it came: it is drawn as a hatched place without numbers."""


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
        look: Literal["filled", "outlined"] = "outlined" if version == "Unknown" else "filled"
        marks += [Rect(x, y, x + 10, y + 10, palette.VERSION_COLORS[version], look=look), Word(x + 14, y + 9, name)]
        x += step
    return marks


def _small(x: float, y: float, text: str, align: Align = "center", size: float = 9.5) -> Word:
    return Word(x, y, text, size, palette.DIM, align)


def usage(
    bars: Sequence[Bar], *, width: int, versions: Mapping[str, str], heads: tuple[str, str],
    thresholds: Sequence[tuple[float, str]],
) -> Drawing:  # fmt: skip
    """100 % bars of TLS versions, a row each, what is unknown as an outline at the end; messages beside the bar.

    `versions` are those of the legend with their names, `heads` the words over the two columns, `thresholds` shares at
    which a rule on `No TLS` cuts: a dotted line in each row that has any.
    """
    narrow = width < 500
    left, right = (0, 0) if narrow else (206, 118)
    row, height, top = (40, 17, 34) if narrow else (ROW, 19, 18)
    span = width - left - right
    rects: list[Rect] = []
    dotted: list[Line] = []
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
            look: Literal["filled", "outlined"] = "outlined" if piece.version == "Unknown" else "filled"
            rects.append(Rect(x, y, max(x2 - 0.8, x + 0.6), y + height, color, piece.words, look))
            if piece.label and x2 - x > LABEL_WIDTH:
                ink = palette.DIM if look == "outlined" else palette.INK_ON[piece.version]
                at = _beside((x + x2) / 2, x2, [left + span * cut * bar.known for cut, _ in thresholds])
                words.append(Word(at, y + height - 5.5, piece.label, 9.5, ink, "center", 600))
        if any(piece.version == "No TLS" for piece in bar.segments):
            dotted += [
                Line(left + span * cut * bar.known, y - 2, left + span * cut * bar.known, y + height + 2, palette.INK,
                     dashed=True)
                for cut, _ in thresholds
            ]  # fmt: skip
    end = top + len(bars) * row
    if dotted:
        words += [_small(left + span * at, 10, text) for at, text in thresholds]
    legend = _legend(versions, left, end + 3, width)
    return Drawing(width, end + (34 if narrow else 18), (*rects, *dotted, *words, *legend))


def _beside(middle: float, end: float, lines: Sequence[float]) -> float:
    """Where a label goes: in the middle of its piece, or right of a line that would cut it there."""
    half = LABEL_WIDTH / 2
    cutting = [line + half for line in lines if abs(line - middle) < half and line + 2 * half < end]
    return max(cutting, default=middle)


def flow(days: Sequence[DayBars], *, width: int, sides: tuple[str, str]) -> Drawing:
    """Messages a day, in above and out below one line, over the band where the same weekday lay before.

    A thin line across a bar is the same weekday a week before. A day that never came is a hatched place without a
    number, one that ends early has no outer end; the word for it stands under each.
    """
    left = 34
    height = 190 + (12 if any(day.missing for day in days) else 0)
    step = (width - left) / max(len(days), 1)
    shown = [day for day in days if not day.is_lost]
    top = max([1.0, *(max(day.inbound, day.before_in or 0, day.band_in[1] if day.band_in else 0) for day in shown)])
    foot = max(
        [1.0, *(max(day.outbound, day.before_out or 0, day.band_out[1] if day.band_out else 0) for day in shown)]
    )
    scale = 128 / (top + foot)
    zero = 22 + top * scale
    marks: list[Rect | Line | Word] = []
    for position, day in enumerate(days):
        middle = left + step * (position + 0.5)
        if day.is_lost:
            half = min(50.0, step * 0.62) / 2
            marks.append(Rect(middle - half, 14, middle + half, 166, "", day.words_in, "lost"))
        else:
            marks += _day(day, middle, step, zero, scale, width)
        if position % max(1, round(46 / step)) == 0:
            marks.append(_small(middle, 188, day.label))
        if day.missing and step > LABEL_WIDTH:
            marks.append(Word(middle, 200, day.missing, 9.5 if width > NARROW else 8, palette.WARN, "center", 600))
        elif day.missing:
            marks.append(Word(middle, 200, "!", 9.5, palette.WARN, "center", 600))
    axis = Line(left - 8, zero + 0.5, width, zero + 0.5, palette.INK)
    names = (Word(0, zero - 14, sides[0]), Word(0, zero + 22, sides[1]))
    return Drawing(width, height, (*marks, axis, *names))


def _day(day: DayBars, middle: float, step: float, zero: float, scale: float, width: int) -> list[Rect | Line | Word]:
    """The marks of one day that came, whole or in part."""
    thick = min(50.0, step * 0.62)
    x, x2, pad = middle - thick / 2, middle + thick / 2, min(6.0, (step - thick) / 2)
    marks: list[Rect | Line | Word] = []
    sides = (
        (-1, day.inbound, day.before_in, day.band_in, palette.FLOW_IN, day.words_in, day.inbound_text),
        (1, day.outbound, day.before_out, day.band_out, palette.FLOW_OUT, day.words_out, day.outbound_text),
    )
    for side, count, before, band, color, words, text in sides:
        start = zero if side < 0 else zero + 1
        if band:
            edges = sorted((start + side * band[0] * scale, start + side * band[1] * scale))
            marks.append(Rect(x - pad, edges[0], x2 + pad, edges[1], palette.BAND))
        end = start + side * count * scale
        marks.append(Rect(x, min(start, end), x2, max(start, end), color, words))
        reach = max(count, before or 0, band[1] if band else 0)
        if day.missing:  # open at its outer end: two short lines go on
            on = end + side * 9
            marks += [Line(x + 0.4, end, x + 0.4, on, palette.DIM, dashed=True),
                      Line(x2 - 0.4, end, x2 - 0.4, on, palette.DIM, dashed=True)]  # fmt: skip
            reach = max(reach, count + 9 / scale)
        if before:
            y = start + side * before * scale
            marks.append(Line(x, y, x2, y, palette.TICK_ON_BAR if before < count else palette.DIM))
        if step > LABEL_WIDTH:
            size = 10 if width > NARROW else 8.5
            y = start + side * reach * scale + (-4 if side < 0 else 11)
            marks.append(Word(middle, y, text, size, align="center"))
    return marks


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
                 palette.VERSION_COLORS[piece.version], piece.words,
                 "outlined" if piece.version == "Unknown" else "filled")
            for piece in week.segments
        ]  # fmt: skip
        if (len(weeks) - 1 - position) % every == 0:
            words.append(_small(middle, top + tall + 13, week.label))
            words.append(Word(middle, top - 5, week.above, 9.5, align="center", weight=600))
    height = top + tall + (56 if width < 500 else 36)
    return Drawing(width, height, (*rects, *words, *_legend(versions, left, top + tall + 22, width)))
