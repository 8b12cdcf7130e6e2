"""Words of insights whose evidence is no share, in every language that `texts.toml` has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

from etl.report.numbers import rounded

NARROW = "\u202f"


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


@cache
def languages() -> tuple[str, ...]:
    """The languages that insights or reports have texts in."""
    catalogues = Path(__file__).parents[2] / "report_templates" / "translations"
    return tuple(sorted({*_texts(), *(path.parent.name for path in catalogues.glob("*/report.po"))}))


def words(key: str, **values: object) -> dict[str, str]:
    """The text `key` per language, its {names} filled with `values`; a value may itself be a text per language.

    Names come from exports: what in them does not show, or turns the text around it, is replaced.
    """
    return {language: _filled(table[key], language, values) for language, table in _texts().items()}


def joined(parts: list[dict[str, str]]) -> dict[str, str]:
    """Several texts per language as one, with a space between."""
    languages = [language for language in _texts() if parts]
    return {language: " ".join(part[language] for part in parts) for language in languages}


def listed(items: Sequence[str], most: int = 7) -> str:
    """`items` with commas between; of many the first ones, and how many more there are."""
    shown = ", ".join(items[:most])
    return f"{shown} (+{len(items) - most})" if len(items) > most else shown


def number(value: int) -> str:
    """A count with its digits in groups of three, as in the whole report."""
    return f"{value:,}".replace(",", NARROW)


def percent(value: Fraction, digits: int = 1) -> dict[str, str]:
    """A share as a percentage with so many decimals, per language and without its sign."""
    whole, rest = divmod(rounded(value.numerator, value.denominator, digits), 10**digits)
    return {language: f"{whole}{table['decimal']}{rest:0{digits}d}" for language, table in _texts().items()}


def filled(text: str, **values: str) -> str:
    """`text` with its {names} replaced, once, by `values`: what is put in is not read again."""
    return _filled(text, "", values)


def _filled(text: str, language: str, values: Mapping[str, object]) -> str:
    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], match[0])
        text = str(found[language]) if isinstance(found, dict) else str(found)
        return "".join(c if c.isprintable() or c == NARROW else "\ufffd" for c in text)

    return re.sub(r"\{(\w+)\}", value, text)
