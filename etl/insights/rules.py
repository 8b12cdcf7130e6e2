"""The kinds of rules: each looks at one place in one period and says what it found, or nothing.

Every kind is a function of (book, rule, place, k); k counts periods back, so the same function tells how many periods
in a row a rule has spoken, and what no longer does. Verdicts are made on integers (see `decide`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from etl.insights import ciphers
from etl.insights.book import Book, Place, below_modern, is_named, weeks_between
from etl.insights.classes import label, share
from etl.insights.decide import decide, rounded, share_digits
from etl.insights.policy import Rule
from etl.insights.texts import joined, listed, words
from etl.report.model import DEPRECATED, DayShare, Share

WEEKS_MOST_SILENT = 13
"""A connector without mail for longer is no longer listed as fallen silent: it is gone."""
USUAL_WEEKS = 12
"""How many earlier changes tell a connector's usual week-to-week change, of which at least 3 must be known."""


@dataclass(frozen=True)
class Finding:
    """What a rule found at a place: a verdict with its numbers and words."""

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
    detail: dict[str, str] = field(default_factory=dict)
    with_partners: bool = False
    periods: int | None = None
    """Periods in a row, where the kind knows better than by looking back."""
    provisional: bool = False


def applies(book: Book, rule: Rule, place: Place, k: int) -> bool:
    """Whether the rule's scope and condition hold at `place`, `k` periods back."""
    if (rule.scope == "direction") != (place[1] is None):
        return False
    if rule.scope == "named_connector" and not is_named(place):
        return False
    if rule.when is None:
        return True
    if rule.when == "forced_tls" and k == 0:
        return bool(_forced_days(book, place))
    told = book.told_at(place, k)
    forced = bool(told and told.forced_tls)
    return forced if rule.when == "forced_tls" else not forced


def share_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """n/N of a class of messages against a threshold."""
    versions = book.periods[k].at(place)
    days = [(day, dict(book.days.get(place, {}).get(day, {}))) for day in book.period.days]
    if rule.when == "forced_tls" and k == 0:
        forced = _forced_days(book, place)
        days = [(day, found) for day, found in days if day in forced]
        versions = _summed(found for _, found in days)
    found = share(versions, rule.members)
    if found.total + found.undecided < max(rule.minimum_messages, 1):
        return None
    return _judged(
        book, rule, place, k, found, [(day, share(day_versions, rule.members)) for day, day_versions in days]
    )


def cipher_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """n/N of messages under a weak or broken cipher (RFC 9325); undecided where the suite is not told."""
    found = _cipher_share(book, place, k)
    if found.total + found.undecided < max(rule.minimum_messages, 1):
        return None
    return _judged(book, rule, place, k, found, [])


def _judged(
    book: Book, rule: Rule, place: Place, k: int, found: Share, days: list[tuple[date, Share]]
) -> Finding | None:
    decision = decide(found, rule.comparator, rule.threshold)
    if not (decision.speaks or (decision.open and rule.lists_open)):
        return None
    is_cipher = rule.kind == "cipher_share"
    before = None
    if k + 1 < len(book.periods):
        before = _cipher_share(book, place, k + 1) if is_cipher else share(book.periods[k + 1].at(place), rule.members)
    is_open = decision.open and rule.lists_open
    return Finding(
        place=place,
        verdict="undecided" if is_open else "speaks",
        measure="weak cipher" if is_cipher else label(rule.measure),
        share=found,
        share_digits=share_digits(found, rule.threshold),
        comparator=rule.comparator,
        threshold=rule.threshold,
        share_before=before,
        days=tuple(DayShare.model_validate({"data_date": day, "share": value}) for day, value in days)
        if k == 0
        else (),
        with_partners=bool(rule.members & {"No TLS", *DEPRECATED}) and not is_cipher,
        provisional=is_open,
    )


def _forced_days(book: Book, place: Place) -> set[date]:
    """The days of the period on which TLS was said to be forced."""
    return {day for day in book.period.days if (told := book.told_on(place, day)) and told.forced_tls}


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for part in parts:
        sums.update(part)
    return sums


def _cipher_share(book: Book, place: Place, k: int) -> Share:
    n = total = unsure = 0
    for (version, cipher), count in book.periods[k].ciphers.get(place, {}).items():
        strength = None if version in ("No TLS", "TLS 1.3") else ciphers.strength(ciphers.facts_of(cipher))
        total += count
        if version not in ("No TLS", "TLS 1.3") and strength is None:
            unsure += count
        elif strength in ("weak", "broken"):
            n += count
    return Share(n=n, total=total - unsure, undecided=unsure)


def rise_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """The share of a class rose, from one period to the next, by more than the threshold."""
    now, before = _pair(book, rule, place, k)
    if now is None or before is None:
        return None
    if Fraction(now.n, now.total) - Fraction(before.n, before.total) <= rule.threshold:
        return None
    return _moved(rule, place, now, before, words("rise", before=_percent(Fraction(before.n, before.total))))


def got_worse_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """The share of a class fell by more than the threshold and by more than it usually moves (times a factor).

    Usual is the largest change, up or down, between the periods before, up to twelve of them; three at least.
    """
    now, before = _pair(book, rule, place, k)
    if now is None or before is None:
        return None
    fall = Fraction(before.n, before.total) - Fraction(now.n, now.total)
    moves = []
    for i in range(k + 1, min(k + 1 + USUAL_WEEKS, len(book.periods) - 1)):
        later, earlier = _pair(book, rule, place, i)
        if later is not None and earlier is not None:
            moves.append(abs(Fraction(later.n, later.total) - Fraction(earlier.n, earlier.total)))
    if len(moves) < 2 or fall <= rule.threshold or fall <= max(moves) * rule.factor:
        return None
    detail = words("got_worse", fall=_percent(fall), usual=_percent(max(moves)))
    return _moved(rule, place, now, before, detail)


def _pair(book: Book, rule: Rule, place: Place, k: int) -> tuple[Share | None, Share | None]:
    """The class's share `k` periods back and in the one before it; nothing where there is too little mail."""
    if k + 1 >= len(book.periods):
        return None, None
    found = [share(book.periods[i].at(place), rule.members) for i in (k, k + 1)]
    least = max(rule.minimum_messages, 1)
    return (found[0] if found[0].total >= least else None), (found[1] if found[1].total >= least else None)


def _moved(rule: Rule, place: Place, now: Share, before: Share, detail: dict[str, str]) -> Finding:
    return Finding(
        place=place, verdict="speaks", measure=label(rule.measure), share=now, share_before=before, detail=detail
    )


def silent_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """No mail for so many weeks at the period's end, though there used to be."""
    if place not in book.life or k > 0 or book.periods[0].messages(place):
        return None
    first, last = book.life[place]
    if last < first + timedelta(days=6):
        return None
    weeks = weeks_between(last, book.period.last_date)
    if not rule.weeks <= weeks <= WEEKS_MOST_SILENT:
        return None
    detail = words("silent", last_date=last, first_date=first, weeks=weeks)
    with_mail = (i for i, sums in enumerate(book.periods) if sums.messages(place))
    quiet = next(with_mail, len(book.periods))
    whole = 1 if book.period.kind != "week" else min(quiet, weeks - rule.weeks + 1)
    return Finding(
        place=place, verdict="speaks", measure="messages", numerator=0, denominator=None, detail=detail,
        periods=max(whole, 1),
    )  # fmt: skip


def new_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """First seen in the period, in a ledger that already knew so many weeks before it."""
    begins = book.begins
    count = book.periods[0].messages(place)
    if k > 0 or not count or place in book.life or begins is None:
        return None
    if weeks_between(begins, book.period.first_date) < rule.weeks:
        return None
    first = min(day for day, versions in book.days[place].items() if versions)
    return Finding(
        place=place, verdict="speaks", measure="messages", numerator=count, detail=words("new", first_date=first),
        periods=1,
    )  # fmt: skip


def changed_rule(book: Book, _rule: Rule, place: Place, k: int) -> Finding | None:
    """Type or forced TLS differs from what was told last before the period."""
    now, before = book.told_at(place), book.told_last_before(place)
    if k > 0 or now is None or before is None or place[1] is None:
        return None
    parts = []
    if before.connector_type and now.connector_type and now.connector_type != before.connector_type:
        parts.append(words("changed_type", before=before.connector_type, now=now.connector_type))
    if None not in (before.forced_tls, now.forced_tls) and now.forced_tls != before.forced_tls:
        parts.append(words("changed_forced", before=_yes(before.forced_tls), now=_yes(now.forced_tls)))
    if not parts:
        return None
    return Finding(place=place, verdict="speaks", measure="settings", detail=joined(parts), periods=1)


def volume_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """Days outside the band of the same weekday by the rule's factor. Days without data at all are not judged."""
    if k > 0:
        return None
    parts, out = [], 0
    missing = {day for source in book.completeness.sources for day in source.missing_dates if source.role == "count"}
    for day in book.period.days:
        band = book.bands.get((day, place))
        if day in missing or band is None or band.weeks < rule.weeks or not book.completeness.received_days:
            continue
        count = sum(book.days.get(place, {}).get(day, {}).values())
        if max(count, band.high) < rule.minimum_messages:
            continue
        if count > band.high * float(rule.factor) or count * float(rule.factor) < band.low:
            parts.append(words("band", data_date=day, messages=count, low=round(band.low), high=round(band.high)))
            out += 1
    if not parts or not sum(book.periods[0].at(place).values()):
        return None
    return Finding(
        place=place, verdict="speaks", measure="days out of band", numerator=out,
        denominator=len(book.period.days), detail=joined(parts), periods=1,
    )  # fmt: skip


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
        detail=words("ready", weeks=rule.weeks, messages=total),
    )  # fmt: skip


def break_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """What refusing mail below TLS 1.2 would have stopped."""
    versions = book.periods[k].at(place)
    count = below_modern(versions)
    if not count or sum(versions.values()) < rule.minimum_messages:
        return None
    plain = versions.get("No TLS", 0)
    partners = book.partners_below.get(place, 0)
    return Finding(
        place=place, verdict="speaks", measure=label(rule.measure), share=share(versions, rule.members),
        share_before=share(book.periods[k + 1].at(place), rule.members) if k + 1 < len(book.periods) else None,
        detail=words("break", messages=count, partners=partners, plain=plain, old=count - plain), with_partners=True,
    )  # fmt: skip


def incomplete_rule(book: Book, _rule: Rule) -> list[Finding]:
    """Days never came, or an export may be cut short."""
    found = book.completeness
    parts = []
    if found.missing:
        parts.append(words("missing", days=listed(found.missing)))
    if found.suspected_cut:
        parts.append(words("cut", files=listed(found.suspected_cut)))
    if not parts:
        return []
    return [
        Finding(
            place=None, verdict="speaks", measure="days missing", numerator=len(found.missing),
            denominator=found.expected_days, detail=joined(parts), provisional=True, periods=1,
        )
    ]  # fmt: skip


def truncated_rule(book: Book, _rule: Rule) -> list[Finding]:
    """An export ends at exactly a vendor's row limit."""
    cut = book.completeness.suspected_cut
    detail = words("cut", files=listed(cut))
    found = Finding(place=None, verdict="speaks", measure="files", numerator=len(cut), detail=detail, periods=1)
    return [found] if cut else []


def late_rule(book: Book, _rule: Rule) -> list[Finding]:
    """Rows came for days that are sealed."""
    late = [source for source in book.completeness.sources if source.late_rows and source.role == "count"]
    if not late:
        return []
    parts = [words("late", rows=source.late_rows, source=source.source) for source in late]
    rows = sum(source.late_rows for source in late)
    return [
        Finding(place=None, verdict="speaks", measure="late rows", numerator=rows, detail=joined(parts), periods=1)
    ]  # fmt: skip


AT_PLACES: dict[str, Callable[[Book, Rule, Place, int], Finding | None]] = {
    "share": share_rule,
    "cipher_share": cipher_rule,
    "rise": rise_rule,
    "got_worse": got_worse_rule,
    "connector_silent": silent_rule,
    "connector_new": new_rule,
    "connector_changed": changed_rule,
    "volume_band": volume_rule,
    "ready_to_enforce": ready_rule,
    "would_break": break_rule,
}
OVERALL: dict[str, Callable[[Book, Rule], list[Finding]]] = {
    "data_incomplete": incomplete_rule,
    "data_truncated": truncated_rule,
    "data_late": late_rule,
}


def judge(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """What `rule` says of `place`, `k` periods back."""
    kind = AT_PLACES.get(rule.kind)
    return kind(book, rule, place, k) if kind and applies(book, rule, place, k) else None


def _yes(value: bool | None) -> dict[str, str]:
    return words("not_told" if value is None else "yes" if value else "no")


def _percent(value: Fraction) -> str:
    """A share as a percentage with one decimal, for words."""
    return f"{float(rounded(value, 1) * 100):.1f}"
