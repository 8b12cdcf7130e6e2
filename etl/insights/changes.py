"""Rules about change: a share that rose or fell, a connector that fell silent, is new, changed, or out of its band.

A share now is held against the sum of several periods before by Fisher's exact test (see `exact`), at the rule's
level; and the change must be large enough to matter (the threshold), and be seen in so many messages. What the periods
before were is not asked for their largest change: a connector's own first fall would hide its second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from statistics import mean, variance

from etl.common.words import N_
from etl.insights.book import Book, Place, Told, weeks_between
from etl.insights.classes import label
from etl.insights.exact import LEVEL_OF_DRAWS, chance_beyond, chance_of_none, rose, variation
from etl.insights.finding import Finding, percent, say, share_at, share_before, share_days
from etl.insights.rule import Rule
from etl.model.numbers import percent_digits
from etl.model.report import PeriodName, Sentence, Share

WEEKS_LISTED_SILENT = 13
"""For so many weeks a silent connector is listed; then it is gone."""
USUAL = 6
"""`Usually` needs so many earlier values; with fewer, no variation is measured either."""
LEAST_CHANGED = 5
"""In so many messages a change must be seen: two or three are an accident of one sender."""
BURST = 5.0
"""Variance over mean that is taken for mail in bursts where too few weeks are known to measure it (bursts of three)."""
_LEVEL = Fraction(1, 1000)


@dataclass(frozen=True)
class Move:
    """By how much a share moved from one span to another: of what is known, and if all undecided messages of both
    were out of the class, or all were in it."""

    known: Fraction
    least: Fraction
    most: Fraction

    @classmethod
    def between(cls, before: Share, now: Share) -> Move:
        """From `before` to `now`, of each of which something is known."""
        whole = [item.total + item.undecided for item in (before, now)]
        return cls(
            Fraction(now.n, now.total) - Fraction(before.n, before.total),
            Fraction(now.n, whole[1]) - Fraction(before.n, whole[0]),
            Fraction(now.n + now.undecided, whole[1]) - Fraction(before.n + before.undecided, whole[0]),
        )


def rise_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """The share of a class is above that of the periods before: by more than the threshold, and than chance gives."""
    return _changed(book, rule, place, k, 1)


def got_worse_rule(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """The share of a class is below that of the periods before: by more than the threshold, and than chance gives."""
    return _changed(book, rule, place, k, -1)


def _changed(book: Book, rule: Rule, place: Place, k: int, sign: int) -> Finding | None:
    """The last period, or the last two together, against the periods before them."""
    now = share_at(book, rule, place, k)
    if now.total < max(rule.minimum_messages, 1):
        return None
    for span in (1, 2):
        periods = list(range(k, min(k + span, len(book.periods))))
        earlier = _earlier(book, rule, place, k + span)
        before = _added(book, rule, place, earlier)
        if len(periods) < span or before.total < max(rule.minimum_messages, 1):
            return None
        move = Move.between(before, now)
        if sign * move.known <= rule.threshold:
            return None
        spanned = _added(book, rule, place, periods)
        if _is_significant(book, rule, place, before, spanned, sign):
            is_open = any(sign * value <= rule.threshold for value in (move.least, move.most))
            return Finding(
                place=place, verdict="undecided" if is_open else "speaks", measure=label(rule.measure),
                share=now, share_before=share_before(book, rule, place, k),
                days=share_days(book, rule, place) if k == 0 else (),
                detail=_compared(book, rule, place, earlier, before, move.known, sign), provisional=is_open,
            )  # fmt: skip
    return None


def _earlier(book: Book, rule: Rule, place: Place, first: int) -> list[int]:
    """The periods that are compared with: so many before, those in which something is known."""
    last = min(first + rule.weeks, len(book.periods))
    return [i for i in range(first, last) if share_at(book, rule, place, i).total]


def _added(book: Book, rule: Rule, place: Place, periods: list[int]) -> Share:
    parts = [share_at(book, rule, place, i) for i in periods]
    return Share(
        n=sum(p.n for p in parts), total=sum(p.total for p in parts), undecided=sum(p.undecided for p in parts)
    )


def _is_significant(book: Book, rule: Rule, place: Place, before: Share, now: Share, sign: int) -> bool:
    """What rises is counted: messages of the class, or where the share fell, those that are not of it."""
    more, base = (now.n, before.n) if sign > 0 else (now.total - now.n, before.total - before.n)
    if more < LEAST_CHANGED:
        return False
    level = _LEVEL if rule.level is None else rule.level
    if not rose(more, now.total, base, before.total, level):
        return False
    draws = book.draws(place, rule.members)
    return rose(*draws.of(more, now.total), *draws.of(base, before.total), LEVEL_OF_DRAWS)


def _compared(
    book: Book, rule: Rule, place: Place, earlier: list[int], before: Share, move: Fraction, sign: int
) -> tuple[Sentence, ...]:
    """What it is compared with, in words: the sum of the periods before, and where six are known, between what."""
    change = sign * move
    first, last = (PeriodName(id=str(book.periods[k].period)) for k in (earlier[-1], earlier[0]))
    values = {
        "change": percent(change, percent_digits(change.numerator, change.denominator, [rule.threshold])),
        "before": percent(Fraction(before.n, before.total)), "n": before.n, "total": before.total,
        "when": last if first == last else say(N_("{first} to {last}"), first=first, last=last),
    }  # fmt: skip
    rising = N_("Up by {change} percentage points from {before} % ({n} of {total}) in {when}.")
    falling = N_("Down by {change} percentage points from {before} % ({n} of {total}) in {when}.")
    told = [say(rising if sign > 0 else falling, **values)]
    if len(earlier) >= USUAL:
        shares = [share_at(book, rule, place, i) for i in earlier]
        known = sorted(Fraction(item.n, item.total) for item in shares)
        told.append(say(N_("Usually between {low} and {high}\u202f%."), low=percent(known[0]), high=percent(known[-1])))
    return tuple(told)


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
    told = say(
        N_("Last mail on {last_date}; there was mail from {first_date} on."),
        last_date=last, first_date=first,
    )  # fmt: skip
    return Finding(
        place=place, verdict="speaks", measure="messages", numerator=0, detail=(told,),
        evident=_expected(book, rule, place), missing=book.missing_since(last),
    )  # fmt: skip


def _expected(book: Book, rule: Rule, place: Place) -> bool:
    """Whether so much mail was to be expected that its absence is no chance.

    By the periods with data between its first mail and its last, in bursts as they varied; where fewer than six are
    known, in bursts at least of three.
    """
    first, last = book.life[place]
    counts = [
        sums.messages(place)
        for k, sums in enumerate(book.periods)
        if k and book.has_data(k) and sums.period.last_date >= first and sums.period.first_date <= last
    ]
    if not counts or not sum(counts):
        return False
    usual = mean(counts)
    varies = variance(counts) / usual if len(counts) > 1 else 1.0
    per_draw = max(1.0, varies) if len(counts) >= USUAL else max(BURST, varies)
    came = len(book.data_days) / len(book.period.days)
    return chance_of_none(usual * came, per_draw) <= (_LEVEL if rule.level is None else rule.level)


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
        detail=(say(N_("First mail on {first_date}."), first_date=first),),
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
            parts.append(say(N_("Type: was {before}, {now} from {since} on."), **told))
        if None not in (before.forced_tls, now.forced_tls) and now.forced_tls != before.forced_tls:
            told = {"before": yes_no(before.forced_tls), "now": yes_no(now.forced_tls), "since": now.first_date}
            parts.append(say(N_("Forced TLS: was {before}, {now} from {since} on."), **told))
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
            if not _is_beyond(book, rule, place, day, count):
                continue
            told = {"day": day, "messages": count, "low": round(low), "high": round(high)}
            parts.append(say(N_("{day}: {messages}, usually {low} to {high}."), **told))
    if not parts:
        return None
    return Finding(
        place=place, verdict="speaks", measure="days out of band", numerator=len(parts),
        denominator=len(book.period.days), detail=tuple(parts), once=True,
    )  # fmt: skip


def _is_beyond(book: Book, rule: Rule, place: Place, day: date, count: int) -> bool:
    """Whether chance does not explain a day's count, by how the same weekdays before varied: in bursts as they came."""
    groups = [book.same_weekdays(place, other) for other in book.period.days]
    varies, df = variation(groups)
    values = book.same_weekdays(place, day)
    if not values:
        return False
    per_draw = max(1.0, varies) if df >= USUAL else max(BURST, varies)
    level = _LEVEL if rule.level is None else rule.level
    return chance_beyond(count, mean(values), per_draw * (1 + 1 / len(values))) <= level


def yes_no(value: bool | None) -> Sentence:
    """Yes, no, or that it is not told, in words."""
    return Sentence(text=N_("not told") if value is None else N_("yes") if value else N_("no"))
