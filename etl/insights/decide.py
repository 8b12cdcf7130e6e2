"""Verdicts on integers, never on a rounded share (design, section 8).

`n/N > threshold` is decided by exact arithmetic on n, N and the threshold as its decimal text states it. With u
undecided messages the share lies between n/(N+u) and (n+u)/(N+u): both over the threshold, or both not, and it is
decided by n/N; else it is provisional, and listed whether or not n/N is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from etl.model.numbers import common_digits
from etl.model.report import Share

COMPARATORS = (">", ">=", "<", "<=")


@dataclass(frozen=True)
class Decision:
    """Whether n/N is over (`speaks`), whether the bounds leave that open, and so whether it is listed."""

    speaks: bool
    open: bool

    @property
    def listed(self) -> bool:
        """Whether a report lists it: it speaks, or could not decide."""
        return self.speaks or self.open


def over(n: int, whole: int, comparator: str, threshold: Fraction) -> bool:
    """`n/whole comparator threshold`, on integers: against 25 %, `n/whole > threshold` is `4n > whole`."""
    left, right = n * threshold.denominator, whole * threshold.numerator
    if comparator == ">":
        return left > right
    if comparator == ">=":
        return left >= right
    if comparator == "<":
        return left < right
    if comparator == "<=":
        return left <= right
    raise ValueError(comparator)


def decide(share: Share, comparator: str, threshold: Fraction) -> Decision:
    """Judges a share of messages. Nothing at all (N and u both 0) neither speaks nor is open."""
    whole = share.total + share.undecided
    if whole == 0:
        return Decision(speaks=False, open=False)
    speaks = share.total > 0 and over(share.n, share.total, comparator, threshold)
    lower = over(share.n, whole, comparator, threshold)
    upper = over(share.n + share.undecided, whole, comparator, threshold)
    return Decision(speaks=speaks, open=lower != upper)


def share_digits(share: Share, threshold: Fraction) -> int:
    """The fewest decimals with which n/N and both bounds, as percentages, contradict the threshold nowhere."""
    whole = share.total + share.undecided
    values = [(share.n, share.total)] if share.total else []
    if share.undecided:
        values += [(share.n, whole), (share.n + share.undecided, whole)]
    return common_digits(values, [threshold])
