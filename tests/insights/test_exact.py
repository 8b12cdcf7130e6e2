"""The exact tests against sums by hand, and how bursts are measured."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from etl.insights.exact import Draws, Spread, chance_beyond, chance_of_none, exceeds, rose, variation


def hypergeometric_tail(now: int, of_now: int, before: int, of_before: int) -> Fraction:
    members, both = now + before, of_now + of_before
    ways = sum(comb(of_now, i) * comb(of_before, members - i) for i in range(now, min(of_now, members) + 1))
    return Fraction(ways, comb(both, members))


@pytest.mark.parametrize("table", [(5, 40, 0, 240), (12, 100, 13, 700), (3, 100, 0, 100), (60, 240, 60, 960)])
def test_rose_is_fishers_tail_to_the_last_digit(table: tuple[int, int, int, int]) -> None:
    tail = hypergeometric_tail(*table)
    assert rose(*table, tail + Fraction(1, 10**30))
    assert not rose(*table, tail - Fraction(1, 10**30))


def test_rose_needs_more_than_before_and_something_on_both_sides() -> None:
    half = Fraction(1, 2)
    assert not rose(10, 100, 10, 100, half)
    assert not rose(5, 100, 10, 100, half)
    assert not rose(5, 5, 0, 0, half)
    assert not rose(0, 0, 5, 50, half)


def test_rose_stays_fast_and_right_for_a_million_messages() -> None:
    assert rose(30_000, 100_000, 180_000, 900_000, Fraction(1, 1000))
    assert not rose(20_000, 100_000, 180_000, 900_000, Fraction(1, 1000))


def test_exceeds_is_the_binomial_tail() -> None:
    tail = sum(comb(100, i) * Fraction(1, 20) ** i * Fraction(19, 20) ** (100 - i) for i in range(12, 101))
    assert exceeds(12, 100, Fraction(1, 20), tail + Fraction(1, 10**30))
    assert not exceeds(12, 100, Fraction(1, 20), tail - Fraction(1, 10**30))
    assert exceeds(1, 100, Fraction(0), Fraction(1, 1000)), "where none is expected one is too many"


def test_bursts_are_measured_inside_weeks_and_a_step_between_weeks_is_none() -> None:
    step = [[(0, 20)] * 7, [(5, 20)] * 7]
    assert Spread.of(step).factor == 1
    burst = [[(14, 20), *[(0, 20)] * 6]]
    assert Spread.of(burst).factor > 10
    assert Spread.of([[(0, 20)] * 7, [(20, 20)] * 7]) == Spread(), "a week without, or with nothing else, tells nothing"


def test_partners_and_days_bound_what_bursts_can_make_of_mail() -> None:
    wide = Spread(chi=60.0, df=6)
    assert Draws.measured([wide], Fraction(100)).per_draw == 10
    assert Draws.measured([wide], Fraction(3)).per_draw == 3
    assert Draws.measured([Spread()], Fraction(100)).per_draw == 1
    assert Draws(Fraction(4)).of(10, 100) == (3, 25), "2.5 draws of 25"
    assert Draws(Fraction(1)).of(26, 100) == (26, 100)


def test_how_likely_silence_and_a_day_out_of_band_are() -> None:
    assert chance_of_none(7, 1.0) == pytest.approx(0.000912, rel=1e-2)
    assert chance_of_none(7, 5.0) > 0.05
    assert chance_beyond(200, 100.0, 1.0) < 1e-6 < chance_beyond(200, 100.0, 30.0)
    assert chance_beyond(0, 100.0, 1.0) < 1e-40
    assert chance_beyond(20, 0.0, 1.0) == 0
    assert variation([[9, 11], [90, 110]])[1] == 2
