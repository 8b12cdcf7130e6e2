"""The kinds of rules: each looks at one place in one period and says what it found, or nothing.

Every kind is a function of (book, rule, place, k); k counts periods back, so the same function tells how many periods
in a row a rule has spoken, and what no longer does. Verdicts are made on integers (see `decide`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from etl.common.masking import mask
from etl.common.words import DEPRECATED, N_
from etl.insights import profiles
from etl.insights.book import Book, Place, Told, is_named, weeks_between
from etl.insights.classes import label, share
from etl.insights.decide import decide, share_digits
from etl.insights.policy import Rule
from etl.model.numbers import percent_digits, rounded
from etl.model.report import DayShare, MissingDays, Percent, PeriodName, Sentence, Share

WEEKS_LISTED_SILENT = 13
"""For so many weeks a silent connector is listed; then it is gone."""
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
    detail: tuple[Sentence, ...] = ()
    with_partners: bool = False
    once: bool = False
    """Whether it tells of this period alone, so that periods in a row say nothing."""
    provisional: bool = False
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


def share_at(book: Book, rule: Rule, place: Place, k: int) -> Share:
    """n/N of the rule's class at `place`, `k` periods back."""
    by_cipher, forced = rule.kind == "cipher_share", rule.when == "forced_tls"
    key = (rule.profile if by_cipher else rule.members, forced, place, k)
    found = book.shares.get(key)
    if found is None:
        sums = book.periods[k]
        if by_cipher:
            found = _cipher_share(sums.ciphers.get(place, {}), rule.profile, sums.period.last_date)
        else:
            found = share(book.forced[k].get(place, {}) if forced else sums.at(place), rule.members)
        book.shares[key] = found
    return found


def _share_days(book: Book, rule: Rule, place: Place) -> tuple[DayShare, ...]:
    """The same for each day of the period itself; where the rule is about forced TLS, for the days it was forced."""
    days = book.period.days
    if rule.kind == "cipher_share":
        last, by_day = book.period.last_date, book.cipher_days.get(place, {})
        found = {day: _cipher_share(by_day.get(day, {}), rule.profile, last) for day in days}
    else:
        forced = rule.when == "forced_tls"
        days = [day for day in days if not forced or ((told := book.told_on(place, day)) and told.forced_tls)]
        found = {day: share(book.days.get(place, {}).get(day, {}), rule.members) for day in days}
    return tuple(DayShare(data_date=day, share=value) for day, value in found.items())


def _cipher_share(counts: Mapping[tuple[str, str], int], profile: str, last_date: date) -> Share:
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
        share_before=_before(book, rule, place, k),
        days=_share_days(book, rule, place) if k == 0 else (),
        with_partners=bool(rule.members & {"No TLS", *DEPRECATED}) and not is_cipher,
        provisional=decision.open,
    )


def _before(book: Book, rule: Rule, place: Place, k: int) -> Share | None:
    """The same share in the period just before, where there was mail."""
    if k + 1 >= len(book.periods):
        return None
    found = share_at(book, rule, place, k + 1)
    return found if found.total + found.undecided else None


@dataclass(frozen=True)
class _Move:
    """By how much a share moved from one period to another: of what is known, and if all undecided messages of both
    were out of the class, or all were in it."""

    known: Fraction
    least: Fraction
    most: Fraction

    @classmethod
    def between(cls, before: Share, now: Share) -> _Move:
        whole = [item.total + item.undecided for item in (before, now)]
        return cls(
            Fraction(now.n, now.total) - Fraction(before.n, before.total),
            Fraction(now.n, whole[1]) - Fraction(before.n, whole[0]),
            Fraction(now.n + now.undecided, whole[1]) - Fraction(before.n + before.undecided, whole[0]),
        )


def rise_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """The share of a class rose, since the last period with enough mail, by more than the threshold."""
    known = _known(book, rule, place, k)
    if len(known) < 2 or known[0] != k:
        return None
    now, before = (share_at(book, rule, place, i) for i in known[:2])
    move = _Move.between(before, now)
    over = [value > rule.threshold for value in (move.known, move.least, move.most)]
    told = _say(
        N_("The share was {before}\u202f% in {period}."), before=_percent(Fraction(before.n, before.total)),
        period=PeriodName(id=str(book.periods[known[1]].period)),
    )  # fmt: skip
    return _moved(book, rule, place, k, over, told)


def got_worse_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """The share of a class fell by more than the threshold and by more than it usually moves (times a factor).

    Usual is the largest change, up or down, between the periods before, up to twelve of them; three at least. Periods
    without enough mail are left out.
    """
    known = _known(book, rule, place, k)[: USUAL_WEEKS + 2]
    if len(known) < 4 or known[0] != k:
        return None
    shares = [share_at(book, rule, place, i) for i in known]
    now, before = shares[:2]
    usual: Fraction = max(abs(_Move.between(old, new).known) for new, old in pairwise(shares[1:]))
    limit: Fraction = max(rule.threshold, usual * rule.factor)
    move = _Move.between(before, now)
    over = [-value > limit for value in (move.known, move.least, move.most)]
    digits = percent_digits(abs(move.known.numerator), move.known.denominator, [limit])
    told = _say(
        N_("The share fell by {fall} percentage points since {period}; usually it moves by up to {usual}."),
        fall=_percent(-move.known, digits), usual=_percent(usual, digits),
        period=PeriodName(id=str(book.periods[known[1]].period)),
    )  # fmt: skip
    return _moved(book, rule, place, k, over, told)


def _known(book: Book, rule: Rule, place: Place, k: int) -> list[int]:
    """The periods from `k` back in which enough messages can be judged."""
    least = max(rule.minimum_messages, 1)
    return [i for i in range(k, len(book.periods)) if share_at(book, rule, place, i).total >= least]


def _moved(book: Book, rule: Rule, place: Place, k: int, over: list[bool], told: Sentence) -> Finding | None:
    """A finding about a change; `over`: whether what is known, and both bounds, moved too far."""
    is_open = over[1] != over[2]
    if not (over[0] or is_open):
        return None
    return Finding(
        place=place, verdict="undecided" if is_open else "speaks", measure=label(rule.measure),
        share=share_at(book, rule, place, k), share_before=_before(book, rule, place, k),
        days=_share_days(book, rule, place) if k == 0 else (), detail=(told,), provisional=is_open,
    )  # fmt: skip


def silent_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """No mail for so many weeks at the period's end, though there used to be; said of periods with data only."""
    if place not in book.life or not book.has_data(k) or any(book.periods[i].messages(place) for i in range(1, k + 1)):
        return None
    if k == 0 and book.periods[0].messages(place):
        return None
    first, last = book.life[place]
    if last < first + timedelta(days=6):
        return None
    weeks = weeks_between(last, book.periods[k].period.last_date)
    if not rule.weeks <= weeks < rule.weeks + WEEKS_LISTED_SILENT:
        return None
    told = _say(
        N_("Last mail on {last_date}, {weeks} weeks before the period’s end; there was mail since {first_date}."),
        last_date=last, first_date=first, weeks=weeks,
    )  # fmt: skip
    missing = book.missing_since(last)
    return Finding(
        place=place, verdict="speaks", measure="messages", numerator=0, detail=(told,), missing=missing,
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
        place=place, verdict="speaks", measure="messages", numerator=count, once=True,
        detail=(_say(N_("First mail on {first_date}."), first_date=first),),
    )  # fmt: skip


def changed_rule(book: Book, _rule: Rule, place: Place, k: int) -> Finding | None:
    """Type or forced TLS differs from what was told last before the period, or changed in it: each step is told."""
    before = book.told_last_before(place)
    if k > 0 or before is None or place[1] is None:
        return None
    parts = []
    for now in book.told_in_period(place):
        if before.connector_type and now.connector_type and now.connector_type != before.connector_type:
            told = {"before": before.connector_type, "now": now.connector_type, "since": now.first_date}
            parts.append(_say(N_("Type: was {before}, {now} from {since} on."), **told))
        if None not in (before.forced_tls, now.forced_tls) and now.forced_tls != before.forced_tls:
            told = {"before": _yes(before.forced_tls), "now": _yes(now.forced_tls), "since": now.first_date}
            parts.append(_say(N_("Forced TLS: was {before}, {now} from {since} on."), **told))
        before = Told(
            now.first_date, now.last_date, now.connector_type or before.connector_type,
            before.forced_tls if now.forced_tls is None else now.forced_tls,
        )  # fmt: skip
    if not parts:
        return None
    return Finding(place=place, verdict="speaks", measure="settings", detail=tuple(parts), once=True)


def volume_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """Days outside the band of the same weekday by the rule's factor. Days without data are not judged."""
    if k > 0 or not book.periods[0].messages(place):
        return None
    missing = {day for source in book.completeness.sources for day in source.missing_dates if source.role == "count"}
    parts = []
    for day in book.period.days:
        band = book.bands.get((day, place))
        if band is None or band.weeks < rule.weeks or day in missing or day not in book.data_days:
            continue
        count = sum(book.days.get(place, {}).get(day, {}).values())
        low, high = (Fraction(round(10 * edge), 10) for edge in (band.low, band.high))
        if count < rule.minimum_messages and high < rule.minimum_messages:
            continue
        if count > high * rule.factor or count * rule.factor < low:
            told = {"day": day, "messages": count, "low": round(low), "high": round(high)}
            parts.append(_say(N_("{day}: {messages}, usually {low} to {high}."), **told))
    if not parts:
        return None
    return Finding(
        place=place, verdict="speaks", measure="days out of band", numerator=len(parts),
        denominator=len(book.period.days), detail=tuple(parts), once=True,
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
        detail=(
            _say(N_("No message below TLS 1.2 in {weeks} weeks, {messages} messages."), weeks=rule.weeks,
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
        parts.append(_say(text, messages=count, partners=partners, plain=plain, old=count - plain))
    if found.undecided:
        text = N_("Messages that can’t be judged, and might have failed too: {messages}.")
        parts.append(_say(text, messages=found.undecided))
    return Finding(
        place=place, verdict="undecided" if decision.open else "speaks", measure=label(rule.measure), share=found,
        share_before=_before(book, rule, place, k), days=_share_days(book, rule, place) if k == 0 else (),
        detail=tuple(parts), with_partners=True, provisional=decision.open,
    )  # fmt: skip


FILES_NAMED = 5


def incomplete_rule(book: Book, _rule: Rule) -> list[Finding]:
    """Days never came, an export may be cut short, or a file could not be read at all or in good part."""
    found = book.completeness
    parts = []
    for file in found.refused_in_part[:FILES_NAMED]:
        text = N_("Of {records} records in {file}, {rejected} were refused.")
        parts.append(_say(text, records=file.records, file=(mask(file.name),), rejected=file.rejected))
    if found.missing:
        parts.append(_say(N_("Never came: {days}."), days=MissingDays(days=found.missing)))
    if found.suspected_cut:
        parts.append(_cut(found.suspected_cut))
    if found.quarantined:
        names = tuple(mask(name) for name in found.quarantined)
        parts.append(_say(N_("Set aside whole, because they could not be read: {files}."), files=names))
    if not parts:
        return []
    return [
        Finding(
            place=None, verdict="speaks", measure="days missing", numerator=len(found.missing),
            denominator=found.expected_days, detail=tuple(parts), provisional=True, once=True,
        )
    ]  # fmt: skip


def truncated_rule(book: Book, _rule: Rule) -> list[Finding]:
    """An export ends at exactly a vendor's row limit."""
    cut = book.completeness.suspected_cut
    found = Finding(place=None, verdict="speaks", measure="files", numerator=len(cut), detail=(_cut(cut),), once=True)
    return [found] if cut else []


def late_rule(book: Book, _rule: Rule) -> list[Finding]:
    """Rows came for days that are sealed."""
    late = [source for source in book.completeness.sources if source.late_rows and source.role == "count"]
    if not late:
        return []
    text = N_("Rows that came too late, for days that are sealed ({source}): {rows}.")
    parts = [_say(text, rows=source.late_rows, source=source.source) for source in late]
    rows = sum(source.late_rows for source in late)
    return [
        Finding(place=None, verdict="speaks", measure="late rows", numerator=rows, detail=tuple(parts), once=True)
    ]  # fmt: skip


AT_PLACES: dict[str, Callable[[Book, Rule, Place, int], Finding | None]] = {
    "share": share_rule,
    "cipher_share": share_rule,
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


def _say(text: str, **values: Any) -> Sentence:
    return Sentence(text=text, values=values)


def _percent(value: Fraction, digits: int = 1) -> Percent:
    return Percent(scaled=rounded(value.numerator, value.denominator, digits), digits=digits)


def _cut(names: tuple[str, ...]) -> Sentence:
    return _say(N_("Suspected cut short: {files}."), files=names)


def _yes(value: bool | None) -> Sentence:
    return Sentence(text=N_("not told") if value is None else N_("yes") if value else N_("no"))
