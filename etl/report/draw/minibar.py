"""The small 100 % bar of one connector: a few rectangles."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from etl.report.draw import palette, svg
from etl.report.draw.charts import WIDE, Segment

HEIGHT = 16
_LABEL, _NAMED = 40, 100
"""Pixels that a piece needs to hold its share, and to hold its name too."""


def draw(segments: Sequence[Segment], alternative: str, *, tooltips: bool, width: int = WIDE) -> str:
    """The bar as SVG; no bar where there is nothing to show. `alternative` says what it shows."""
    if not segments:
        return ""
    name = f' role="img" aria-label="{escape(alternative)}"' if tooltips else ""
    size = f'width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}"'
    look = f'font-family="\'{svg.FONT}\'" font-size="9.5" font-weight="600" text-anchor="middle"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}{name}>']
    if not tooltips:
        parts.append(f"<title>{escape(alternative)}</title>")
    parts += [_piece(piece, width, tooltips) for piece in segments]
    return "".join([*parts, "</svg>"])


def _piece(piece: Segment, whole: int, tooltips: bool) -> str:
    x, width = whole * piece.start, whole * (piece.end - piece.start)
    drawn = svg.box(
        x, 0, x + max(width - 0.8, 0.6), HEIGHT, palette.VERSION_COLORS[piece.version],
        look="outlined" if piece.version == "Unknown" else "filled", words=piece.words if tooltips else "",
    )  # fmt: skip
    label = f"{piece.name} {piece.label}" if width > _NAMED else piece.label
    if width > _LABEL:
        drawn += f'<text x="{x + width / 2:.1f}" y="11.6" fill="{palette.INK_ON[piece.version]}">{escape(label)}</text>'
    return drawn
