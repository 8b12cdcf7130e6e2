"""SVG as the report uses it: marks at exact places, hatching for `No TLS`, and words for who can't see them.

`No TLS` is hatched wherever it is drawn, which keeps it apart from every other version in black-and-white print; what
is unknown is an outline, and a day that never came an outline with grey hatching. Hatching is drawn line by line, not
as a pattern: PDF viewers draw patterns each in its own way, and some leave them out. Greys and inks are written as
attributes, which the page's style sheet turns over in the dark.
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
    look: Literal["filled", "outlined", "lost", "open"] = "filled"
    """`outlined`: unknown; `lost`: nothing came; `open`: a bar whose outer end is not known (`y` is that end)."""


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


def draw(drawing: Drawing, alternative: str, *, tooltips: bool) -> str:
    """The drawing as SVG, fit to stand in a page.

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
    for mark in drawing.marks:
        match mark:
            case Rect():
                parts.append(_rect(mark, tooltips))
            case Line():
                parts.append(_line(mark))
            case Word():
                parts.append(_word(mark))
    return "".join([*parts, "</svg>"])


def _rect(mark: Rect, tooltips: bool) -> str:
    if mark.x2 <= mark.x or mark.y2 <= mark.y:
        return ""
    return box(
        mark.x, mark.y, mark.x2, mark.y2, mark.color, look=mark.look, words=mark.words if tooltips else ""
    )  # fmt: skip


def box(x: float, y: float, x2: float, y2: float, color: str, *, look: str = "filled", words: str = "") -> str:
    """A rectangle in one of the looks of `Rect`, with its hatching."""
    title = f"<title>{escape(words)}</title>" if words else ""
    inset = 0.4 if look in ("outlined", "lost") else 0
    place = (
        f'x="{_number(x + inset)}" y="{_number(y + inset)}" width="{_number(max(x2 - x - 2 * inset, 0.2))}" '
        f'height="{_number(max(y2 - y - 2 * inset, 0.2))}"'
    )
    if look == "outlined":
        return f'<rect {place} fill="none" stroke="{palette.DIM}" stroke-width="0.8">{title}</rect>'
    if look == "lost":
        frame = f'<rect {place} fill="none" stroke="{palette.FLOW_OUT}" stroke-width="0.8">{title}</rect>'
        return frame + _hatching(x, y, x2, y2, palette.FLOW_OUT, step=8, opacity=0.7)
    drawn = f'<rect {place} fill="{color}">{title}</rect>' if title else f'<rect {place} fill="{color}"/>'
    return drawn + (_hatching(x, y, x2, y2, "#ffffff", step=7, opacity=0.38) if color == palette.NO_TLS_COLOR else "")


def _hatching(x: float, y: float, x2: float, y2: float, color: str, *, step: float, opacity: float) -> str:
    """Lines from lower left to upper right across a rectangle, each ending at its edges."""
    lines = []
    at = x + y + step / 2
    while at < x2 + y2:
        left, right = max(x, at - y2), min(x2, at - y)
        run = _number(right - left)
        lines.append(f"M{_number(left)} {_number(at - left)}l{run}-{run}")
        at += step
    if not lines:
        return ""
    return f'<path d="{"".join(lines)}" fill="none" stroke="{color}" stroke-opacity="{opacity}" stroke-width="1.3"/>'


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
