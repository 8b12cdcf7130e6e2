"""Rules about shares of messages: above a threshold, ready to be enforced, what enforcing would stop."""

from __future__ import annotations

from fractions import Fraction

from etl.common.words import DEPRECATED, N_
from etl.insights.book import Book, Place
from etl.insights.classes import label, share
from etl.insights.decide import decide, share_digits
from etl.insights.exact import LEVEL_OF_DRAWS, exceeds
from etl.insights.finding import Finding, can_judge, say, share_at, share_before, share_days
from etl.insights.rule import Rule
from etl.model.report import Share


def share_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """n/N of a class of messages, or of messages under a weak cipher, against a threshold."""
    if not can_judge(book, rule, place, k):
        return None
    found = share_at(book, rule, place, k)
    decision = decide(found, rule.comparator, rule.threshold)
    if not (decision.speaks or (decision.open and rule.lists_open)):
        return None
    is_cipher = rule.kind == "cipher_share"
    return Finding(
        place=place,
        verdict="undecided" if decision.open else "speaks",
        measure="weak cipher" if is_cipher else label(rule.measure),
        share=found,
        share_digits=share_digits(found, rule.threshold) if k == 0 else 1,
        comparator=rule.comparator,
        threshold=rule.threshold,
        share_before=share_before(book, rule, place, k),
        days=share_days(book, rule, place) if k == 0 else (),
        with_partners=bool(rule.members & {"No TLS", *DEPRECATED}) and not is_cipher,
        provisional=decision.open,
        evident=evident(book, rule, place, found),
        few=found.total < rule.minimum_to_act,
    )


def evident(book: Book, rule: Rule, place: Place, found: Share) -> bool:
    """Whether a share is enough to act on: so many messages are known, and chance alone does not explain it where the
    rule states a level."""
    if found.total < rule.minimum_to_act:
        return False
    if rule.level is None:
        return True
    if not exceeds(found.n, found.total, rule.threshold, rule.level):
        return False
    draws = book.draws(place, rule.members).of(found.n, found.total)
    return exceeds(*draws, rule.threshold, LEVEL_OF_DRAWS)


def ready_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """So many weeks with enough mail and no message of the class, nor one that might be of it."""
    if book.period.kind != "week" or k + rule.weeks > len(book.periods):
        return None
    span = [share(book.periods[i].at(place), rule.members) for i in range(k, k + rule.weeks)]
    total = sum(item.total for item in span)
    if any(item.n or item.undecided or not item.total for item in span) or total < rule.minimum_messages:
        return None
    return Finding(
        place=place, verdict="speaks", measure=label(rule.measure), numerator=0, denominator=total,
        detail=(
            say(N_("No message below TLS 1.2 in {weeks} weeks, {messages} messages."), weeks=rule.weeks,
                 messages=total),
        ),
        missing=book.missing_since(book.periods[k + rule.weeks - 1].period.first_date) if k == 0 else (),
    )  # fmt: skip


def break_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """What refusing mail below TLS 1.2 would have stopped, and how many messages might have been."""
    if not can_judge(book, rule, place, k):
        return None
    found = share_at(book, rule, place, k)
    decision = decide(found, ">", Fraction(0))
    if not decision.listed:
        return None
    versions = book.periods[k].at(place)
    count, plain = found.n, versions.get("No TLS", 0) if "No TLS" in rule.members else 0
    parts = []
    if count:
        text = N_(
            "Would have failed: {messages} of the messages, {partners} of the partners; {plain} without TLS, {old} "
            "with TLS 1.1 or older."
        )
        partners = book.partners_below.get(place, 0)
        parts.append(say(text, messages=count, partners=partners, plain=plain, old=count - plain))
    if found.undecided:
        text = N_("Messages that can’t be judged, and might have failed too: {messages}.")
        parts.append(say(text, messages=found.undecided))
    return Finding(
        place=place, verdict="undecided" if decision.open else "speaks", measure=label(rule.measure), share=found,
        share_before=share_before(book, rule, place, k), days=share_days(book, rule, place) if k == 0 else (),
        detail=tuple(parts), with_partners=True, provisional=decision.open,
    )  # fmt: skip
