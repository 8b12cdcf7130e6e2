"""SVG as the report uses it: marks at exact places, hatching for `No TLS`, and words for who can't see them.

`No TLS` is hatched wherever it is drawn, which keeps it apart from every other version in black-and-white print. Greys
and inks are written as attributes, which the page's style sheet turns over in the dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from etl.report.draw import glyphs, palette

FONT = "Source Sans 3"
Align = Literal["left", "center", "right"]
_ANCHORS = {"left": "", "center": ' text-anchor="middle"', "right": ' text-anchor="end"'}


@dataclass(frozen=True)
class Rect:
    """A filled rectangle from one corner to the other, with what a reader is told of it."""

    x: float
    y: float
    x2: float
    y2: float
    color: str
    words: str = ""


@dataclass(frozen=True)
class Line:
    """A thin line."""

    x: float
    y: float
    x2: float
    y2: float
    color: str
    dashed: bool = False


@dataclass(frozen=True)
class Word:
    """Text at an exact place; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float = 10.5
    color: str = palette.INK
    align: Align = "left"
    weight: Literal[400, 600] = 400


@dataclass(frozen=True)
class Drawing:
    """A chart: later marks lie over earlier ones."""

    width: int
    height: float
    marks: Sequence[Rect | Line | Word]


def draw(drawing: Drawing, ident: str, alternative: str, *, tooltips: bool) -> str:
    """The drawing as SVG, fit to stand in a page; `ident` keeps its ids apart from those of other charts.

    With `tooltips` each mark that has words keeps them as a `<title>`, and the whole gets its name as a label; without,
    the whole has the one title, which is what WeasyPrint takes as the alternative text.
    """
    width, height = _number(drawing.width), _number(drawing.height)
    named = [FONT, *glyphs.scripts("".join(mark.text for mark in drawing.marks if isinstance(mark, Word)))]
    name = f' role="img" aria-label="{escape(alternative)}"' if tooltips else ""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    families = ",".join(f"'{family}'" for family in named)  # one that ends in a digit needs quotes
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{families}"{name}>']
    if not tooltips:
        parts.append(f"<title>{escape(alternative)}</title>")
    if any(isinstance(mark, Rect) and mark.color == palette.NO_TLS_COLOR for mark in drawing.marks):
        parts.append(hatch_pattern(ident))
    for mark in drawing.marks:
        match mark:
            case Rect():
                parts.append(_rect(mark, ident, tooltips))
            case Line():
                parts.append(_line(mark))
            case Word():
                parts.append(_word(mark))
    return "".join([*parts, "</svg>"])


def _rect(mark: Rect, ident: str, tooltips: bool) -> str:
    width, height = mark.x2 - mark.x, mark.y2 - mark.y
    if width <= 0 or height <= 0:
        return ""
    fill = f"url(#{ident}-hatch)" if mark.color == palette.NO_TLS_COLOR else mark.color
    place = f'x="{_number(mark.x)}" y="{_number(mark.y)}" width="{_number(width)}" height="{_number(height)}"'
    if tooltips and mark.words:
        return f'<rect {place} fill="{fill}"><title>{escape(mark.words)}</title></rect>'
    return f'<rect {place} fill="{fill}"/>'


def _line(mark: Line) -> str:
    dashes = ' stroke-dasharray="2,2"' if mark.dashed else ""
    place = f'x1="{_number(mark.x)}" y1="{_number(mark.y)}" x2="{_number(mark.x2)}" y2="{_number(mark.y2)}"'
    return f'<line {place} stroke="{mark.color}" stroke-width="0.8"{dashes}/>'


def _word(mark: Word) -> str:
    weight = f' font-weight="{mark.weight}"' if mark.weight != 400 else ""
    look = f'font-size="{_number(mark.size)}"{weight} fill="{mark.color}"{_ANCHORS[mark.align]}'
    return f'<text x="{_number(mark.x)}" y="{_number(mark.y)}" {look}>{escape(mark.text)}</text>'


def _number(value: float) -> str:
    """A hundredth of a unit is finer than any print."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def hatch_pattern(ident: str) -> str:
    """The hatching for `No TLS`, used as `fill="url(#<ident>-hatch)"`."""
    return (
        f'<defs><pattern id="{ident}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="{palette.NO_TLS_COLOR}"/>'
        '<line x1="0" y1="0" x2="0" y2="5" stroke="#ffffff" stroke-opacity="0.38" stroke-width="1.6"/></pattern></defs>'
    )
