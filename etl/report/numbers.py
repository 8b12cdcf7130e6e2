"""Shares as exact text: integers in, digits out, and never a rounded number that contradicts what was decided.

Nothing here knows a language: `etl/report/language.py` puts separators and signs around these digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

MAX_DIGITS = 7
"""Ten million messages on one day need seven digits to tell one of them from none."""


def as_fraction(value: float) -> Fraction:
    """A threshold written in decimals (0.25) as the number that was meant, not its nearest binary one."""
    return Fraction(repr(value))


def rounded(n: int, total: int, digits: int) -> int:
    """`n / total` in percent, times 10**digits, rounded half up. `total` must not be 0."""
    scale: int = 10 ** (digits + 2)
    return (2 * n * scale + total) // (2 * total)


def percent_digits(n: int, total: int, thresholds: Iterable[float] = (), least: int = 1) -> int:
    """How many digits the percentage of `n` of `total` needs.

    At least `least`; more while the rounded number would be equal to, or on the other side of, a threshold (or of 0
    and 100 percent) that the exact share is not equal to: 2,501 of 10,000 is 25.01, not 25.0. The bar is `MAX_DIGITS`.
    """
    exact = Fraction(n, total)
    edges = [Fraction(0), Fraction(1), *(as_fraction(t) for t in thresholds)]
    for digits in range(least, MAX_DIGITS):
        shown = Fraction(rounded(n, total, digits), 10 ** (digits + 2))
        if all(_side(exact, edge) == _side(shown, edge) for edge in edges):
            return digits
    return MAX_DIGITS


def _side(value: Fraction, edge: Fraction) -> int:
    return (value > edge) - (value < edge)


def tenths(parts: Mapping[str, int]) -> dict[str, int]:
    """Each part's share of the whole in tenths of a percent; together exactly 1,000 (largest remainder).

    Ties go to the part named first. Nothing of nothing: every part is 0.
    """
    total = sum(parts.values())
    if total == 0:
        return dict.fromkeys(parts, 0)
    floors = {name: n * 1000 // total for name, n in parts.items()}
    left = 1000 - sum(floors.values())
    by_rest = sorted(parts, key=lambda name: -(parts[name] * 1000 % total))
    for name in by_rest[:left]:
        floors[name] += 1
    return floors
