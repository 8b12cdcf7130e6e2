"""Verdicts on integers, never on a rounded share (design, section 8).

`n/N > threshold` is decided by exact arithmetic on n, N and the threshold as its decimal text states it. With u
undecided messages the share lies between n/(N+u) and (n+u)/(N+u): both over the threshold, or both not, and it is
decided by n/N; else it is provisional, and listed whether or not n/N is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from etl.report.model import Share

COMPARATORS = (">", ">=", "<", "<=")
MOST_DIGITS = 12


@dataclass(frozen=True)
class Decision:
    """Whether n/N is over (`speaks`), whether the bounds leave that open, and so whether it is listed."""

    speaks: bool
    open: bool

    @property
    def listed(self) -> bool:
        """Whether a report lists it: it speaks, or could not decide."""
        return self.speaks or self.open


def over(value: Fraction, comparator: str, threshold: Fraction) -> bool:
    """`value comparator threshold`, exactly."""
    if comparator == ">":
        return value > threshold
    if comparator == ">=":
        return value >= threshold
    if comparator == "<":
        return value < threshold
    if comparator == "<=":
        return value <= threshold
    raise ValueError(comparator)


def decide(share: Share, comparator: str, threshold: Fraction) -> Decision:
    """Judges a share of messages. Nothing at all (N and u both 0) neither speaks nor is open."""
    whole = share.total + share.undecided
    if whole == 0:
        return Decision(speaks=False, open=False)
    speaks = share.total > 0 and over(Fraction(share.n, share.total), comparator, threshold)
    lower = over(Fraction(share.n, whole), comparator, threshold)
    upper = over(Fraction(share.n + share.undecided, whole), comparator, threshold)
    return Decision(speaks=speaks, open=lower != upper)


def digits_needed(values: Iterable[Fraction], threshold: Fraction, least: int = 1) -> int:
    """How many decimals of a percentage keep each of `values` on its own side of `threshold` when rounded (half to
    even).

    2,501 of 10,000 against 25 % needs 2: 25.0 % would read as 25 %, 25.01 % does not. At most 12.
    """
    wanted = list(values)
    for digits in range(least, MOST_DIGITS):
        if all(_side(rounded(value, digits), threshold) == _side(value, threshold) for value in wanted):
            return digits
    return MOST_DIGITS


def _side(value: Fraction, threshold: Fraction) -> int:
    return (value > threshold) - (value < threshold)


def rounded(value: Fraction, digits: int) -> Fraction:
    """`value` as a percentage with `digits` decimals shows it, as a share again."""
    unit = Decimal(1).scaleb(-digits)
    percent = Decimal(value.numerator * 100) / Decimal(value.denominator)
    return Fraction(percent.quantize(unit, rounding=ROUND_HALF_EVEN)) / 100


def share_digits(share: Share, threshold: Fraction, least: int = 1) -> int:
    """The decimals that n/N and both bounds need so that none of them contradicts the threshold."""
    whole = share.total + share.undecided
    values = [Fraction(share.n, share.total)] if share.total else []
    if share.undecided and whole:
        values += [Fraction(share.n, whole), Fraction(share.n + share.undecided, whole)]
    return digits_needed(values, threshold, least)
