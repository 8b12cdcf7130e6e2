"""Verdicts on integers: held against every way in which the undecided messages could turn out."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from operator import ge, gt, le, lt

from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.common.words import TLS_VERSIONS
from etl.insights.classes import MEASURES, share, undecided
from etl.insights.decide import COMPARATORS, decide, share_digits
from etl.model.report import Share
from etl.report.language import load

THRESHOLDS = st.integers(1, 9_999).map(lambda value: Fraction(value, 10_000))
"""Thresholds of up to two decimals of a percent."""


@st.composite
def shares(draw: st.DrawFn, most: int = 60) -> Share:
    total = draw(st.integers(0, most))
    return Share(n=draw(st.integers(0, total)), total=total, undecided=draw(st.integers(0, most // 3)))


@settings(max_examples=400, deadline=None)
@given(shares(), st.sampled_from(COMPARATORS), THRESHOLDS)
@example(Share(n=25, total=100), ">", Fraction(1, 4))
@example(Share(n=25, total=100), ">=", Fraction(1, 4))
@example(Share(n=1, total=4, undecided=4), ">", Fraction(1, 8))
@example(Share(n=0, total=0, undecided=3), ">", Fraction(1, 2))
@example(Share(n=0, total=0), "<", Fraction(1, 2))
def test_a_decision_is_what_every_resolution_says(found: Share, comparator: str, threshold: Fraction) -> None:
    whole = found.total + found.undecided
    decision = decide(found, comparator, threshold)
    if whole == 0:
        assert not decision.listed
        return
    over = {">": gt, ">=": ge, "<": lt, "<=": le}[comparator]
    outcomes = {over(Fraction(found.n + more, whole), threshold) for more in range(found.undecided + 1)}
    assert decision.open == (len(outcomes) == 2)
    if not decision.open and found.total:
        assert outcomes == {decision.speaks}
    by_known = found.total > 0 and over(Fraction(found.n, found.total), threshold)
    assert decision.speaks == by_known
    assert decision.listed == (decision.open or by_known)


@st.composite
def near_shares(draw: st.DrawFn) -> tuple[Share, Fraction]:
    """Shares at, just above and just below a threshold, of up to ten million messages."""
    threshold = draw(THRESHOLDS)
    total = draw(st.integers(1, 10_000_000))
    n = min(max(int(threshold * total) + draw(st.integers(-2, 2)), 0), total)
    return Share(n=n, total=total, undecided=draw(st.sampled_from([0, 0, 1, 7, 1000]))), threshold


@settings(max_examples=400, deadline=None)
@given(near_shares())
@example((Share(n=2501, total=10_000), Fraction(1, 4)))
@example((Share(n=2500, total=10_000), Fraction(1, 4)))
@example((Share(n=2_500_001, total=10_000_000), Fraction(1, 4)))
def test_shown_digits_never_contradict_the_threshold(drawn: tuple[Share, Fraction]) -> None:
    found, threshold = drawn
    digits, whole = share_digits(found, threshold), found.total + found.undecided
    lang = load("sv")
    limit = Decimal(threshold.numerator * 100) / threshold.denominator
    for n, total in ((found.n, found.total), (found.n, whole), (found.n + found.undecided, whole)):
        sides = _side(Decimal(n * 100) / total, limit)
        assert _side(Decimal(f"{100 * (n / total):.{digits}f}"), limit) == sides
        text = lang.ratio(n, total, [float(threshold)])
        assert _side(Decimal(text.split("\u202f%")[0].replace(",", ".").replace("\u202f", "")), limit) == sides


def _side(value: Decimal, limit: Decimal) -> int:
    return (value > limit) - (value < limit)


def test_undecided_is_what_might_be_of_the_class() -> None:
    of = {name: sorted(undecided(frozenset(members))) for name, members in MEASURES.items()}
    assert of == {
        "no_tls": ["Unknown"],
        "tls_1_0": ["TLS unknown", "Unknown"],
        "deprecated": ["TLS unknown", "Unknown"],
        "below_tls_1_2": ["TLS unknown", "Unknown"],
        "protected": ["Unknown"],
        "modern": ["TLS unknown", "Unknown"],
        "unknown": [],
    }


@given(st.dictionaries(st.sampled_from(TLS_VERSIONS), st.integers(0, 1000)), st.sampled_from(sorted(MEASURES)))
def test_a_class_its_rest_and_the_undecided_are_all_messages(versions: dict[str, int], measure: str) -> None:
    members = frozenset(MEASURES[measure])
    found, rest = share(versions, members), share(versions, frozenset(TLS_VERSIONS) - members)
    assert found.total + found.undecided == sum(versions.values())
    assert found.n == sum(versions.get(version, 0) for version in members)
    if undecided(members) == undecided(frozenset(TLS_VERSIONS) - members):
        assert found.n + rest.n + found.undecided == sum(versions.values())
