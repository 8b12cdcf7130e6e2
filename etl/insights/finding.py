"""What rules look at and what they say: shares of a class of messages at a place, and a verdict with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from etl.insights import profiles
from etl.insights.book import Book, Place, is_named
from etl.insights.classes import share
from etl.insights.rule import Rule
from etl.model.numbers import rounded
from etl.model.report import DayShare, Percent, Sentence, Share


@dataclass(frozen=True)
class Finding:
    """What a rule says of a place: a verdict with its numbers and words."""

    place: Place | None
    verdict: str
    measure: str
    share: Share | None = None
    share_digits: int = 1
    numerator: int | None = None
    denominator: int | None = None
    comparator: str | None = None
    threshold: Fraction | None = None
    share_before: Share | None = None
    days: tuple[DayShare, ...] = ()
    detail: tuple[Sentence, ...] = ()
    with_partners: bool = False
    once: bool = False
    """Whether it tells of this period alone, so that periods in a row say nothing."""
    provisional: bool = False
    evident: bool = True
    """Whether there is enough to act on, where it speaks: messages enough, and more than chance explains."""
    few: bool = False
    """Whether it rests on so few messages that a percentage would say more than is known."""
    source: str | None = None
    """The source that it is about, where it is about no connector."""
    missing: tuple[str, ...] = ()
    """Days before the period that never came, where what it says rests on them too."""


def applies(book: Book, rule: Rule, place: Place, k: int) -> bool:
    """Whether the rule's scope and condition hold at `place`, `k` periods back."""
    if (rule.scope == "direction") != (place[1] is None):
        return False
    if rule.scope == "named_connector" and not is_named(place):
        return False
    if rule.when is None:
        return True
    if rule.when == "forced_tls":
        return bool(book.forced[k].get(place))
    told = book.told_at(place, k)
    return not (told and told.forced_tls)


def can_judge(book: Book, rule: Rule, place: Place, k: int) -> bool:
    """Whether there was enough to judge by, `k` periods back: a period without is a gap, and says neither."""
    if rule.kind == "connector_silent":
        return book.has_data(k)
    found = share_at(book, rule, place, k)
    return found.total + found.undecided >= max(rule.minimum_messages, 1)


def is_known(book: Book, rule: Rule, place: Place, k: int) -> bool:
    """Whether anything of what the rule counts is known there: all unknown is neither good nor bad."""
    if rule.kind == "connector_silent":
        return book.has_data(k)
    return can_judge(book, rule, place, k) and share_at(book, rule, place, k).total > 0


def share_at(book: Book, rule: Rule, place: Place, k: int) -> Share:
    """n/N of the rule's class at `place`, `k` periods back."""
    by_cipher, forced = rule.kind == "cipher_share", rule.when == "forced_tls"
    key = (rule.profile if by_cipher else rule.members, forced, place, k)
    found = book.shares.get(key)
    if found is None:
        sums = book.periods[k]
        if by_cipher:
            found = cipher_share(sums.ciphers.get(place, {}), rule.profile, sums.period.last_date)
        else:
            found = share(book.forced[k].get(place, {}) if forced else sums.at(place), rule.members)
        book.shares[key] = found
    return found


def share_days(book: Book, rule: Rule, place: Place) -> tuple[DayShare, ...]:
    """The same for each day of the period itself; where the rule is about forced TLS, for the days it was forced."""
    days = book.period.days
    if rule.kind == "cipher_share":
        last, by_day = book.period.last_date, book.cipher_days.get(place, {})
        found = {day: cipher_share(by_day.get(day, {}), rule.profile, last) for day in days}
    else:
        forced = rule.when == "forced_tls"
        days = [day for day in days if not forced or ((told := book.told_on(place, day)) and told.forced_tls)]
        found = {day: share(book.days.get(place, {}).get(day, {}), rule.members) for day in days}
    return tuple(DayShare(data_date=day, share=value) for day, value in found.items())


def cipher_share(counts: Mapping[tuple[str, str], int], profile: str, last_date: date) -> Share:
    """Messages under a cipher that the profile does not allow; undecided where the suite is not told."""
    n = total = unsure = 0
    for (version, cipher), count in counts.items():
        total += count
        if version in ("No TLS", "TLS 1.3"):
            continue
        result = profiles.cipher_result(profile, cipher, last_date)
        n += count if result == "not_met" else 0
        unsure += count if result == "not_judged" else 0
    return Share(n=n, total=total - unsure, undecided=unsure)


def share_before(book: Book, rule: Rule, place: Place, k: int) -> Share | None:
    """The same share in the period just before, where there was mail."""
    if k + 1 >= len(book.periods):
        return None
    found = share_at(book, rule, place, k + 1)
    return found if found.total + found.undecided else None


def say(text: str, **values: Any) -> Sentence:
    """A sentence of a rule: a text that the catalogues translate, and its values."""
    return Sentence(text=text, values=values)


def percent(value: Fraction, digits: int = 1) -> Percent:
    """A share as a percentage with so many decimals."""
    return Percent(scaled=rounded(value.numerator, value.denominator, digits), digits=digits)
