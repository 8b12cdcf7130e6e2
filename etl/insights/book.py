"""What rules read: messages per TLS version and cipher of each connector, now and in the periods before.

Made from measures alone, over a warehouse or an edition's own inputs. A *place* is a direction and a connector
(nothing for all connectors of the direction).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property

import duckdb

from etl.common.domains import organisational
from etl.common.periods import Period
from etl.common.words import BELOW_MODERN, Direction
from etl.insights.classes import undecided
from etl.insights.exact import Draws, Spread
from etl.measures import measure
from etl.measures.completeness import missing_name
from etl.model.quality import Completeness
from etl.model.report import NO_CONNECTOR, Band, PartnerLine, Share
from etl.settings import Connector

Place = tuple[Direction, str | None]
Versions = Mapping[str, int]
EMPTY: Versions = {}

MIX_DAYS = 91
"""So many days before the period are looked at day by day: 13 weeks."""

PARTNERS_LISTED = 500
"""Partners below TLS 1.2 that are listed, per direction; and at most a tenth of them per connector."""


@dataclass(frozen=True)
class Told:
    """A connector's type and whether TLS is forced on it, from one day to another."""

    first_date: date
    last_date: date
    connector_type: str | None
    forced_tls: bool | None


@dataclass(frozen=True)
class Sums:
    """Messages of one period: per place and TLS version, and per place, TLS version and cipher."""

    period: Period
    versions: Mapping[Place, Versions]
    ciphers: Mapping[Place, Mapping[tuple[str, str], int]]

    def at(self, place: Place) -> Versions:
        """Messages per TLS version at `place`."""
        return self.versions.get(place, EMPTY)

    def messages(self, place: Place) -> int:
        """All messages at `place`."""
        return sum(self.at(place).values())


@dataclass(frozen=True)
class UntoldDay:
    """Messages of one day, source and connector, and of how many the export says nothing of TLS."""

    data_date: date
    source: str
    place: Place
    messages: int
    unknown: int


@dataclass(frozen=True)
class Mix:
    """Messages of a place by TLS version and day, from 13 weeks before the period to its end.

    `counts[version]` holds pairs (days since `MIX_DAYS` before the period, messages), in order of time.
    """

    counts: Mapping[str, Sequence[tuple[int, int]]]
    largest: Fraction = Fraction(1)
    """Messages a draw, if all mail of a partner on one day were one: the most that bursts can make of it."""

    def weeks(self, members: Collection[str], unsure: Collection[str] = ()) -> list[list[tuple[int, int]]]:
        """For each week the days with mail: (messages of `members`, all messages but those of `unsure`)."""
        whole: dict[int, list[int]] = {}
        for version, days in self.counts.items():
            if version in unsure:
                continue
            for day, count in days:
                pair = whole.setdefault(day, [0, 0])
                pair[0] += count if version in members else 0
                pair[1] += count
        weeks: dict[int, list[tuple[int, int]]] = {}
        for day in sorted(whole):
            weeks.setdefault(day // 7, []).append((whole[day][0], whole[day][1]))
        return list(weeks.values())

    @cached_property
    def totals(self) -> Mapping[int, int]:
        """All messages by day."""
        sums: Counter[int] = Counter()
        for days in self.counts.values():
            for day, count in days:
                sums[day] += count
        return sums


@dataclass(frozen=True)
class Book:
    """All that rules read. `periods[0]` is the period itself, `periods[1]` the one before, and so on."""

    periods: Sequence[Sums]
    forced: Sequence[Mapping[Place, Versions]]
    """For each of `periods`, what went on days on which TLS was said to be forced (as far back as days are kept)."""
    days: Mapping[Place, Mapping[date, Versions]]
    cipher_days: Mapping[Place, Mapping[date, Mapping[tuple[str, str], int]]]
    data_days: frozenset[date]
    """The period's days for which a counting source brought anything."""
    missing_days: Sequence[tuple[date, str]]
    """Days before the period that a source did not bring, though it was expected to; with the source's name."""
    bands: Mapping[tuple[date, Place], Band]
    life: Mapping[Place, tuple[date, date]]
    told: Mapping[Place, Sequence[Told]]
    partners: Mapping[Place, tuple[PartnerLine, ...]]
    partners_below: Mapping[Place, int]
    """How many partners went below TLS 1.2, those beyond the lines listed included."""
    completeness: Completeness
    connectors: tuple[Connector, ...]
    mix: Mapping[Place, Mix] = field(default_factory=dict)
    earlier_data_days: frozenset[date] = frozenset()
    """The days of the 13 weeks before the period for which a counting source brought anything."""
    untold: Sequence[UntoldDay] = ()
    files: Mapping[tuple[date, str], tuple[str, ...]] = field(default_factory=dict)
    """The names of the files that a day and source were exported in."""
    shares: dict[tuple[object, ...], Share] = field(default_factory=dict, compare=False)
    """Shares that rules have already asked for (see `rules.share_at`)."""

    @property
    def period(self) -> Period:
        """The period that is judged."""
        return self.periods[0].period

    @cached_property
    def begins(self) -> date | None:
        """The first data date of all that is known of the time before the period."""
        return min((first for first, _ in self.life.values()), default=None)

    def draws(self, place: Place, members: frozenset[str]) -> Draws:
        """How many messages of a class count as one draw at `place` (see `exact`): by its own spread from day to day,
        and by that of all TLS versions."""
        mix = self.mix.get(place)
        if mix is None:
            return Draws(Fraction(1))
        unsure = undecided(members)
        spreads = [Spread.of(mix.weeks({version}, unsure)) for version in mix.counts if version not in unsure]
        all_versions = Spread(sum(s.chi for s in spreads), sum(s.df for s in spreads))
        return Draws.measured([Spread.of(mix.weeks(members, unsure)), all_versions], mix.largest)

    def same_weekdays(self, place: Place, day: date) -> list[int]:
        """Messages of the same weekday in the eight weeks before `day`, as far as data came, from its first mail on."""
        mix, life = self.mix.get(place), self.life.get(place)
        if mix is None or life is None:
            return []
        begin = self.period.first_date - timedelta(days=MIX_DAYS)
        before = (day - timedelta(days=7 * n) for n in range(1, 9))
        return [
            mix.totals.get((other - begin).days, 0)
            for other in before
            if other >= life[0] and (other in self.earlier_data_days or other in self.data_days)
        ]

    def missing_since(self, first: date) -> tuple[str, ...]:
        """What was missing from `first` up to the period, `2026-11-11 (m365)`."""
        return tuple(missing_name(day, source) for day, source in self.missing_days if day >= first)

    def has_data(self, k: int) -> bool:
        """Whether anything was brought for the `k`-th period before."""
        return bool(self.data_days) if k == 0 else bool(self.periods[k].versions)

    def places(self) -> list[Place]:
        """Every direction and connector with mail in any period at hand, in order."""
        found = {place for sums in self.periods for place in sums.versions if place[1] is not None}
        return sorted(found | set(self.life), key=lambda place: (place[0], place[1] or ""))

    def told_at(self, place: Place, k: int = 0) -> Told | None:
        """What was told last of the connector in the `k`-th period before."""
        period = self.periods[k].period
        found = [
            told
            for told in self.told.get(place, ())
            if told.first_date <= period.last_date and told.last_date >= period.first_date
        ]
        return found[-1] if found else None

    def told_in_period(self, place: Place) -> list[Told]:
        """All that was told of the connector in the period, in order of time."""
        return [told for told in self.told.get(place, ()) if told.first_date in self.period]

    def told_last_before(self, place: Place) -> Told | None:
        """What was told last of the connector before the period."""
        found = [told for told in self.told.get(place, ()) if told.first_date < self.period.first_date]
        return found[-1] if found else None

    def told_on(self, place: Place, day: date) -> Told | None:
        """What was told of the connector on `day`."""
        return next((told for told in self.told.get(place, ()) if told.first_date <= day <= told.last_date), None)

    def settings_of(self, place: Place) -> Connector | None:
        """What the settings say of the connector: of its direction, else of both."""
        named = [item for item in self.connectors if item.name == place[1]]
        exact = [item for item in named if item.direction == place[0]]
        return next(iter(exact + [item for item in named if item.direction is None]), None)


def read_book(
    con: duckdb.DuckDBPyConnection,
    period: Period,
    back: Sequence[Period],
    completeness: Completeness,
    connectors: tuple[Connector, ...],
    files: Mapping[tuple[date, str], tuple[str, ...]] | None = None,
) -> Book:
    """The book of `period` from a connection with an edition's inputs; `back`: the periods before, latest first.

    `files` names the files of each day and source, for rules that name one.
    """
    span = {"first_date": period.first_date, "last_date": period.last_date}
    days: dict[Place, dict[date, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in measure(con, "flow", **span):
        for place in _both(row["direction"], row["connector"]):
            days[place][row["data_date"]][row["tls_version"]] += row["messages"]
    cipher_days: dict[Place, dict[date, Counter[tuple[str, str]]]] = defaultdict(lambda: defaultdict(Counter))
    for row in measure(con, "cipher_days", **span):
        for place in _both(row["direction"], row["connector"]):
            cipher_days[place][row["data_date"]][row["tls_version"], row["tls_cipher"]] += row["messages"]
    bands = {
        (row["data_date"], (row["direction"], row["connector"])): Band(**row) for row in measure(con, "bands", **span)
    }
    partners, below = partner_lines(con, period)
    return Book(
        periods=_sums(con, [period, *back]),
        forced=_forced(con, [period, *back]),
        days=days,
        cipher_days=cipher_days,
        data_days=frozenset(row["data_date"] for row in measure(con, "days_with_data", **span)),
        missing_days=[(row["data_date"], row["source"]) for row in measure(con, "earlier_missing")],
        bands=bands,
        life={
            (row["direction"], row["connector"]): (row["first_date"], row["last_date"])
            for row in measure(con, "earlier_life")
        },
        told=_told(con),
        partners=partners,
        partners_below=below,
        completeness=completeness,
        connectors=connectors,
        mix=_mix(con, period),
        earlier_data_days=frozenset(
            row["data_date"]
            for row in measure(
                con, "days_with_data", first_date=period.first_date - timedelta(days=MIX_DAYS),
                last_date=period.first_date - timedelta(days=1),
            )
        ),
        untold=[
            UntoldDay(row["data_date"], row["source"], (row["direction"], row["connector"]), row["messages"],
                      row["unknown"])
            for row in measure(con, "unknown_days", **span)
        ],
        files=files or {},
    )  # fmt: skip


def _mix(con: duckdb.DuckDBPyConnection, period: Period) -> dict[Place, Mix]:
    """The mix of every connector and direction, and of each direction as a whole."""
    counts: dict[Place, dict[str, list[tuple[int, int]]]] = defaultdict(dict)
    begin = period.first_date - timedelta(days=MIX_DAYS)
    for row in measure(con, "day_mix", first_date=begin, last_date=period.last_date):
        pairs = list(zip(row["days"], row["counts"], strict=True))
        counts[row["direction"], row["connector"]][row["tls_version"]] = pairs
    span = {"first_date": period.first_date, "last_date": period.last_date}
    largest = {
        (row["direction"], row["connector"]): Fraction(row["squares"], row["messages"])
        for row in measure(con, "partner_draws", **span)
        if row["messages"]
    }
    return {place: Mix(versions, largest.get(place, Fraction(1))) for place, versions in counts.items()}


def _both(direction: Direction, connector: str) -> tuple[Place, Place]:
    """The places that a connector's messages are counted at: its own, and its direction's."""
    return (direction, connector), (direction, None)


def _sums(con: duckdb.DuckDBPyConnection, spans: Sequence[Period]) -> tuple[Sums, ...]:
    by_period: dict[date, tuple[dict[Place, Counter[str]], dict[Place, Counter[tuple[str, str]]]]] = {
        span.first_date: (defaultdict(Counter), defaultdict(Counter)) for span in spans
    }
    own = spans[0]
    now = measure(con, "ciphers", first_date=own.first_date, last_date=own.last_date)
    for row in [*(row | {"first_date": own.first_date} for row in now), *measure(con, "earlier_periods")]:
        if row["first_date"] not in by_period:
            continue
        versions, ciphers = by_period[row["first_date"]]
        for place in _both(row["direction"], row["connector"]):
            versions[place][row["tls_version"]] += row["messages"]
            ciphers[place][row["tls_version"], row["tls_cipher"]] += row["messages"]
    return tuple(Sums(span, *by_period[span.first_date]) for span in spans)


def _forced(con: duckdb.DuckDBPyConnection, spans: Sequence[Period]) -> list[dict[Place, Counter[str]]]:
    found: dict[date, dict[Place, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    bounds = {"firsts": [span.first_date for span in spans], "lasts": [span.last_date for span in spans]}
    for row in measure(con, "forced_periods", **bounds):
        for place in _both(row["direction"], row["connector"]):
            found[row["first_date"]][place][row["tls_version"]] += row["messages"]
    return [found[span.first_date] for span in spans]


def _told(con: duckdb.DuckDBPyConnection) -> dict[Place, list[Told]]:
    found: dict[Place, list[Told]] = defaultdict(list)
    for row in measure(con, "earlier_told"):
        found[row["direction"], row["connector"]].append(
            Told(row["first_date"], row["last_date"], row["connector_type"], row["forced_tls"])
        )
    return found


def partner_lines(
    con: duckdb.DuckDBPyConnection, period: Period
) -> tuple[dict[Place, tuple[PartnerLine, ...]], dict[Place, int]]:
    """Partners below TLS 1.2 per place, most such messages first, and how many there are in all."""
    life: dict[tuple[Place, str], tuple[date, date]] = {}
    for row in measure(con, "earlier_partners"):
        for place in {(row["direction"], row["connector"]), (row["direction"], None)}:
            first, last = life.get((place, row["partner_domain"]), (date.max, date.min))
            life[place, row["partner_domain"]] = (min(first, row["first_date"]), max(last, row["last_date"]))
    span = {"first_date": period.first_date, "last_date": period.last_date}
    for row in measure(con, "partner_days", **span):
        key = ((row["direction"], row["connector"]), row["partner_domain"])
        first, last = life.get(key, (date.max, date.min))
        life[key] = (min(first, row["first_date"]), max(last, row["last_date"]))
    lines: dict[Place, dict[str, dict[str, int]]] = defaultdict(dict)
    counts: dict[Place, int] = {}
    for row in measure(con, "partners_below", most=PARTNERS_LISTED, **span):
        place = (row["direction"], row["connector"])
        if place[1] is None or row["place"] <= PARTNERS_LISTED // 10:
            lines[place].setdefault(row["partner_domain"], {})[row["tls_version"]] = row["messages"]
        counts[place] = row["partners"]
    made = {place: tuple(_lines(place, partners, life)) for place, partners in lines.items()}
    return made, counts


def _lines(
    place: Place, partners: Mapping[str, dict[str, int]], life: Mapping[tuple[Place, str], tuple[date, date]]
) -> Iterator[PartnerLine]:
    for domain, versions in partners.items():
        first, last = life.get((place, domain), (None, None))
        yield PartnerLine(
            direction=place[0],
            partner_domain=domain,
            connector=place[1],
            versions=versions,
            messages=sum(versions.values()),
            organisational_domain=organisational(domain),
            first_seen_date=first,
            last_seen_date=last,
        )


def below_modern(versions: Versions) -> int:
    """Messages below TLS 1.2: without TLS, or with deprecated TLS."""
    return sum(versions.get(version, 0) for version in BELOW_MODERN)


def is_named(place: Place) -> bool:
    """Whether it is a connector by name, not mail without one nor a whole direction."""
    return place[1] not in (None, NO_CONNECTOR)


def weeks_between(first: date, last: date) -> int:
    """Whole weeks from `first` to `last`."""
    return (last - first) // timedelta(days=7)
