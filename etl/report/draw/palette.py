"""The colours: one ordered scale for TLS versions, the same in every chart and rendering, and greys for volume.

From red (none) over orange to blue (newest), lightness falling towards both ends, so that it holds for red-green
blindness; `No TLS` is hatched wherever it is drawn (see `svg.py`). Blue means TLS 1.2 and 1.3, nothing else.
"""

from __future__ import annotations

NO_TLS_COLOR = "#9e1b32"

VERSION_COLORS = {
    "No TLS": NO_TLS_COLOR,
    "SSL 3.0": "#b83c2c",
    "TLS 1.0": "#d95f30",
    "TLS 1.1": "#f0a85c",
    "TLS 1.2": "#7fb2d6",
    "TLS 1.3": "#1f5a94",
    "TLS unknown": "#b4bfc6",
    "Unknown": "#c9c9c5",
}
INK_ON = {
    "No TLS": "#ffffff",
    "SSL 3.0": "#ffffff",
    "TLS 1.0": "#1b1f24",
    "TLS 1.1": "#1b1f24",
    "TLS 1.2": "#12283a",
    "TLS 1.3": "#ffffff",
    "TLS unknown": "#1b1f24",
    "Unknown": "#1b1f24",
}
"""Type on a bar of that version; not the page's ink, which changes in the dark while the bars don't."""

INK = "#1b1f23"
DIM = "#5d646b"
FLOW_IN = "#4a5560"
FLOW_OUT = "#a7afb6"
BAND = "#ece9e2"
WARN = "#a34a12"
TICK_ON_BAR = "#fdfdfd"
"""The line of a week before where it crosses a bar."""
