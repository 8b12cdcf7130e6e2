"""A letter to a partner: the evidence of mail without TLS or with deprecated TLS, to be signed and sent by a person.

It holds counts, days and domains, nobody's address; both forms say the same.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from etl.errors import NotFound
from etl.report import templates
from etl.report.language import Language, load
from etl.report.model import DEPRECATED, TLS_VERSIONS, PartnerLine, ReportModel
from etl.report.view import wording

WIDTH = 72


@dataclass(frozen=True)
class Letter:
    """One letter in its two forms."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Row:
    direction: str
    version: str
    messages: str
    share: str


def write(model: ReportModel, partner: str) -> Letter:
    """The letter about `partner` (a domain) and the model's period, in the model's language.

    Raises `NotFound` where the period has no mail of that partner without TLS or with deprecated TLS.
    """
    lang = load(model.language)
    wanted = partner.strip().lower().rstrip(".")
    lines = [line for line in model.partners if line.partner_domain == wanted]
    if not lines:
        raise NotFound(
            f"{model.period.id} has no mail of {wording.clean(partner)} without TLS or with deprecated TLS",
            "a partner domain that the report lists under partners",
        )
    subject = lang._("Mail between {organisation} and {partner} without up-to-date TLS",
                     organisation=wording.clean(model.organisation), partner=wanted)  # fmt: skip
    opening, asked, closing = _opening(lang, model, wanted), _asked(lang), _closing(lang, model)
    rows = [row for line in lines for row in _rows(lang, line)]
    since = [text for line in lines for text in _since(lang, line)]
    html = templates.render(
        "letter.html", lang, lang_code=lang.code, subject=subject, opening=opening, rows=rows, since=since,
        asked=asked, closing=closing, organisation=wording.clean(model.organisation),
    )  # fmt: skip
    return Letter(subject, _text(lang, model, subject, opening, rows, since, asked, closing), html)


def _opening(lang: Language, model: ReportModel, partner: str) -> list[str]:
    days = lang.days(model.period.first_date, model.period.last_date)
    return [
        lang._("To the postmaster of {partner}", partner=partner),
        lang._(
            "Part of the mail between us crosses the internet without TLS, or with a version of it that must no longer "
            "be used (RFC 8996). This is what our mail servers saw from {days} ({zone}):",
            days=days, zone=model.period.time_zone,
        ),
    ]  # fmt: skip


def _rows(lang: Language, line: PartnerLine) -> list[_Row]:
    way = {
        "inbound": lang._("from you to us"), "outbound": lang._("from us to you"),
    }[line.direction]  # fmt: skip
    return [
        _Row(way, wording.version_name(lang, version), lang.number(n), lang.ratio(n, line.messages))
        for version in TLS_VERSIONS
        if (n := line.versions.get(version, 0))
    ]


def _since(lang: Language, line: PartnerLine) -> list[str]:
    below = sum(line.versions.get(v, 0) for v in ("No TLS", *DEPRECATED))
    way = {"inbound": lang._("From you to us"), "outbound": lang._("From us to you")}[line.direction]
    text = lang._("{way}: {n} of {total} messages below TLS 1.2", way=way, n=lang.number(below),
                  total=lang.number(line.messages))  # fmt: skip
    if line.first_seen_date and line.last_seen_date:
        text += lang._(", first seen on {first}, last on {last}", first=lang.day(line.first_seen_date),
                       last=lang.day(line.last_seen_date))  # fmt: skip
    return [f"{text}."]


def _asked(lang: Language) -> list[str]:
    return [
        lang._(
            "Please let your servers offer and use TLS 1.2 or newer, best TLS 1.3, for mail in both directions, as RFC "
            "9325 recommends, and tell us when that is done. Where it can’t be done soon, please tell us why."
        ),
        lang._("We may later refuse mail below TLS 1.2 between us; these messages would then fail."),
    ]


def _closing(lang: Language, model: ReportModel) -> str:
    return lang._(
        "The numbers are from our weekly report {period}; they count messages and name no person. Inbound, the domain "
        "is the one that the sender’s address claims.",
        period=model.period.id,
    )


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
