"""Which letters the project's typefaces have, and what print shows in place of one that they lack.

The PDF and the mail's pictures embed the project's fonts and no other: a letter that none of them has (Chinese, say)
would become an empty box, or come from whatever font the machine happens to have. It is shown by its number instead,
`[U+4E2D U+6587]`. The HTML report and the data inside the PDF hold it as it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # fontTools has no type hints

from etl.common.program_files import FONTS

LATIN = ("SourceSans3_400Regular.ttf", "SourceSans3_600SemiBold.ttf", "SourceSans3_700Bold.ttf")
SCRIPTS = {
    "Noto Sans Hebrew": (
        "noto-sans-hebrew-hebrew-400-normal.woff2",
        re.compile("[\u0590-\u05ff\ufb1d-\ufb4f]"),
    ),
    "Noto Sans Arabic": (
        "noto-sans-arabic-arabic-400-normal.woff2",
        re.compile("[\u0600-\u07bf\ufb50-\ufdff\ufe70-\ufefe]"),
    ),
}  # fmt: skip
"""Families for letters that Source Sans lacks: their file, and the letters they are for."""

_TEXT = re.compile(r"(<text\b[^>]*>)([^<]*)")
_ALEFS = ("\u0622", "\u0623", "\u0625", "\u0627")
_ISOLATES = re.compile("[\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc](?:[ \u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]*"
                            r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])?")  # fmt: skip
_UNDRAWN = re.compile("[\t\n\r\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Line ends and marks that steer the text around them; no font draws these."""
_COMMON = re.compile("[\x20-\x7e\xa0-\u017f\u2009\u2013\u2014\u2018-\u201e\u2026\u202f\u2192\u2212]")
"""Letters of nearly every report, all of them in Source Sans (a test holds them against the fonts)."""


@lru_cache(maxsize=1)
def _covered() -> frozenset[int]:
    """The code points that can be drawn in every weight that the report uses."""
    latin = [set(TTFont(FONTS / name, lazy=True).getBestCmap()) for name in LATIN]
    others = [set(TTFont(FONTS / name, lazy=True).getBestCmap()) for name, _ in SCRIPTS.values()]
    return frozenset(set.intersection(*latin).union(*others))


def lacking(text: str) -> frozenset[str]:
    """The letters of `text` that no font of the project has."""
    odd = {letter for letter in set(text) if not _COMMON.match(letter) and not _UNDRAWN.match(letter)}
    return frozenset(letter for letter in odd if ord(letter) not in _covered()) if odd else frozenset()


def drawable(text: str) -> str:
    """`text` with every run of letters that can't be drawn as their numbers in brackets."""
    missing = lacking(text)
    if not missing:
        return text
    runs = re.compile(f"[{re.escape(''.join(sorted(missing)))}]+")
    return runs.sub(lambda run: "[" + " ".join(f"U+{ord(letter):04X}" for letter in run[0]) + "]", text)


def in_visual_order(drawing: str) -> str:
    """An SVG whose words in scripts from right to left are joined and written backwards: WeasyPrint draws its texts
    letter by letter, from left to right, each as if it stood alone."""

    def turned(text: re.Match[str]) -> str:
        plain = _ISOLATES.sub("", text[2])
        return text[1] + _RIGHT_TO_LEFT.sub(lambda run: joined(run[0])[::-1], plain)

    return _TEXT.sub(turned, drawing) if _RIGHT_TO_LEFT.search(drawing) else drawing


@lru_cache(maxsize=1)
def _forms() -> dict[str, dict[str, str]]:
    """Arabic letters, and lam with alef, to their forms by position (Unicode's presentation forms, as far as the
    project's font has them)."""
    found: dict[str, dict[str, str]] = {}
    font = TTFont(FONTS / SCRIPTS["Noto Sans Arabic"][0], lazy=True).getBestCmap()
    for code in (*range(0xFB50, 0xFDFC), *range(0xFE70, 0xFEFD)):
        position, _, letters = unicodedata.decomposition(chr(code)).partition("> ")
        plain = "".join(chr(int(letter, 16)) for letter in letters.split())
        if code in font and (len(plain) == 1 or (plain[:1] == "\u0644" and plain[1:] in _ALEFS)):
            found.setdefault(plain, {})[position[1:]] = chr(code)
    return found


def joined(word: str) -> str:
    """Arabic letters in the form that their neighbours ask for: where letters are drawn one by one, nobody else joins
    them. Marks above and below letters stay where they are and part nothing."""
    letters: list[tuple[str, str]] = []
    for letter in word:
        if unicodedata.combining(letter) and letters:
            letters[-1] = (letters[-1][0], letters[-1][1] + letter)
        elif letters and letters[-1] == ("\u0644", "") and letter in _ALEFS:
            letters[-1] = (f"\u0644{letter}", "")
        else:
            letters.append((letter, ""))
    forms = [_forms().get(letter, {}) for letter, _ in letters]
    shown = []
    for n, (letter, marks) in enumerate(letters):
        after_join = n > 0 and "initial" in forms[n - 1] and "final" in forms[n]
        before_join = n + 1 < len(letters) and "initial" in forms[n] and "final" in forms[n + 1]
        position = ("medial" if before_join else "final") if after_join else "initial" if before_join else "isolated"
        shown.append(forms[n].get(position, letter) + marks)
    return "".join(shown)


@lru_cache(maxsize=1)
def _advances() -> dict[int, float]:
    """How wide each letter of Source Sans is, beside its average letter."""
    font = TTFont(FONTS / LATIN[1], lazy=True)
    widths, average = font["hmtx"].metrics, font["head"].unitsPerEm * 0.5
    return {code: widths[name][0] / average for code, name in font.getBestCmap().items()}


def width(text: str) -> float:
    """How much room `text` takes in print, in average letters: one that can't be drawn takes that of its number."""
    missing, advances = lacking(text), _advances()
    return sum(7 if letter in missing else advances.get(ord(letter), 1) for letter in text)


def scripts(text: str) -> dict[str, str]:
    """Which families beyond Source Sans `text` needs, with their files: loading a font that nothing uses costs time."""
    return {family: name for family, (name, letters) in SCRIPTS.items() if letters.search(text)}
