"""Jinja as the report uses it: what is missing is an error, everything is escaped, nothing is calculated."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from etl.common.program_files import REPORT_TEMPLATES
from etl.report.draw import glyphs
from etl.report.language import Language


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(REPORT_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def render(name: str, lang: Language, **values: Any) -> str:
    """The template `name` with `values`; `_` and `ngettext` in it speak `lang`."""
    template = _environment().get_template(name)
    return template.render(_=lang._, ngettext=lang.ngettext, **values)


def trusted(markup: str) -> Markup:
    """Markup made by this program (a finished chart, a style sheet), to be placed as it is."""
    return Markup(markup)  # noqa: S704  never called with text from an export


@lru_cache
def asset(name: str) -> str:
    """The text of a style sheet or script of the templates' folder."""
    return (REPORT_TEMPLATES / name).read_text(encoding="utf-8")


def css_text(text: str) -> str:
    """`text` as a CSS string: every sign that is no letter, digit or space by its number, so that none can end it."""
    shown = glyphs.drawable(text)
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):06x} " for c in shown) + '"'
