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
from etl.insights.classes import MEASURES
from etl.insights.decide import decide
from etl.insights.exports import untold_days, without_untold
from etl.insights.finding import Finding, is_known, share_at
from etl.insights.policy import Accepted, Policy, PolicyInvalid, load_policy, parse_policy
from etl.insights.rule import Rule
from etl.insights.rules import KINDS, finding_at
from etl.model.report import Acknowledgement, Insight, PartnerLine, ResolvedInsight, Sentence

__all__ = [
    "Book", "Judgement", "Policy", "PolicyInvalid", "Rule", "evaluate", "load_policy", "parse_policy", "read_book",
]  # fmt: skip

_ORDER = ("critical", "warning", "notice", "info")
PARTNERS_SHOWN = 10
ACTION = ("critical", "warning")
"""Severities that call for action, where there is enough to act on."""
LONG_KNOWN = 4
"""An insight that has stood for more periods than these comes behind new ones."""
_UNKNOWN = frozenset(MEASURES["unknown"])


@dataclass(frozen=True)
class Judgement:
    """The insights of a period, and those of the period before that no longer speak."""

    insights: tuple[Insight, ...]
    resolved: tuple[ResolvedInsight, ...]


def evaluate(book: Book, policy: Policy) -> Judgement:
    """Judges a period by a policy. Where days are missing, or a file is cut short, every insight is
    provisional and names them."""
    findings: list[tuple[Rule, Finding]] = []
    resolved: list[ResolvedInsight] = []
    for rule in policy.rules:
        kind = KINDS[rule.kind]
        if kind.of_period:
            findings += [(rule, item) for item in kind.of_period(book, rule)]
            continue
        for place in _places(book, rule):
            if now := finding_at(book, rule, place, 0):
                findings.append((rule, now))
            elif before := _resolved(book, rule, place):
                resolved.append(before)
    causes = _causes(book, policy, findings)
    insights = [_insight(book, policy, rule, item, causes.get(_id(rule, item))) for rule, item in findings]
    insights += _expired(book, policy, insights)
    return Judgement(
        tuple(sorted(_with_explained(insights), key=_importance)), tuple(sorted(resolved, key=_resolved_order))
    )


def _id(rule: Rule, finding: Finding) -> str:
    """The rule, and what it is about: an insight's name within its report."""
    about = finding.place or ((finding.source,) if finding.source else ())
    return "/".join([rule.id, *(part for part in about if part)])


def _causes(book: Book, policy: Policy, findings: list[tuple[Rule, Finding]]) -> dict[str, str]:
    """For each insight that another explains, the name of the other.

    First what a faulty export explains: what is not said any more without the messages that it left unknown. Then, at
    one connector, what is open because of unknown mail, or tells that it rose, where a rule says that it is large; and
    a fall where a rule calls for action on the messages that it is made of.
    """
    found: dict[str, str] = {}
    for rule in policy.rules:
        days = untold_days(book, rule) if rule.kind == "export_without_tls" else []
        if not days:
            continue
        reduced = without_untold(book, days)
        for other, item in findings:
            if item.place is None or not (item.verdict == "undecided" or other.members <= _UNKNOWN):
                continue
            most = max(days, key=lambda day: day.unknown.get(item.place or ("inbound", None), 0))
            if most.unknown.get(item.place) and not _still(finding_at(reduced, other, item.place, 0), item):
                found.setdefault(_id(other, item), f"{rule.id}/{most.source}")
    large = {
        item.place: _id(rule, item)
        for rule, item in findings
        if rule.kind == "share" and rule.members <= _UNKNOWN and item.verdict == "speaks" and item.evident
    }
    for rule, item in findings:
        own = _id(rule, item)
        about_unknown = item.verdict == "undecided" or (rule.kind == "rise" and rule.members <= _UNKNOWN)
        if item.place in large and about_unknown and large[item.place] != own:
            found.setdefault(own, found.get(large[item.place], large[item.place]))
        if rule.kind == "got_worse" and (same := _same_messages(book, policy, rule, item, findings)):
            found.setdefault(own, same)
    return found


def _same_messages(
    book: Book, policy: Policy, worse: Rule, fall: Finding, findings: list[tuple[Rule, Finding]]
) -> str | None:
    """The insight at the same connector that calls for action on the messages that a fall is made of."""
    for rule, item in findings:
        about_them = rule.kind == "share" and not rule.members & (worse.members | _UNKNOWN)
        urgent = rule.severity in ACTION and item.verdict == "speaks" and item.evident
        if item.place == fall.place and about_them and urgent and not _acknowledged(book, policy, rule.id, item.place):
            return _id(rule, item)
    return None


def _still(reduced: Finding | None, finding: Finding) -> bool:
    """Whether a rule says the same where the unknown messages of faulty exports are left out."""
    return reduced is not None and reduced.verdict == finding.verdict


def _with_explained(insights: list[Insight]) -> list[Insight]:
    """The insights, each with the names of those that it explains."""
    names: dict[str, list[str]] = {}
    for item in insights:
        if item.cause:
            names.setdefault(item.cause, []).append(item.id)
    return [
        item.model_copy(update={"explains": tuple(sorted(names[item.id]))}) if item.id in names else item
        for item in insights
    ]


def _places(book: Book, rule: Rule) -> list[Place]:
    if rule.scope == "direction":
        return [("inbound", None), ("outbound", None)]
    return book.places()


def _importance(item: Insight) -> tuple[bool, int, bool, bool, bool, int, str, str, str]:
    """What needs action first, and there what is new before what has long been known."""
    return (
        not item.needs_action, _ORDER.index(item.severity), item.acknowledged is not None, item.verdict != "speaks",
        item.periods_in_a_row > LONG_KNOWN, -(item.numerator or 0), item.rule, item.direction or "",
        item.connector or "",
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
        if not is_known(book, rule, place, k):
            continue
        if not finding_at(book, rule, place, k):
            break
        count, first = count + 1, k
    return count, book.periods[first].period


def _resolved(book: Book, rule: Rule, place: Place) -> ResolvedInsight | None:
    """The insight that spoke in the last period that could be judged, and is no more in this one.

    Good news (severity info) need no notice of their end. Days missing make it provisional. Where unknown messages
    leave it open whether it still stands, it has not ended.
    """
    if rule.severity == "info" or KINDS[rule.kind].is_event or not book.periods[0].messages(place):
        return None
    known = (k for k in range(1, len(book.periods)) if is_known(book, rule, place, k))
    last = next(known, None) if is_known(book, rule, place, 0) else None
    before = finding_at(book, rule, place, last) if last else None
    if last is None or before is None or before.verdict != "speaks":
        return None
    if (
        rule.kind in ("share", "cipher_share")
        and decide(share_at(book, rule, place, 0), rule.comparator, rule.threshold).open
    ):
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


def _insight(book: Book, policy: Policy, rule: Rule, found: Finding, cause: str | None = None) -> Insight:
    place = found.place
    count, first = (1, book.period) if found.once or place is None else _streak(book, rule, place, 0)
    told = book.settings_of(place) if place else None
    whole = book.completeness
    share = found.share
    before = found.share_before
    partners = _partners(book, rule, place) if place and found.with_partners else ()
    accepted = _acknowledged(book, policy, rule.id, place)
    urgent = rule.severity in ACTION and found.verdict == "speaks" and found.evident
    return Insight.model_validate(
        {
            "id": _id(rule, found), "needs_action": urgent and accepted is None and cause is None,
            "cause": cause, "counts_only": found.few and found.verdict == "speaks", "source": found.source,
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
            "partners": partners, "acknowledged": accepted,
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
