"""A letter to a partner: the evidence of mail without TLS or with deprecated TLS, to be signed and sent by a person.

It holds counts, days and domains, nobody's address; both forms say the same.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from etl.common import database, domains
from etl.common.errors import NotFound, UsageInvalid
from etl.common.periods import Period
from etl.common.words import DEPRECATED, TLS_VERSIONS
from etl.formats.domains import a_label
from etl.measures import measure, prepare
from etl.model.report import ReportModel
from etl.report import templates
from etl.report.language import Language, load
from etl.report.view import wording
from etl.settings import Settings

WIDTH = 72
BELOW = ("No TLS", *DEPRECATED)


@dataclass(frozen=True)
class Letter:
    """One letter in its two forms."""

    subject: str
    text: str
    html: str


@dataclass
class Way:
    """A partner's mail in one direction: messages of the period by TLS version, and since when below TLS 1.2."""

    direction: str
    versions: dict[str, int] = field(default_factory=dict)
    first_seen_date: date | None = None
    last_seen_date: date | None = None

    @property
    def messages(self) -> int:
        """All messages of the period."""
        return sum(self.versions.values())

    @property
    def below(self) -> int:
        """Those without TLS or with deprecated TLS."""
        return sum(self.versions.get(version, 0) for version in BELOW)


@dataclass(frozen=True)
class Evidence:
    """What the warehouse has of one partner domain (and, if asked, of the domains below it)."""

    partner: str
    with_subdomains: bool
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class _Row:
    direction: str
    version: str
    messages: str
    share: str


def evidence(settings: Settings, period: Period, partner: str, *, organisational: bool = False) -> Evidence:
    """What `partner` (a domain, in either spelling) had in the period; `organisational`: its whole organisation.

    Raises `NotFound` where the period has no mail of that partner without TLS or with deprecated TLS.
    """
    wanted = a_label(partner.strip().rstrip("."))
    if wanted in ("", "<>", "unknown") or "@" in wanted:
        raise UsageInvalid(f"'{wording.clean(partner)}' is no partner domain", "a domain such as fabrikam.example")
    if organisational:
        wanted = domains.organisational(wanted)
    asked = {"first_date": period.first_date, "last_date": period.last_date, "domain": wanted, "below": organisational}
    with database.connect(settings.storage.warehouse_path, resources=settings.resources) as con:
        prepare(con)
        ways = _ways(measure(con, "partner_letter", **asked))
    if not ways:
        raise NotFound(
            f"{period} has no mail of {wording.clean(partner)} without TLS or with deprecated TLS",
            "a partner domain that the report lists under partners",
        )
    return Evidence(wanted, organisational, ways)


def _ways(rows: Iterable[Mapping[str, Any]]) -> tuple[Way, ...]:
    """The directions in which there was mail below TLS 1.2."""
    found: dict[str, Way] = {}
    seen: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        way = found.setdefault(row["direction"], Way(row["direction"]))
        if row["messages"]:
            way.versions[row["tls_version"]] = row["messages"]
        if row["tls_version"] in BELOW:
            seen[way.direction] += [row["first_date"], row["last_date"]]
    for name, days in seen.items():
        found[name].first_seen_date, found[name].last_seen_date = min(days), max(days)
    return tuple(way for way in found.values() if way.below)


def write(model: ReportModel, told: Evidence) -> Letter:
    """The letter about what is `told` of a partner in the model's period, in the model's language."""
    lang = load(model.language)
    partner = wording.clean(domains.readable(told.partner))
    subject = lang._("Mail between {organisation} and {partner} without up-to-date TLS",
                     organisation=wording.clean(model.organisation), partner=partner)  # fmt: skip
    opening, asked, closing = _opening(lang, model, told, partner), _asked(lang), _closing(lang, model, told)
    rows = [row for way in told.ways for row in _rows(lang, way)]
    since = [_since(lang, way) for way in told.ways]
    html = templates.render(
        "letter.html", lang, lang_code=lang.code, subject=subject, opening=opening, rows=rows, since=since,
        asked=asked, closing=closing, organisation=wording.clean(model.organisation),
    )  # fmt: skip
    return Letter(subject, _text(lang, model, subject, opening, rows, since, asked, closing), html)


def _opening(lang: Language, model: ReportModel, told: Evidence, partner: str) -> list[str]:
    days = lang.days(model.period.first_date, model.period.last_date)
    said = [
        lang._("To the postmaster of {partner}", partner=partner),
        lang._(
            "Part of the mail between us crosses the internet without TLS, or with a version of it that must no longer "
            "be used (RFC 8996). This is what our mail servers saw from {days} ({zone}):",
            days=days, zone=model.period.time_zone,
        ),
    ]  # fmt: skip
    if told.with_subdomains:
        said.insert(1, lang._("It holds the domains below {partner} as well.", partner=partner))
    return said


def _rows(lang: Language, way: Way) -> list[_Row]:
    name = {
        "inbound": lang._("from you to us"), "outbound": lang._("from us to you"),
    }[way.direction]  # fmt: skip
    return [
        _Row(name, wording.version_name(lang, version), lang.number(n), lang.ratio(n, way.messages))
        for version in TLS_VERSIONS
        if (n := way.versions.get(version, 0))
    ]


def _since(lang: Language, way: Way) -> str:
    name = {"inbound": lang._("From you to us"), "outbound": lang._("From us to you")}[way.direction]
    text = lang._("{way}: {n} of {total} messages below TLS 1.2", way=name, n=lang.number(way.below),
                  total=lang.number(way.messages))  # fmt: skip
    if way.first_seen_date and way.last_seen_date:
        text += lang._(", first seen on {first}, last on {last}", first=lang.day(way.first_seen_date),
                       last=lang.day(way.last_seen_date))  # fmt: skip
    return f"{text}."


def _asked(lang: Language) -> list[str]:
    return [
        lang._(
            "Please let your servers offer and use TLS 1.2 or newer, best TLS 1.3, for mail in both directions, as RFC "
            "9325 recommends, and tell us when that is done. Where it can’t be done soon, please tell us why."
        ),
        lang._("We may later refuse mail below TLS 1.2 between us; these messages would then fail."),
    ]


def _closing(lang: Language, model: ReportModel, told: Evidence) -> str:
    said = [
        lang._("The numbers are from our report {period}; they count messages and name no person.",
               period=model.period.id)
    ]  # fmt: skip
    if any(way.direction == "inbound" for way in told.ways):
        said.append(
            lang._("For mail to us the domain is the one that the sender’s address claims. It can be forged: some of "
                   "these messages may not have come from you.")
        )  # fmt: skip
    if not model.completeness.complete:
        said.append(lang._("Our records of these days are not complete; there may have been more."))
    return " ".join(said)


def _text(
    lang: Language, model: ReportModel, subject: str, opening: list[str], rows: list[_Row], since: list[str],
    asked: list[str], closing: str,
) -> str:  # fmt: skip
    wide = max(len(row.direction) for row in rows) + 2
    table = [f"  {r.direction:<{wide}}{r.version:<14}{r.messages:>12}{r.share:>10}" for r in rows]
    paragraphs = [subject, *opening, *since]
    lines = [_wrap(text) for text in paragraphs] + ["\n".join(table)] + [_wrap(text) for text in [*asked, closing]]
    lines.append(wording.clean(model.organisation) + "\n" + lang._("(name, role, how to reach you)"))
    return "\n\n".join(lines).replace("\u202f", "\u00a0") + "\n"


def _wrap(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
