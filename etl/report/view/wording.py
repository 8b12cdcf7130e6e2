"""Names of things as the reader sees them: connectors, directions, types, periods, versions that matter here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from etl.common import periods
from etl.common.words import TLS_VERSIONS
from etl.model.report import (
    NO_CONNECTOR,
    MissingDays,
    Percent,
    PeriodInfo,
    PeriodName,
    ReportModel,
    Sentence,
)
from etl.report.draw import glyphs
from etl.report.language import DASH, Language

LONG_NAME = 42
FEW = 30
"""A share of fewer messages is told as counts: its percentage would look more certain than it is."""
IN_TABLES = 80
"""So many letters of a connector's name stand in tables and insights; its own section has the whole name."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LONGER = re.compile(r"longer than (\d*).*")
_ALWAYS = frozenset({"No TLS", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "Unknown"})


def direction(lang: Language, value: str | None) -> str:
    """`in` or `out`, as the organisation sees it."""
    return {"inbound": lang._("in"), "outbound": lang._("out")}.get(value or "", value or DASH)


def connector(lang: Language, name: str | None, way: str | None) -> str:
    """A connector's name; mail without one is told by where it came from or went."""
    if name != NO_CONNECTOR:
        return clean(name or DASH)
    if way == "inbound":
        return lang._("No connector, from the internet")
    return lang._("No connector, to the internet") if way == "outbound" else lang._("No connector")


def clean(name: str) -> str:
    """A name without characters that do not show or that turn the text around them.

    One in a script that runs from right to left is set apart from the numbers beside it, which it would carry along.
    """
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name).strip()
    return f"\u2068{shown}\u2069" if _RIGHT_TO_LEFT.search(shown) else shown or DASH


def short(name: str, length: int = LONG_NAME) -> str:
    """A name cut to `length` with an ellipsis, for places that can't wrap; the whole stands in the tables."""
    return name if len(name) <= length else _closed(f"{name[: length - 1].rstrip()}…")


def _closed(name: str) -> str:
    """A name whose end was cut off, with the end of its being set apart put back."""
    return f"{name}\u2069" if name.count("\u2068") > name.count("\u2069") else name


def fitting(name: str, length: int) -> str:
    """A name cut to the room that `length` letters take in print, with an ellipsis."""
    kept = name[: 2 * length]
    while glyphs.width(kept) > length:
        kept = kept[:-1]
    return name if kept == name else _closed(f"{kept[:-1].rstrip()}…")


def directed(lang: Language, name: str | None, way: str | None, length: int | None = None) -> str:
    """`Litware scanners, in`; mail without a connector says its direction already. A name is cut to `length`."""
    whole = connector(lang, name, way)
    shown = short(whole, length) if length else whole
    return shown if name == NO_CONNECTOR or way is None else f"{shown}, {direction(lang, way)}"


def connector_type(lang: Language, value: str | None) -> str:
    """The connector's type as the exports call it, in words where it is one of the known."""
    known = {"onpremises": lang._("On-premises"), "partner": lang._("Partner")}
    return DASH if not value else known.get(value.replace("-", "").replace(" ", "").lower(), clean(value))


def forced(lang: Language, value: bool | None) -> str:
    """Whether the connector forces TLS, as exports or settings told."""
    return DASH if value is None else lang._("yes") if value else lang._("no")


def period_name(lang: Language, period: PeriodInfo) -> str:
    """`Week 47, 2026`; `November 2026`; `16 November 2026 – 22 November 2026`."""
    if period.kind == "week":
        year, week, _ = period.first_date.isocalendar()
        return lang._("Week {week}, {year}", week=week, year=year)
    if period.kind == "month":
        text = lang.day(period.first_date, "LLLL y")
        return text[:1].upper() + text[1:]
    return f"{lang.day(period.first_date)} – {lang.day(period.last_date)}"


def short_period(lang: Language, period: PeriodInfo) -> str:
    """`W47`; else as `period_name` has it."""
    if period.kind == "week":
        return lang._("W{week}", week=period.first_date.isocalendar().week)
    return period_name(lang, period)


def made_on(model: ReportModel) -> date:
    """The day on which the edition was made, in the report's time zone."""
    return periods.local(model.edition.made_at, model.period.time_zone).date()


def since_day(lang: Language, day: date | None, begin: date | None, pattern: str = "d MMM yy") -> str:
    """A first day; on the first day that anything is known of, it may have been so before."""
    told = lang.day(day, pattern)
    return lang._("{day} or before", day=told) if day and begin and day <= begin else told


def since_period(lang: Language, ident: str, model: ReportModel) -> str:
    """The period since which something is so; where the records begin in it, it may have been so before."""
    told = period_id(lang, ident, model.period)
    if model.begin_date and periods.parse_period(ident).first_date <= model.begin_date:
        return lang._("{day} or before", day=told)
    return told


def missing_day(lang: Language, told: str) -> str:
    """An export that never came, told as `2026-11-18 (m365)`: `18 Nov (m365)`."""
    return f"{lang.day(periods.parse_day(told[:10]), 'd MMM')} {clean(told[10:])}"


def the_period(lang: Language, period: PeriodInfo) -> str:
    """The same inside a sentence: `week 47`."""
    if period.kind == "week":
        return lang._("week {week}", week=period.first_date.isocalendar().week)
    return lang.day(period.first_date, "LLLL y") if period.kind == "month" else period_name(lang, period)


def outcome_text(reason: str) -> str:
    """Why a record was rejected or skipped, as the catalogues name it: a rule's name without its hyphens, a reason
    without its number."""
    return _LONGER.sub("longer than {n} MiB", reason) if " " in reason else reason.replace("-", " ")


def outcome(lang: Language, reason: str) -> str:
    """The same in the reader's language; the data and the command line keep the readers' own words."""
    number = _LONGER.match(reason)
    return lang._(outcome_text(reason), **({"n": number[1]} if number else {}))


def field(lang: Language, name: str) -> str:
    """The column that holds a word which no reader knows, or what else a reader lists."""
    names = {
        "tls_version": lang._("TLS version"), "tls_cipher": lang._("TLS cipher"),
        "result_type": lang._("What failed"), "mail": lang._("A mail whose report can't be read"),
        "frontend_mail": lang._("Sessions whose mail only a frontend's log tells"),
        "handed_on": lang._("Sessions whose mail only a hub's log tells"),
    }  # fmt: skip
    return names.get(name, name)


def period_id(lang: Language, ident: str, beside: PeriodInfo | None = None) -> str:
    """A period told by its id, inside a sentence: `week 46, 2026`, or `week 46` in a report on a week of that year."""
    period = periods.parse_period(ident)
    if period.kind == "week":
        year, week, _ = period.first_date.isocalendar()
        if beside and beside.kind == "week" and beside.first_date.isocalendar().year == year:
            return lang._("week {week}", week=week)
        return lang._("week {week}, {year}", week=week, year=year)
    if period.kind == "month":
        return lang.day(period.first_date, "LLLL y")
    return f"{lang.day(period.first_date)} – {lang.day(period.last_date)}"


def sentence(lang: Language, told: Sentence, beside: PeriodInfo | None = None) -> str:
    """A rule's sentence with its numbers, days and names as this language writes them; see `period_id` for `beside`."""
    return lang._(told.text, **{name: _value(lang, value, beside) for name, value in told.values.items()})


def _value(lang: Language, value: object, beside: PeriodInfo | None) -> str:
    match value:
        case Sentence():
            return sentence(lang, value, beside)
        case Percent():
            return lang.decimal(value.scaled, value.digits)
        case PeriodName():
            return period_id(lang, value.id, beside)
        case MissingDays():
            return few(lang, [missing_day(lang, day) for day in value.days])
        case int():
            return lang.number(value)
        case date():
            return lang.day(value, "EEE d MMMM y")
        case tuple():
            return few(lang, [clean(name) for name in value])
        case _:
            return clean(str(value))


def few(lang: Language, things: list[str], most: int = 7) -> str:
    """Things in a row; of many the first ones, and how many more there are."""
    return lang.listed([*things[:most], *filter(None, [rest(lang, len(things) - most)])])


def rest(lang: Language, more: int) -> str:
    """How many there are beyond those shown; nothing where all are."""
    return lang.ngettext("and {n} more", "and {n} more", more) if more > 0 else ""


def before_word(lang: Language, period: PeriodInfo) -> str:
    """What the period before is called in small print."""
    words = {"week": lang._("last week"), "month": lang._("last month")}
    return words.get(period.kind, lang._("before"))


def file_period(period: PeriodInfo) -> str:
    """The period as part of a file's name."""
    return period.id.replace("..", "_")


def versions_shown(model: ReportModel) -> tuple[str, ...]:
    """The TLS versions that get a column: Microsoft's and TLS 1.1, 1.3, Unknown always, the rest where they occur."""
    seen: set[str] = set()
    rows = [part.versions for part in model.flow]
    rows += [part.versions for part in model.connectors]
    rows += [part.versions for part in model.trend]
    for versions in rows:
        seen.update(name for name, n in versions.items() if n)
    return tuple(v for v in TLS_VERSIONS if v in _ALWAYS or v in seen)


def versions_in(shown: Iterable[str], rows: Iterable[Mapping[str, int]]) -> tuple[str, ...]:
    """Of `shown` the versions that occur in `rows`."""
    seen = {version for versions in rows for version, n in versions.items() if n}
    return tuple(version for version in shown if version in seen)


def bar_versions(versions: Iterable[str]) -> tuple[str, ...]:
    """The versions that stand in a bar: all but `Unknown`, which stands beside it."""
    return tuple(v for v in versions if v != "Unknown")


def version_name(lang: Language, version: str) -> str:
    """A TLS version in the reader's language."""
    names = {"No TLS": lang._("No TLS"), "TLS unknown": lang._("Version unknown"), "Unknown": lang._("Unknown")}
    return names.get(version, version)


def total(versions: Mapping[str, int], names: Iterable[str]) -> int:
    """The sum over some versions."""
    return sum(versions.get(name, 0) for name in names)


def spelled(lang: Language, count: int) -> str:
    """A count as a word up to twelve, else in figures."""
    words = (
        lang._("no"), lang._("one"), lang._("two"), lang._("three"), lang._("four"), lang._("five"), lang._("six"),
        lang._("seven"), lang._("eight"), lang._("nine"), lang._("ten"), lang._("eleven"), lang._("twelve"),
    )  # fmt: skip
    return words[count] if count < len(words) else lang.number(count)


def capital(text: str) -> str:
    """The same sentence with a capital at its start."""
    return text[:1].upper() + text[1:]
