"""Shares as exact text: integers in, digits out, and never a rounded number that contradicts what was decided.

Nothing here knows a language: `etl/report/language.py` puts separators and signs around these digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

MAX_DIGITS = 12
"""Ten million messages and a threshold of a hundredth of a percent need nine digits to be told apart."""


def as_fraction(value: float | Fraction) -> Fraction:
    """A threshold written in decimals (0.25) as the number that was meant, not its nearest binary one."""
    return value if isinstance(value, Fraction) else Fraction(repr(value))


def rounded(n: int, total: int, digits: int) -> int:
    """`n / total` in percent, times 10**digits, rounded half up. `total` must not be 0."""
    scale: int = 10 ** (digits + 2)
    return (2 * n * scale + total) // (2 * total)


def percent_digits(n: int, total: int, thresholds: Iterable[float | Fraction] = (), least: int = 1) -> int:
    """How many digits the percentage of `n` of `total` needs.

    At least `least`; more while the rounded number would be equal to, or on the other side of, a threshold (or of 0
    and 100 percent) that the exact share is not equal to: 2,501 of 10,000 is 25.01, not 25.0. The bar is `MAX_DIGITS`.
    """
    return common_digits([(n, total)], thresholds, least)


def common_digits(
    shares: Iterable[tuple[int, int]], thresholds: Iterable[float | Fraction] = (), least: int = 1
) -> int:
    """The fewest digits that suit several shares (n, total) at once; a half may be rounded either way."""
    edges = [Fraction(0), Fraction(1), *(as_fraction(t) for t in thresholds)]
    wanted = [(n, total, [_side(n, total, edge) for edge in edges]) for n, total in shares]
    for digits in range(least, MAX_DIGITS):
        scale = 10 ** (digits + 2)
        if all(
            [_side(shown, scale, edge) for edge in edges] == sides
            for n, total, sides in wanted
            for shown in {rounded(n, total, digits), -rounded(-n, total, digits)}
        ):
            return digits
    return MAX_DIGITS


def _side(n: int, total: int, edge: Fraction) -> int:
    left, right = n * edge.denominator, total * edge.numerator
    return (left > right) - (left < right)
