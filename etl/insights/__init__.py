"""Insights: what a policy says of a period's measures, with the evidence for it.

`load_policy` reads and checks the policy; `read_book` gathers what rules look at; `evaluate` gives the insights that
spoke or could not decide, most severe first, and those of the period before that no longer do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from etl.common.masking import mask
from etl.common.periods import Period
from etl.common.words import N_
from etl.insights.book import Book, Place, read_book
from etl.insights.policy import Accepted, Policy, PolicyInvalid, Rule, load_policy, parse_policy
from etl.insights.rules import OVERALL, Finding, can_judge, judge
from etl.model.report import Acknowledgement, Insight, PartnerLine, ResolvedInsight, Sentence

__all__ = [
    "Book", "Judgement", "Policy", "PolicyInvalid", "Rule", "evaluate", "load_policy", "parse_policy", "read_book",
]  # fmt: skip

_ORDER = ("critical", "warning", "notice", "info")
PARTNERS_SHOWN = 10


@dataclass(frozen=True)
class Judgement:
    """The insights of a period, and those of the period before that no longer speak."""

    insights: tuple[Insight, ...]
    resolved: tuple[ResolvedInsight, ...]


def evaluate(book: Book, policy: Policy) -> Judgement:
    """Judges a period by a policy. Where days are missing, or a file is cut short, every insight is
    provisional and names them."""
    found: list[Insight] = []
    resolved: list[ResolvedInsight] = []
    for rule in policy.rules:
        if rule.kind in OVERALL:
            found += [_insight(book, policy, rule, item) for item in OVERALL[rule.kind](book, rule)]
            continue
        for place in _places(book, rule):
            now = judge(book, rule, place, 0)
            if now:
                found.append(_insight(book, policy, rule, now))
            elif before := _resolved(book, rule, place):
                resolved.append(before)
    found += _expired(book, policy, found)
    return Judgement(tuple(sorted(found, key=_importance)), tuple(sorted(resolved, key=_resolved_order)))


def _places(book: Book, rule: Rule) -> list[Place]:
    if rule.scope == "direction":
        return [("inbound", None), ("outbound", None)]
    return book.places()


def _importance(item: Insight) -> tuple[int, bool, bool, int, str, str, str]:
    return (
        _ORDER.index(item.severity), item.acknowledged is not None, item.verdict != "speaks", -(item.numerator or 0),
        item.rule, item.direction or "", item.connector or "",
    )  # fmt: skip


def _resolved_order(item: ResolvedInsight) -> tuple[str, str, str]:
    return item.rule, item.direction or "", item.connector or ""


def _streak(book: Book, rule: Rule, place: Place, start: int) -> tuple[int, Period]:
    """In how many periods in a row, from `start` back, the rule was listed at `place` (it was at `start`), and the
    first of them.

    Periods in which there was nothing to judge by are gaps: they neither count nor end the row.
    """
    count, first = 1, start
    for k in range(start + 1, len(book.periods)):
        if not can_judge(book, rule, place, k):
            continue
        if not judge(book, rule, place, k):
            break
        count, first = count + 1, k
    return count, book.periods[first].period


_EVENTS = ("rise", "got_worse", "connector_new", "connector_changed", "volume_band")
"""Kinds that tell of something that happened: the period after it is not its end."""


def _resolved(book: Book, rule: Rule, place: Place) -> ResolvedInsight | None:
    """The insight that spoke in the last period that could be judged, and is no more in this one.

    Good news (severity info) need no notice of their end. Days missing make it provisional.
    """
    if rule.severity == "info" or rule.kind in _EVENTS or not book.periods[0].messages(place):
        return None
    known = (k for k in range(1, len(book.periods)) if can_judge(book, rule, place, k))
    last = next(known, None) if can_judge(book, rule, place, 0) else None
    before = judge(book, rule, place, last) if last else None
    if last is None or before is None or before.verdict != "speaks":
        return None
    count, first = _streak(book, rule, place, last)
    return ResolvedInsight(
        rule=rule.id,
        direction=place[0],
        connector=place[1],
        title=rule.title,
        first_seen=str(first),
        periods=count,
        provisional=not book.completeness.complete,
    )


def _insight(book: Book, policy: Policy, rule: Rule, found: Finding) -> Insight:
    place = found.place
    count, first = (1, book.period) if found.once or place is None else _streak(book, rule, place, 0)
    told = book.settings_of(place) if place else None
    whole = book.completeness
    share = found.share
    before = found.share_before
    partners = _partners(book, rule, place) if place and found.with_partners else ()
    return Insight.model_validate(
        {
            "rule": rule.id, "rule_version": rule.version, "severity": rule.severity, "verdict": found.verdict,
            "direction": place[0] if place else None, "connector": place[1] if place else None,
            "title": rule.title, "advice": _advice(policy, rule, told.contact if told else None),
            "references": rule.references, "measure": found.measure, "comparator": found.comparator,
            "threshold": float(found.threshold) if found.threshold is not None else None,
            "numerator": share.n if share else found.numerator,
            "denominator": share.total if share else found.denominator,
            "undecided": share.undecided if share else 0,
            "share": share.value if share else None, "share_digits": found.share_digits,
            "lower": share.lower if share else None, "upper": share.upper if share else None,
            "provisional": found.provisional or not whole.complete or bool(found.missing),
            "missing": (*found.missing, *whole.missing),
            "cut": whole.suspected_cut, "days": found.days,
            "share_before": before.value if before else None,
            "numerator_before": before.n if before else None,
            "denominator_before": before.total if before else None,
            "first_seen": str(first), "periods_in_a_row": count,
            "contact": told.contact if told else None, "partner": told.partner if told else None,
            "partners": partners, "acknowledged": _acknowledged(book, policy, rule.id, place),
            "detail": found.detail,
        }
    )  # fmt: skip


def _partners(book: Book, rule: Rule, place: Place) -> tuple[PartnerLine, ...]:
    """The partners with mail of the rule's class, most of it first."""
    counted = [(sum(line.versions.get(v, 0) for v in rule.members), line) for line in book.partners.get(place, ())]
    found = sorted((pair for pair in counted if pair[0]), key=lambda pair: (-pair[0], pair[1].partner_domain))
    return tuple(line for _, line in found[:PARTNERS_SHOWN])


def _advice(policy: Policy, rule: Rule, contact: str | None) -> dict[str, str]:
    """The rule's advice per language, with whom to reach where the settings name somebody."""
    if not contact:
        return rule.advice
    shown = "".join(c if c.isprintable() else "\ufffd" for c in contact)
    return {
        language: f"{text} {policy.contact[language].replace('{contact}', shown)}"
        if language in policy.contact
        else text
        for language, text in rule.advice.items()
    }


def _matches(item: Accepted, rule: str, place: Place | None) -> bool:
    return (
        item.rule == rule
        and (item.connector is None or (place is not None and item.connector == place[1]))
        and (item.direction is None or (place is not None and item.direction == place[0]))
    )


def _acknowledged(book: Book, policy: Policy, rule: str, place: Place | None) -> Acknowledgement | None:
    """The acknowledgement that holds through the period's last day; of several, the one that holds longest."""
    holding = [
        item for item in policy.acknowledgements if _matches(item, rule, place) and item.until >= book.period.last_date
    ]
    if not holding:
        return None
    longest = max(holding, key=lambda item: (item.until, item.by))
    return Acknowledgement(by=longest.by, until=longest.until, why=longest.why)


def _expired(book: Book, policy: Policy, found: list[Insight]) -> Iterator[Insight]:
    """An insight for each acknowledgement that has run out while what it accepted goes on."""
    rule = next((rule for rule in policy.rules if rule.kind == "acknowledgement_expired"), None)
    for item in policy.acknowledgements if rule else ():
        if item.until >= book.period.last_date:
            continue
        for insight in found:
            place: Place | None = (insight.direction, insight.connector) if insight.direction else None
            if rule and _matches(item, insight.rule, place) and insight.acknowledged is None:
                values = {"by": mask(item.by), "until": item.until, "why": item.why}
                told = Sentence(text=N_("Accepted by {by} until {until}: {why}"), values=values)
                yield _insight(book, policy, rule, Finding(place, "speaks", insight.rule, detail=(told,), once=True))
