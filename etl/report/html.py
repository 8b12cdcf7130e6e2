"""The HTML report: one file, no network, readable without JavaScript, and a strict Content-Security-Policy.

The policy allows the one style sheet and the one script in the file by their hashes and nothing else: no network, no
evaluation of strings. With the script the connector report filters by connector, direction and dates.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from markupsafe import escape

from etl.common import periods
from etl.common.program_files import FONTS
from etl.model.report import ReportModel
from etl.report import templates
from etl.report.draw import charts, drawings, palette, svg
from etl.report.language import Language
from etl.report.view import missing, pictures, wording
from etl.report.view import page as view

_SOURCE_SANS = svg.FONT
_LATIN = "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2212"
_LATIN_EXT = "U+0100-02AF,U+1E00-1EFF,U+2C60-2C7F,U+A720-A7FF"
_HEBREW = "U+0590-05FF,U+200F,U+20AA,U+FB1D-FB4F"
_ARABIC = "U+0600-06FF,U+0750-077F,U+08A0-08FF,U+200F,U+FB50-FDFF,U+FE70-FEFC"
_WEIGHTS = (400, 600, 700)
EAGER = 60
"""So many sections hold all they say from the start, and those that need action. The others
hold it as text, which `tables.js` turns into the page when they are opened: thousands at once would take seconds."""
_STYLE, _POLICY = "style to come", "policy to come"


def render(model: ReportModel) -> bytes:
    """The report of `model` as one HTML file, UTF-8."""
    page = view.build(model, view.SCREEN_LARGE if len(model.connectors) > view.LARGE else view.SCREEN)
    css = templates.asset("base.css") + templates.asset("screen.css") + _paper(page)
    script = templates.asset("tables.js") + templates.asset("report.js")
    parts: dict[str, Any] = {
        "page": page,
        "wide": drawings.for_page(page, charts.WIDE, tooltips=True),
        "narrow": drawings.for_page(page, charts.NARROW, tooltips=True),
        "all_bar": drawings.all_bar(page, charts.WIDE, tooltips=True),
        "all_bar_narrow": drawings.all_bar(page, charts.NARROW, tooltips=True),
        "action_lines": drawings.action_lines(page),
        "contents": _contents(page),
        "script": templates.trusted(script),
        "data": templates.trusted(_json(_data(page.lang, model, page.versions))),
    }
    parts |= {"inside": _insides(page, model), "eager": EAGER}
    # The letters that the page uses decide on its fonts, the fonts on its style, the style on its policy. Both places
    # lie before all that comes from an export.
    body = templates.render("report.html", page.lang, css=_STYLE, policy=_POLICY, **parts)
    css = _fonts(body) + css
    policy = str(escape(content_policy(css, script)))
    return body.replace(_POLICY, policy, 1).replace(_STYLE, css, 1).encode()


def _insides(page: view.Page, model: ReportModel) -> dict[str, str]:
    """What each connector's section holds below its summary, by its anchor."""
    bars = drawings.connector_bars(page, model, tooltips=True)
    small = drawings.connector_bars(page, model, tooltips=True, width=charts.NARROW)
    sparks = drawings.sparks(page, model)
    return {
        part.anchor: templates.trusted(
            templates.render(
                "parts/inside.html", page.lang, page=page, part=part, bar=bars[part.anchor],
                small_bar=small[part.anchor], sparks=sparks[part.anchor],
            )
        )
        for part in page.sections
    }  # fmt: skip


def _paper(page: view.Page) -> str:
    """Heads and page numbers of the page on paper."""
    head = templates.css_text(f"{page.organisation} · {page.period}")
    foot = templates.css_text(page.edition.line)
    look = "font-size:8pt;color:#5d646b"
    return (
        f"@page{{@top-left{{content:{head};{look}}}@bottom-left{{content:{foot};{look}}}"
        f'@bottom-right{{content:counter(page) " / " counter(pages);{look}}}}}'
    )


def content_policy(css: str, script: str) -> str:
    """The Content-Security-Policy of a page with exactly this style sheet and this script."""
    return (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src '{_digest(script)}'; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _fonts(text: str) -> str:
    """The typefaces, as far as `text` needs them: letters beyond Latin-1 only where one occurs."""
    found = set(text)
    faces = [_face(_SOURCE_SANS, f"source-sans-3-latin-{weight}-normal", weight, _LATIN) for weight in _WEIGHTS]
    if any("\u0100" <= c <= "\u02af" or "\u1e00" <= c <= "\u1eff" for c in found):
        faces += [_face(_SOURCE_SANS, f"source-sans-3-latin-ext-{w}-normal", w, _LATIN_EXT) for w in _WEIGHTS]
    if any("\u0590" <= c <= "\u05ff" for c in found):
        faces.append(_face("Noto Sans Hebrew", "noto-sans-hebrew-hebrew-400-normal", 400, _HEBREW))
    if any("\u0600" <= c <= "\u06ff" for c in found):
        faces.append(_face("Noto Sans Arabic", "noto-sans-arabic-arabic-400-normal", 400, _ARABIC))
    return "".join(faces)


@lru_cache
def _face(family: str, file: str, weight: int, letters: str) -> str:
    content = (FONTS / f"{file}.woff2").read_bytes()
    return (
        f'@font-face{{font-family:"{family}";font-weight:{weight};unicode-range:{letters};'
        f"src:url(data:font/woff2;base64,{base64.b64encode(content).decode()}) format('woff2')}}\n"
    )


def _contents(page: view.Page) -> list[tuple[str, str]]:
    """Where the page can be jumped to; only what is there."""
    lang = page.lang
    places: Iterable[tuple[str, str, object]] = (
        ("h-action", lang._("To act on"), page.findings.rows),
        ("h-noted", lang._("Good to know"), page.findings.noted),
        ("h-usage", lang._("TLS usage"), any(bar.segments for bar in page.bars)),
        ("h-flow", lang._("Mail flow"), page.state == "mail"),
        ("h-details", lang._("Connector report"), page.details),
        ("h-sections", lang._("Connector by connector"), page.sections),
        ("h-partners", lang._("Partners"), page.partners),
        ("h-safeguards", lang._("Ciphers, certificates"), page.safeguards),
        ("h-profiles", lang._("Profiles"), page.profiles),
        ("h-quality", lang._("Data quality"), True),
        ("h-definitions", lang._("Definitions"), True),
        ("h-provenance", lang._("Provenance"), True),
    )
    return [(href, name) for href, name, there in places if there]


def _json(value: Any) -> str:
    """JSON that can stand in a page: nothing in it can end the element that holds it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _data(lang: Language, model: ReportModel, shown: tuple[str, ...]) -> dict[str, Any]:
    """What the script filters: one short row per day and connector, positions instead of repeated names."""
    first = min((row.data_date for row in model.flow), default=model.period.first_date)
    days = periods.days_between(min(first, model.period.first_date), model.period.last_date)
    at_day = {day: n for n, day in enumerate(days)}
    kinds = sorted({(row.direction, row.connector, row.connector_type or "", row.forced_tls) for row in model.flow},
                   key=str)  # fmt: skip
    at_kind = {kind: n for n, kind in enumerate(kinds)}
    rows = [
        [at_day[r.data_date], at_kind[r.direction, r.connector, r.connector_type or "", r.forced_tls],
         *(r.versions.get(v, 0) for v in shown)]
        for r in model.flow
    ]  # fmt: skip
    return {
        "versions": list(shown),
        "names": [wording.version_name(lang, v) for v in shown],
        "colors": [palette.VERSION_COLORS[v] for v in shown],
        "inks": [palette.INK_ON[v] for v in shown],
        "days": [{"iso": d.isoformat(), "text": lang.day(d, "EEE d MMM"), "short": lang.day(d, "d MMM")} for d in days],
        "connectors": [
            {
                "way": way, "wayText": wording.direction(lang, way), "name": wording.connector(lang, name, way),
                "type": wording.connector_type(lang, kind), "forced": wording.forced(lang, forced),
            }
            for way, name, kind, forced in kinds
        ],
        "rows": rows,
        "bands": _bands(lang, model),
        "missing": sorted(day.isoformat() for day in (*pictures.lost_days(model), *model.lost_before)),
        "marks": missing.marks(lang, model),
        "period": [model.period.first_date.isoformat(), model.period.last_date.isoformat()],
        "file": f"transit-ledger-{wording.file_period(model.period)}.csv",
        "decimal": lang.decimal(0, 1)[1],
        "words": _words(lang),
        "heads": ["data_date", "direction", "connector", "connector_type", "forced_tls", *shown, "messages"],
    }  # fmt: skip


def _bands(lang: Language, model: ReportModel) -> dict[str, dict[str, tuple[float, float]]]:
    """Where each day usually lies, by direction and connector as people see it; without a name for all mail flow."""
    bands: dict[str, dict[str, tuple[float, float]]] = {}
    for band in model.bands:
        name = "" if band.connector is None else wording.connector(lang, band.connector, band.direction)
        bands.setdefault(f"{band.direction} {name}", {})[band.data_date.isoformat()] = (band.low, band.high)
    return bands


def _words(lang: Language) -> dict[str, str]:
    return {
        "in": lang._("in"),
        "out": lang._("out"),
        "messages": lang._("{a} messages in {b} rows"),
        "nothing": lang._("No mail fits this choice."),
        "page": lang._("rows {a} to {b} of {c}"),
        "copied": lang._("The link was copied."),
        "link": lang._("The link is now in the address line."),
        "chartFlow": lang._("Messages a day, in above and out below"),
        "chartTls": lang._("Messages a day by TLS version"),
        "sort": lang._("Sort by {a}"),
        "filter": lang._("Only rows with"),
        "filterSections": lang._("Only connectors with"),
        "noExport": lang._("no export"),
        "before": lang._(" · in the {a} days before {b}"),
        "weekBefore": lang._("a week before {a}"),
        "usual": lang._("usually {a} to {b}"),
    }
