"""Exact tests for the rules about change, on integers: is it chance, or did something change?

`rose` is Fisher's exact test, one-sided: with as many messages of a class in both spans together, how often would
chance alone put so many of them into the later one? `exceeds` is the exact binomial test against a threshold. Both sum
the tail in fixed point with 256 binary digits, so they give the same answer on every machine.

Both tests take each message as a draw of its own. Mail comes in bursts (a newsletter, a queue that is let go), and then
a message tells less: `Spread` measures how much less from how days of one week differ (the design effect).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, exp, lgamma, log

_ONE = 1 << 256
_STEPS = 1000
LEVEL_OF_DRAWS = Fraction(1, 50)
"""The level at which draws must agree with what messages show at the rule's own level. Bursts leave few draws: at the
rule's level a week of a hundred messages would show nothing at all."""
MOST_DRAWS = 20_000
"""More draws than these are scaled down: a change that they don't show is too small to matter."""


def rose(now: int, of_now: int, before: int, of_before: int, level: Fraction) -> bool:
    """Whether `now` of `of_now` is more than `before` of `of_before` by more than chance explains at `level`."""
    if not of_now or not of_before or now * of_before <= before * of_now:
        return False
    while of_now + of_before > MOST_DRAWS:
        now, of_now, before, of_before = now // 2, of_now // 2, -(-before // 2), of_before // 2
    if not of_now or not of_before or now * of_before <= before * of_now:
        return False
    members, both = now + before, of_now + of_before
    term = comb(of_now, now) * comb(of_before, before) * _ONE // comb(both, members)
    tail = term
    for i in range(now, min(of_now, members)):
        term = term * (of_now - i) * (members - i) // ((i + 1) * (of_before - members + i + 1))
        tail += term
        if not term:
            break
    return tail * level.denominator <= level.numerator * _ONE


def exceeds(count: int, whole: int, threshold: Fraction, level: Fraction) -> bool:
    """Whether `count` of `whole` is more than a share of `threshold` would give by chance at `level`."""
    if not whole or count * threshold.denominator <= threshold.numerator * whole:
        return False
    while whole > MOST_DRAWS:
        count, whole = count // 2, whole // 2
    yes, no = threshold.numerator, threshold.denominator - threshold.numerator
    if yes == 0:
        return True
    term = comb(whole, count) * yes**count * no ** (whole - count) * _ONE // (yes + no) ** whole
    tail = term
    for i in range(count, whole):
        term = term * (whole - i) * yes // ((i + 1) * no)
        tail += term
        if not term:
            break
    return bool(tail * level.denominator <= level.numerator * _ONE)


@dataclass(frozen=True)
class Spread:
    """By how much the days of one week differ in the share of a class, over what chance alone gives.

    `chi` is Pearson's statistic and `df` its degrees of freedom, each week against its own share: a change from one
    week to the next, or a slow one, does not count as spread.
    """

    chi: float = 0.0
    df: int = 0

    @classmethod
    def of(cls, weeks: Iterable[Sequence[tuple[int, int]]]) -> Spread:
        """Of weeks of days, each day (messages of the class, messages)."""
        chi, df = 0.0, 0
        for week in weeks:
            days = [(x, n) for x, n in week if n]
            members, whole = sum(x for x, _ in days), sum(n for _, n in days)
            if len(days) < 2 or not 0 < members < whole:
                continue
            squares = sum(x * x / n for x, n in days)
            chi += (squares - members * members / whole) * whole * whole / (members * (whole - members))
            df += len(days) - 1
        return cls(chi, df)

    @property
    def factor(self) -> float:
        """How many messages count as one draw, by this spread; 1 where nothing can be measured."""
        return max(1.0, self.chi / self.df) if self.df else 1.0


@dataclass(frozen=True)
class Draws:
    """How many messages count as one draw (the design effect), as an exact number from 1."""

    per_draw: Fraction

    @classmethod
    def measured(cls, spreads: Iterable[Spread], largest: Fraction) -> Draws:
        """The widest of `spreads`, at most `largest`: one draw per partner and day."""
        widest = max((spread.factor for spread in spreads), default=1.0)
        return cls(max(Fraction(1), min(Fraction(round(widest * _STEPS), _STEPS), largest)))

    def of(self, count: int, whole: int) -> tuple[int, int]:
        """(draws of the class, draws) for `count` of `whole` messages, to the nearest whole number."""
        if not whole:
            return 0, 0
        draws = max(1, int(whole / self.per_draw))
        return (2 * count * draws + whole) // (2 * whole), draws


def chance_of_none(mean: float, per_draw: float) -> float:
    """How likely no message at all is where `mean` were to be expected, in bursts (negative binomial)."""
    return exp(-mean * (log(per_draw) / (per_draw - 1) if per_draw > 1.001 else 1.0))


def chance_beyond(count: int, mean: float, per_draw: float) -> float:
    """How likely a count as far from `mean` as `count`, or farther to the same side, is (negative binomial).

    The variance is `per_draw` times the mean.
    """
    if mean <= 0:
        return 1.0 if count == 0 else 0.0
    spread = max(per_draw, 1.001)
    size = mean / (spread - 1)

    def chance(i: int) -> float:
        return exp(
            lgamma(i + size) - lgamma(i + 1) - lgamma(size) - size * log(spread) + i * (log(spread - 1) - log(spread))
        )

    step = 1 if count > mean else -1
    total, at = 0.0, count
    while at >= 0:
        term = chance(at)
        total += term
        if term <= total * 1e-9:
            break
        at += step
    return min(total, 1.0)


def variation(values: Iterable[Sequence[int]]) -> tuple[float, int]:
    """(variance over mean, degrees of freedom) of counts, pooled over groups such as the Mondays and the Tuesdays."""
    chi, df = 0.0, 0
    for group in values:
        total = sum(group)
        if len(group) < 2 or not total:
            continue
        mean = total / len(group)
        chi += sum((value - mean) ** 2 for value in group) / mean
        df += len(group) - 1
    return (chi / df if df else 1.0), df
