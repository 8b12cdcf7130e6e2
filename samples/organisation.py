"""The invented organisation: its people, its connectors, its partners, and what their servers speak.

Every domain ends in `.example` (RFC 2606). Nothing here is read from outside, so the samples are the same everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeVar

Item = TypeVar("Item")

OWN = "contoso.example"
FIRST_DAY = date(2026, 10, 19)
LAST_DAY = date(2026, 11, 22)
WEEKS = ("2026-W43", "2026-W44", "2026-W45", "2026-W46", "2026-W47")
ROW_LIMIT = 50_000
DAY = 86_400_000
HOUR = 3_600_000

# Europe/Stockholm in these weeks, written out so that the truth doesn't hang on a zone database: UTC+2 until daylight
# saving time ended on 25 October 2026 at 01:00 UTC, UTC+1 from then on.
DST_ENDS = (date(2026, 10, 25) - date(1970, 1, 1)).days * DAY + HOUR


def midnight(day: date) -> int:
    """The first millisecond of `day` in UTC."""
    return (day - date(1970, 1, 1)).days * DAY


def utc_day(instant: int) -> date:
    """The calendar day in UTC of an instant in milliseconds."""
    return _day(instant // DAY)


@lru_cache
def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def data_date(instant: int) -> date:
    """The calendar day in Europe/Stockholm of an instant in milliseconds."""
    return utc_day(instant + (2 if instant < DST_ENDS else 1) * HOUR)


def week(day: date) -> int:
    """0 for 2026-W43 to 4 for 2026-W47; days outside count to the nearest."""
    return min(max((day - FIRST_DAY).days // 7, 0), 4)


def week_days(name: str) -> list[date]:
    """The seven days, Monday to Sunday, of a week such as `2026-W46`."""
    monday = FIRST_DAY + timedelta(days=7 * WEEKS.index(name))
    return [monday + timedelta(days=n) for n in range(7)]


class Dice:
    """Chance with a seed, made of `random.Random.random` and integers alone: the one method whose sequence Python
    promises to keep. No logarithms or sines, whose last bit differs between machines."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  samples must be the same each time; no secret depends on it

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return int(self._random.random() * limit)

    def percent(self, chance: int) -> bool:
        """True in `chance` of a hundred cases."""
        return self.below(100) < chance

    def pick(self, items: Sequence[Item]) -> Item:
        """One of `items`."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[Item, int]]) -> Item:
        """One of `items`, each with its weight."""
        rest = self.below(sum(weight for _, weight in items))
        for item, weight in items:
            rest -= weight
            if rest < 0:
                return item
        return items[-1][0]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """`items` in another order (Fisher and Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result

    def hexadecimal(self, digits: int) -> str:
        """That many hexadecimal digits."""
        return f"{self.below(16**digits):0{digits}x}"


@dataclass(frozen=True)
class Partner:
    """A partner domain, how much mail it has, and what its servers speak."""

    domain: str
    weight: int
    speaks: str


PARTNERS = (
    Partner("woodgrove.example", 60, "modern"),
    Partner("proseware.example", 55, "modern"),
    Partner("wingtip.example", 50, "moving"),
    Partner("tailspin.example", 46, "moving"),
    Partner("lucerne.example", 42, "modern"),
    Partner("relecloud.example", 40, "modern"),
    Partner("blueyonder.example", 38, "moving"),
    Partner("wideworld.example", 36, "steady"),
    Partner("consolidated.example", 32, "moving"),
    Partner("southridge.example", 30, "steady"),
    Partner("treyresearch.example", 28, "modern"),
    Partner("margies-travel.example", 26, "moving"),
    Partner("fourthcoffee.example", 24, "steady"),
    Partner("humongous.example", 18, "steady"),
    Partner("cityandpower.example", 18, "mixed"),
    Partner("alpineski.example", 16, "moving"),
    Partner("lamna.example", 14, "steady"),
    Partner("bellows.example", 12, "plain"),
    Partner("bestforyou.example", 10, "legacy"),
    Partner("xn--smrgs-pra0j.example", 9, "moving"),
    Partner("municipality.example", 8, "plain"),
    Partner("courts.example", 8, "modern"),
    Partner("fineart-school.example", 7, "legacy"),
    Partner("exotic-mta.example", 6, "exotic"),
    Partner("museum.example", 3, "museum"),
)

CHAMPIONS = ("post.example", "brev.example", "mailbox.example", "inkorg.example", "netpost.example", "folk.example")
"""Where the readers of the newsletter have their mailboxes."""


def spoken(character: str, weeks: int) -> list[tuple[str, int]]:
    """What servers of a character negotiate in week number `weeks`: words of TLS with their weight."""
    table: dict[str, list[tuple[str, int]]] = {
        "modern": [("TLS 1.3", 74 + 4 * weeks), ("TLS 1.2", 26 - 4 * weeks)],
        "moving": [("TLS 1.3", 10 + 14 * weeks), ("TLS 1.2", 90 - 14 * weeks)],
        "steady": [("TLS 1.2", 97), ("TLS 1.3", 3)],
        "legacy": [("TLS 1.0", 45), ("TLS 1.1", 25), ("TLS 1.2", 30)],
        "plain": [("No TLS", 88), ("TLS 1.2", 12)],
        "mixed": [("No TLS", 14), ("TLS 1.2", 60), ("TLS 1.3", 26)],
        "museum": [("SSL 3.0", 40), ("TLS 1.0", 60)],
        "exotic": [("TLS 1.3", 70), ("TLS9.9" if weeks >= 2 else "TLS 1.3", 30)],
    }
    return table[character]


CIPHERS = {
    "TLS 1.3": ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"),
    "TLS 1.2": (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    ),
    "TLS 1.1": ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",),
    "TLS 1.0": ("TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    "SSL 3.0": ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",),
}


@dataclass(frozen=True)
class Connector:
    """A connector and its mail. `quotas` has, per week, what of every so many messages was negotiated: the shares of
    these connectors are exact. Without quotas the partners' servers decide. `""` is a TLS field left empty."""

    name: str
    direction: str
    kind: str
    forced_tls: bool | None
    weekday: int
    weekend: int
    domains: tuple[str, ...] = ()
    hours: tuple[int, int] = (0, 24)
    quotas: tuple[dict[str, int], ...] = ()
    plain_domain: str | None = None
    """Where the mail without TLS comes from or goes to."""


SCANNERS = Connector(
    "Scanners and devices", "inbound", "OnPremises", False, 40, 0,
    ("print.contoso.example", "doors.contoso.example"), (6, 16),
    (
        {"TLS 1.0": 8, "TLS 1.1": 2, "TLS 1.2": 10}, {"TLS 1.0": 9, "TLS 1.1": 2, "TLS 1.2": 9},
        {"TLS 1.0": 10, "TLS 1.1": 2, "TLS 1.2": 8}, {"TLS 1.0": 13, "TLS 1.1": 1, "TLS 1.2": 6},
        {"TLS 1.0": 14, "TLS 1.1": 1, "TLS 1.2": 5},
    ),
)  # fmt: skip
HYBRID = Connector(
    "Hybrid inbound", "inbound", "OnPremises", True, 120, 20,
    ("apps.contoso.example", "woodgrove.example", "courts.example", "lamna.example"), (0, 24),
    tuple({"TLS 1.3": 6 + 2 * n, "TLS 1.2": 14 - 2 * n} for n in range(5)),
)  # fmt: skip
FABRIKAM = Connector(
    "From Fabrikam Logistics", "inbound", "Partner", False, 75, 25,
    ("fabrikam.example", "freight.fabrikam.example"), (4, 18),
    tuple({"No TLS": plain, "TLS 1.2": 18 - plain, "TLS 1.3": 7} for plain in (3, 4, 5, 8, 9)),
    "depot.fabrikam.example",
)  # fmt: skip
NORTHWIND = Connector(
    "From Northwind Bank", "inbound", "Partner", True, 60, 20, ("northwind.example",), (5, 17),
    tuple({"No TLS": plain, "TLS 1.2": 8 - plain - n, "TLS 1.3": 12 + n} for n, plain in enumerate((0, 0, 0, 1, 1))),
    "branch.northwind.example",
)  # fmt: skip
ADATUM = Connector(
    "To Adatum Suppliers", "outbound", "Partner", False, 24, 8, ("adatum.example", "parts.adatum.example"), (6, 10),
    tuple({"No TLS": plain, "TLS 1.2": 5 - plain, "TLS 1.3": 3} for plain in (0, 0, 1, 1, 2)),
    "parts.adatum.example",
)  # fmt: skip
LITWARE = Connector(
    "To Litware Archive, Malmö", "outbound", "Partner", False, 40, 20, ("litware.example",), (7, 13),
    (
        {"No TLS": 2, "TLS 1.2": 12, "TLS 1.3": 6}, {"No TLS": 2, "TLS 1.2": 11, "TLS 1.3": 7},
        {"No TLS": 3, "TLS 1.2": 10, "TLS 1.3": 7}, {"No TLS": 4, "TLS 1.2": 8, "TLS 1.3": 8},
        {"No TLS": 3, "": 5, "TLS 1.2": 4, "TLS 1.3": 8},
    ),
)  # fmt: skip
NEWSLETTER = Connector(
    "Newsletter relay", "outbound", "OnPremises", False, 30, 0, CHAMPIONS, (6, 15),
    tuple({"TLS 1.3": 6 + n // 2, "TLS 1.2": 4 - n // 2} for n in range(5)),
)  # fmt: skip
FAX = Connector(
    "Fax gateway", "outbound", "OnPremises", True, 20, 0, ("fax.contoso.example",), (6, 16),
    ({"TLS 1.2": 10}, {"TLS 1.2": 10}, {"TLS 1.2": 10}, {}, {}),
)  # fmt: skip
FROM_INTERNET = Connector("", "inbound", "NoConnector", None, 460, 105)
TO_INTERNET = Connector("", "outbound", "NoConnector", None, 280, 40)

CONNECTORS = (
    SCANNERS, HYBRID, FABRIKAM, NORTHWIND, ADATUM, LITWARE, NEWSLETTER, FAX, FROM_INTERNET, TO_INTERNET,
)  # fmt: skip

FIRST_NAMES = (
    "alma", "anton", "astrid", "bo", "cecilia", "dag", "ebba", "elias", "emil", "freja", "gustav", "hanna", "hugo",
    "ida", "ingrid", "ivar", "jonas", "karin", "lars", "linnea", "maja", "nils", "olga", "per", "signe", "stina",
    "sven", "tove", "ulf", "vera", "wilma", "ylva",
)  # fmt: skip
LAST_NAMES = (
    "alm", "berg", "björk", "dahl", "ek", "falk", "gran", "hed", "holm", "ivarsson", "kvist", "lind", "lund", "moberg",
    "nord", "oxe", "palm", "quist", "ros", "sand", "strand", "thorn", "udd", "vik", "wall", "ek-nord", "ås", "öst",
)  # fmt: skip
PLAIN_LAST_NAMES = tuple(name for name in LAST_NAMES if name.isascii())

SUBJECTS = (
    "Order {n}", "Re: Order {n}", "Faktura {n}", "Invoice {n}, confidential", "Leveransbesked {n}", "Minutes, week {n}",
    "Re: Minutes, week {n}", "Lönebesked {n}", "Offert {n}", "Quote {n}", "Åtgärdslista {n}", "Contract {n} (draft)",
    "=HYPERLINK({n})", "Sick leave, case {n}", "Patient {n}: reminder", "<b>Sale {n}</b>", 'He said "{n}", she said',
)  # fmt: skip
