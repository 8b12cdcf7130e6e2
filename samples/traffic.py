"""The mail of the invented organisation: what its servers would have logged, hop by hop and recipient by recipient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from organisation import (
    CHAMPIONS,
    CIPHERS,
    CONNECTORS,
    FIRST_DAY,
    FIRST_NAMES,
    HOUR,
    LAST_DAY,
    NEWSLETTER,
    OWN,
    PARTNERS,
    PLAIN_LAST_NAMES,
    SUBJECTS,
    Connector,
    Dice,
    midnight,
    spoken,
    week,
)

CUT_DAY = date(2026, 11, 19)
"""The day of the newsletter campaign, whose export ends at exactly the vendor's row limit."""

WEEKDAY_HOURS = (1, 1, 1, 1, 2, 4, 9, 14, 15, 13, 11, 10, 12, 12, 10, 7, 4, 3, 2, 2, 2, 2, 2, 1)
WEEKEND_HOURS = (2, 2, 2, 2, 2, 3, 3, 4, 5, 5, 5, 4, 4, 4, 4, 4, 5, 5, 5, 4, 4, 3, 3, 2)
WEIGHTED_PARTNERS = tuple((partner, partner.weight) for partner in PARTNERS)
CHARACTERS = {partner.domain: partner.speaks for partner in PARTNERS}
RHYTHM = (108, 110, 105, 100, 85, 100, 100)
"""Mail of Monday to Sunday, in percent of the connector's own number for weekdays or weekends."""


@dataclass(frozen=True, slots=True)
class Row:
    """One hop of one message to one recipient. `instant` is milliseconds in UTC; `tls` a version as reports name it, a
    word that no reader knows, or empty where the system told nothing. `damage` says how an export spoils the row."""

    instant: int
    connector: Connector
    tls: str
    cipher: str
    sender: str
    recipient: str
    message_id: str
    network_message_id: str
    status: str
    size: int | None
    subject: str
    damage: str = ""

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Rows lie in an export in this order."""
        return self.instant, self.network_message_id, self.recipient, self.status


def all_rows() -> list[Row]:
    """Everything that happened from the first to the last day, in the order of exports."""
    rows: list[Row] = []
    day = FIRST_DAY
    while day <= LAST_DAY:
        for number, connector in enumerate(CONNECTORS):
            rows += _day_of(connector, day, Dice(day.toordinal() * 100 + number))
        day += timedelta(days=1)
    rows += _campaign(Dice(1))
    return sorted(rows, key=lambda row: row.order)


def _day_of(connector: Connector, day: date, dice: Dice) -> Iterator[Row]:
    """A day of one connector: what was transferred, then (on top, so that shares stay exact) what was not."""
    negotiated = _negotiated(connector, day, dice)
    for tls in negotiated:
        yield from _message(connector, day, tls, dice)
    for _ in range(len(negotiated) * 2 // 100 + (1 if negotiated and dice.percent(40) else 0)):
        yield from _not_transferred(connector, day, dice)


def _negotiated(connector: Connector, day: date, dice: Dice) -> list[str | None]:
    """One entry per message of the day: the version by quota, or nothing where the partner's servers decide."""
    count = connector.weekend if day.weekday() >= 5 else connector.weekday
    if not connector.quotas:
        return [None] * (count * RHYTHM[day.weekday()] // 100 + dice.below(12))
    quota = connector.quotas[week(day)]
    if not quota:
        return []
    total = sum(quota.values())
    rounds = (count * RHYTHM[day.weekday()] // 100 + total // 2) // total if count > 40 else count // total
    return dice.shuffled([tls for tls, part in quota.items() for _ in range(part * rounds)])


def _message(connector: Connector, day: date, tls: str | None, dice: Dice) -> Iterator[Row]:
    """The rows of one message that was transferred. Inbound its recipients share a session; outbound each partner's
    server is asked anew."""
    identity = _identity(dice)
    partner, speaks = _partner(connector, tls, dice)
    inbound = connector.direction == "inbound"
    sender = _person(partner, dice) if inbound else _person(OWN, dice)
    if inbound and not connector.name and dice.percent(2):
        sender = "<>"
    elif dice.percent(3):
        sender = sender.replace("@" + partner, "@" + partner.title())
    instant = _instant(connector, day, dice)
    subject = _subject(dice)
    size = 2_000 + dice.below(60) * dice.below(60) * 100 + dice.below(1000)
    session = _session(tls, speaks, partner, day, dice)
    for number, (recipient, its_speaks) in enumerate(_recipients(connector, partner, dice)):
        if number and not inbound and not connector.quotas:
            session = _session(tls, its_speaks, recipient.rpartition("@")[2], day, dice)
            instant += dice.below(4_000)
        yield Row(
            instant, connector, *session, sender, recipient, f"<{identity[:13]}@mx.{partner if inbound else OWN}>",
            identity, "" if dice.percent(1) else "Delivered", size + (31 * number if dice.percent(10) else 0), subject,
        )  # fmt: skip


def _not_transferred(connector: Connector, day: date, dice: Dice) -> Iterator[Row]:
    """A message that was refused, or the row of a distribution list that was expanded into its members."""
    for row in _message(connector, day, "TLS 1.2", dice):
        if connector.direction == "inbound" and dice.percent(40):
            group = f"team-{dice.below(12):02d}@{OWN}"
            yield replace(row, recipient=group, status="Expanded")
        else:
            yield replace(row, status="Failed")
        return


def _campaign(dice: Dice) -> Iterator[Row]:
    """A newsletter to more readers than one export can tell of: 54 messages of 1,000 recipients each."""
    start = midnight(CUT_DAY) + 11 * HOUR
    for batch in range(54):
        identity = _identity(dice)
        domain = CHAMPIONS[batch * len(CHAMPIONS) // 54]
        tls = "TLS 1.2" if domain in ("folk.example", "netpost.example") else "TLS 1.3"
        for number in range(1000):
            reader = batch * 1000 + number
            local = f"{FIRST_NAMES[reader % 32]}.{PLAIN_LAST_NAMES[reader // 32 % 25]}{reader // 800}"
            yield Row(
                start + batch * 170_000 + number // 100 * 9_000, NEWSLETTER, tls, CIPHERS[tls][0],
                "news@news.contoso.example", f"{local}@{domain}", f"<{identity[:13]}@mx.{OWN}>", identity,
                "Failed" if dice.percent(2) else "Delivered", 48_211, "Contoso news, November",
            )  # fmt: skip


def _identity(dice: Dice) -> str:
    """A network message id: a UUID in form; twelve of its digits tell messages apart."""
    return f"{dice.hexadecimal(8)}-{dice.hexadecimal(4)}-4d0e-9b1c-08de2f4d4a2e"


def _instant(connector: Connector, day: date, dice: Dice) -> int:
    """A moment of the UTC day `day`, within the connector's hours."""
    hours = WEEKEND_HOURS if day.weekday() >= 5 else WEEKDAY_HOURS
    first, end = connector.hours
    hour = dice.weighted(list(enumerate(hours))[first:end])
    return midnight(day) + hour * HOUR + dice.below(3_590_000)


def _partner(connector: Connector, tls: str | None, dice: Dice) -> tuple[str, str]:
    """A partner's domain and its servers' character."""
    if connector.plain_domain and tls == "No TLS":
        return connector.plain_domain, ""
    if connector.domains:
        return dice.pick(connector.domains), ""
    partner = dice.weighted(WEIGHTED_PARTNERS)
    return partner.domain, partner.speaks


def _session(tls: str | None, speaks: str, server: str, day: date, dice: Dice) -> tuple[str, str]:
    """What a session negotiated with a partner's server: version and cipher; now and then the log leaves one out."""
    version = tls
    if version is None:
        version = "" if dice.percent(1) else dice.weighted(spoken(speaks, week(day)))
    known = CIPHERS.get(version, ("",))
    return version, "" if dice.percent(2) else known[sum(server.encode()) % len(known)]


def _recipients(connector: Connector, partner: str, dice: Dice) -> list[tuple[str, str]]:
    """Who gets the message, each once, with the character of the recipient's servers."""
    count = dice.weighted([(1, 76), (2, 14), (3, 6), (5, 4)])
    found: dict[str, str] = {}
    for number in range(count):
        if connector.direction == "inbound":
            found[_person(OWN, dice)] = ""
        elif number and not connector.domains and dice.percent(50):
            other = dice.weighted(WEIGHTED_PARTNERS)
            found[_person(other.domain, dice)] = other.speaks
        else:
            found[_person(partner, dice)] = CHARACTERS.get(partner, "")
    return list(found.items())


def _person(domain: str, dice: Dice) -> str:
    """An address in `domain`; each domain has a few dozen people, machines where no people are."""
    if domain in ("print.contoso.example", "doors.contoso.example", "fax.contoso.example"):
        return f"unit-{dice.below(18):02d}@{domain}"
    shift = sum(domain.encode())
    return f"{FIRST_NAMES[(dice.below(8) + shift) % 32]}.{PLAIN_LAST_NAMES[(dice.below(6) + shift) % 25]}@{domain}"


def _subject(dice: Dice) -> str:
    subject = dice.pick(SUBJECTS).format(n=1000 + dice.below(900))
    return subject + "\nsecond line" if dice.below(400) == 0 else subject
