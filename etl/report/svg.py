"""What happens to a chart's SVG after it was drawn: hatching, names for who can't see it, and no leftovers.

Vega draws plain fills only, so `No TLS` is drawn in its colour and turned into a hatched pattern here, which keeps it
apart from every other version in black-and-white print.
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from etl.report import glyphs
from etl.report.palette import NO_TLS_COLOR

_DROPPED = ("aria-", "class", "role", "pointer-events", "style", "opacity", "version")
SVG = "http://www.w3.org/2000/svg"


def finish(svg: str, ident: str, alt: str, *, tooltips: bool) -> str:
    """Makes one drawn chart fit to stand in a page.

    `ident` keeps its ids apart from those of other charts, `alt` says what it shows. With `tooltips` each mark that
    has words keeps them as a `<title>`, and the whole gets its name as a label; without, the whole has the one title,
    which is what WeasyPrint takes as the alternative text.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  what vl-convert just drew
    for parent in list(root.iter()):
        for child in list(parent):
            if _is_leftover(child):
                parent.remove(child)
    for element in root.iter():
        _clean(element, ident, tooltips)
    root.attrib.pop("xmlns:xlink", None)
    for background in root.findall("rect"):
        root.remove(background)
    if tooltips:
        root.set("role", "img")
        root.set("aria-label", alt)
    root.insert(0, _hatch(ident))
    if not tooltips:
        title = Element("title")
        title.text = alt
        root.insert(0, title)
    root.set("xmlns", SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _is_leftover(element: Element) -> bool:
    """Vega's invisible frames, and marks without a shape."""
    if element.get("display") == "none" or element.get("class") in ("background", "foreground"):
        return True
    return element.tag.endswith("path") and not element.get("d")


def _clean(element: Element, ident: str, tooltips: bool) -> None:
    element.tag = element.tag.removeprefix(f"{{{SVG}}}")
    words = element.get("aria-label")
    is_bar = element.get("role") == "graphics-symbol" and element.tag == "path"
    for name in list(element.attrib):
        if name.startswith(_DROPPED):
            del element.attrib[name]
    if family := element.get("font-family"):
        families = [family, *glyphs.scripts("".join(element.itertext()))]
        element.set("font-family", ",".join(f"'{name}'" for name in families))  # one that ends in a digit needs quotes
    if element.get("fill") == NO_TLS_COLOR:
        element.set("fill", f"url(#{ident}-hatch)")
    for name in ("id", "clip-path"):
        if value := element.get(name):
            element.set(name, value.replace("url(#", f"url(#{ident}-") if "url(" in value else f"{ident}-{value}")
    if words and is_bar and tooltips:
        SubElement(element, "title").text = words


def _hatch(ident: str) -> Element:
    """The hatching for `No TLS`, used as `fill="url(#<ident>-hatch)"`."""
    definitions = Element("defs")
    pattern = SubElement(
        definitions, "pattern", id=f"{ident}-hatch", width="5", height="5", patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )  # fmt: skip
    SubElement(pattern, "rect", width="5", height="5", fill=NO_TLS_COLOR)
    stripe = {"stroke": "#ffffff", "stroke-opacity": "0.38", "stroke-width": "1.6"}
    SubElement(pattern, "line", {"x1": "0", "y1": "0", "x2": "0", "y2": "5", **stripe})
    return definitions


def hatch_pattern(ident: str) -> str:
    """The hatching as markup, for bars that are not drawn by Vega."""
    return ElementTree.tostring(_hatch(ident), encoding="unicode")
