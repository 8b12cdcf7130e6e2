"""The tables: every cell as text, each row with what a program needs to read it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from etl.common.words import BELOW_MODERN, DEPRECATED, Direction
from etl.model import numbers
from etl.model.report import ConnectorSection, FlowRow, PartnerLine, ReportModel
from etl.report.language import DASH, Language
from etl.report.view import wording
from etl.report.view.findings import InsightView, partner_name
from etl.report.view.verdict import evidence

Anchors = Mapping[tuple[str, str], str]
"""The place of each connector's section, by direction and name."""


@dataclass(frozen=True)
class Cell:
    """A cell: what is shown, and for numbers what it is."""

    text: str
    value: int | None = None
    css: str = ""


@dataclass(frozen=True)
class UsageRow:
    """A connector's TLS usage: counts, and shares that add to 100.0."""

    name: str
    anchor: str
    counts: tuple[Cell, ...]
    shares: tuple[Cell, ...]
    messages: Cell
    before: Cell
    unknown: Cell
    css: str = ""


@dataclass(frozen=True)
class DetailRow:
    """A row of the details table, in Microsoft's columns."""

    day: str
    iso: str
    direction: str
    connector: str
    place: str
    """Connector and direction in one."""
    kind: str
    forced: str
    counts: tuple[Cell, ...]
    volume: Cell
    recipients: str
    size: str


@dataclass(frozen=True)
class PartnerRow:
    """A partner domain with mail without TLS or with deprecated TLS."""

    direction: str
    partner: str
    counts: tuple[Cell, ...]
    messages: Cell
    since: str
    last: str
    since_iso: str
    last_iso: str
    below: str
    """What it had below TLS 1.2, in a row: `No TLS 62 · TLS 1.0 2`."""


@dataclass(frozen=True)
class SectionView:
    """Half a page on one connector."""

    anchor: str
    name: str
    long_name: str
    facts: str
    summary: str
    sources: str
    """Where several sources tell of it, what each says."""
    versions: tuple[tuple[str, str, str], ...]
    """Version, messages, share."""
    partners: tuple[PartnerRow, ...]
    partner_versions: tuple[str, ...]
    """The names of the versions that occur in `partners`: their columns."""
    partners_note: str
    ciphers: tuple[tuple[str, str, str], ...]
    ciphers_note: str
    would_break: str
    insights: tuple[InsightView, ...]
    contact: str
    needs_action: bool


def counts(lang: Language, versions: dict[str, int], shown: Sequence[str]) -> tuple[Cell, ...]:
    """A row's messages per TLS version, 0 as an en dash."""
    return tuple(Cell(lang.count(versions.get(v, 0)), versions.get(v, 0)) for v in shown)


def usage_row(
    lang: Language, name: str, versions: dict[str, int], before: int | None, shown: Sequence[str], *,
    anchor: str = "", css: str = "",
) -> UsageRow:  # fmt: skip
    """TLS usage of some mail: counts of all versions, shares of all but `Unknown`."""
    in_bar = wording.bar_versions(shown)
    tenths = numbers.tenths({v: versions.get(v, 0) for v in in_bar})
    whole = wording.total(versions, in_bar)
    shares = tuple(
        Cell(f">{lang.decimal(999, 1)}" if n < whole and tenths[v] == 1000 else lang.tenth(n, tenths[v]), tenths[v])
        for v, n in ((v, versions.get(v, 0)) for v in in_bar)
    )
    messages = sum(versions.values())
    return UsageRow(
        name=name, anchor=anchor, counts=counts(lang, versions, shown), shares=shares,
        messages=Cell(lang.number(messages), messages),
        before=Cell(lang.number(before), before or 0),
        unknown=Cell(lang.count(versions.get("Unknown", 0)), versions.get("Unknown", 0)), css=css,
    )  # fmt: skip


def _summed(sections: Sequence[ConnectorSection]) -> tuple[dict[str, int], int | None]:
    versions: Counter[str] = Counter()
    before: int | None = None
    for section in sections:
        versions.update(section.versions)
        if section.messages_before is not None:
            before = (before or 0) + section.messages_before
    return dict(versions), before


def total_rows(lang: Language, model: ReportModel, shown: Sequence[str]) -> list[UsageRow]:
    """All mail flow, and each direction: the sums of the connectors below them."""
    groups = (
        (lang._("All mail flow"), model.connectors),
        (lang._("All mail in"), [s for s in model.connectors if s.direction == "inbound"]),
        (lang._("All mail out"), [s for s in model.connectors if s.direction == "outbound"]),
    )
    return [usage_row(lang, name, *_summed(sections), shown, css="sum") for name, sections in groups]


def connector_rows(
    lang: Language, sections: Sequence[ConnectorSection], shown: Sequence[str], anchors: Anchors
) -> list[UsageRow]:
    """One row for each connector and direction."""
    return [
        usage_row(
            lang, wording.directed(lang, s.connector, s.direction, wording.IN_TABLES), s.versions, s.messages_before,
            shown, anchor=anchors.get((s.direction, s.connector), ""), css="act" if s.needs_action else "",
        )
        for s in sections
    ]  # fmt: skip


@dataclass(frozen=True)
class ShortRow:
    """A connector in one line: messages, and the shares that matter, of those of which TLS is known."""

    name: str
    messages: str
    protected: str
    plain: str
    deprecated: str
    unknown: str


def short_rows(lang: Language, sections: Sequence[ConnectorSection]) -> list[ShortRow]:
    """The connectors that get neither a section nor a row in the full tables."""
    made = []
    for part in sections:
        known = part.messages - part.versions.get("Unknown", 0)
        plain, old = part.versions.get("No TLS", 0), wording.total(part.versions, DEPRECATED)
        made.append(
            ShortRow(
                name=wording.short(wording.directed(lang, part.connector, part.direction), 60),
                messages=lang.number(part.messages), protected=lang.ratio(known - plain, known),
                plain=lang.count(plain), deprecated=lang.count(old),
                unknown=lang.count(part.versions.get("Unknown", 0)),
            )
        )  # fmt: skip
    return made


def detail_rows(lang: Language, rows: Sequence[FlowRow], shown: Sequence[str]) -> list[DetailRow]:
    """The details table: date, connector direction and name, type, forced TLS, TLS versions, volume."""
    days = {row.data_date: lang.day(row.data_date, "EEE d MMM") for row in rows}
    return [
        DetailRow(
            day=days[row.data_date], iso=row.data_date.isoformat(), direction=wording.direction(lang, row.direction),
            connector=wording.connector(lang, row.connector, row.direction),
            place=wording.directed(lang, row.connector, row.direction, wording.IN_TABLES),
            kind=wording.connector_type(lang, row.connector_type), forced=wording.forced(lang, row.forced_tls),
            counts=counts(lang, row.versions, shown), volume=Cell(lang.number(row.messages), row.messages),
            recipients=lang.number(row.recipients), size=lang.size(row.bytes),
        )
        for row in rows
    ]  # fmt: skip


def partner_rows(lang: Language, lines: Sequence[PartnerLine], shown: Sequence[str]) -> list[PartnerRow]:
    """Partner domains with their messages by version, since when and when last below TLS 1.2."""
    return [
        PartnerRow(
            direction=wording.direction(lang, line.direction), partner=partner_name(lang, line.partner_domain),
            counts=counts(lang, line.versions, shown), messages=Cell(lang.number(line.messages), line.messages),
            since=lang.day(line.first_seen_date, "d MMM yy"), last=lang.day(line.last_seen_date, "d MMM yy"),
            since_iso=_iso(line.first_seen_date), last_iso=_iso(line.last_seen_date),
            below=" · ".join(
                f"{wording.version_name(lang, v)} {lang.number(line.versions[v])}"
                for v in BELOW_MODERN if line.versions.get(v)
            ),
        )
        for line in lines
    ]  # fmt: skip


def organisation_rows(lang: Language, lines: Sequence[PartnerLine], shown: Sequence[str]) -> list[PartnerRow]:
    """The lines summed by organisation and direction, most mail below TLS 1.2 first; nothing where no two belong
    together."""
    apart: dict[tuple[Direction, str], list[PartnerLine]] = {}
    for line in lines:
        apart.setdefault((line.direction, line.organisational_domain or line.partner_domain), []).append(line)
    if len(apart) == len(lines):
        return []
    sums = [_organisation(way, name, own) for (way, name), own in apart.items()]
    sums.sort(key=lambda line: (-wording.total(line.versions, BELOW_MODERN), line.direction, line.partner_domain))
    return partner_rows(lang, sums, shown)


def _organisation(way: Direction, name: str, lines: Sequence[PartnerLine]) -> PartnerLine:
    versions: Counter[str] = Counter()
    for line in lines:
        versions.update(line.versions)
    return PartnerLine(
        direction=way, partner_domain=name, connector=None, versions=dict(versions),
        messages=sum(line.messages for line in lines),
        first_seen_date=min((line.first_seen_date for line in lines if line.first_seen_date), default=None),
        last_seen_date=max((line.last_seen_date for line in lines if line.last_seen_date), default=None),
    )  # fmt: skip


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def section(
    lang: Language, model: ReportModel, part: ConnectorSection, shown: Sequence[str], insights: Sequence[InsightView],
    anchor: str, most: int,
) -> SectionView:  # fmt: skip
    """One connector in detail; at most `most` partners and ciphers are listed."""
    name = wording.directed(lang, part.connector, part.direction)
    row = usage_row(lang, "", part.versions, part.messages_before, shown)
    in_bar = wording.bar_versions(shown)
    shares = dict(zip(in_bar, row.shares, strict=True))
    versions = tuple(
        (wording.version_name(lang, v), lang.count(part.versions.get(v, 0)), _share_text(shares, v)) for v in shown
    )
    listed = part.partners_below[:most]
    used = wording.versions_in(shown, (line.versions for line in listed))
    more = part.partners_below_count - len(listed)
    note = lang.ngettext("and {n} partner more", "and {n} partners more", more) if more > 0 else ""
    facts = [
        wording.connector_type(lang, part.connector_type),
        {True: lang._("TLS forced"), False: lang._("TLS not forced"), None: lang._("forced TLS not told")}[
            part.forced_tls
        ],
    ]
    return SectionView(
        anchor=anchor, name=wording.short(name, 90), long_name=name if len(name) > 90 else "",
        facts=" · ".join(f for f in facts if f != DASH), summary=_summary(lang, model, part),
        sources=_sources(lang, part), versions=versions,
        partners=tuple(partner_rows(lang, listed, used)), partners_note=note,
        partner_versions=tuple(wording.version_name(lang, v) for v in used),
        ciphers=tuple(
            (wording.version_name(lang, c.tls_version), _cipher(lang, c.tls_cipher), lang.number(c.messages))
            for c in part.ciphers[:most]
        ),
        ciphers_note=wording.rest(lang, len(part.ciphers) - most),
        would_break=_would_break(lang, part), insights=tuple(insights), contact=part.contact or "",
        needs_action=part.needs_action,
    )  # fmt: skip


def _share_text(shares: dict[str, Cell], version: str) -> str:
    cell = shares.get(version)
    return DASH if cell is None or cell.text == DASH else f"{cell.text}\u202f%"


def _cipher(lang: Language, name: str) -> str:
    return {"none": lang._("none"), "Unknown": lang._("Unknown"), "": lang._("none")}.get(name, wording.clean(name))


def _summary(lang: Language, model: ReportModel, part: ConnectorSection) -> str:
    if not part.messages:
        return lang._("No mail in this period.")
    parts = [lang.ngettext("{n} message", "{n} messages", part.messages)]
    if part.messages_before is not None:
        parts.append(
            f"{wording.before_word(lang, model.period)} {lang.number(part.messages_before)} "
            f"({lang.signed(part.messages - part.messages_before)})"
        )
    if part.recipients is not None:
        parts.append(lang.ngettext("{n} recipient", "{n} recipients", part.recipients))
    if part.bytes is not None:
        parts.append(lang.size(part.bytes))
    parts.append(lang.ngettext("{n} partner domain", "{n} partner domains", part.partners_count))
    protected = part.protected.now
    if protected.total:
        text = lang._("{share} protected", share=lang.share(protected))
        if part.protected.before and part.protected.before.total:
            text += f" ({wording.before_word(lang, model.period)} {lang.share(part.protected.before)})"
        parts.append(text)
    if part.is_estimated:
        parts.append(lang._("estimated from percentages"))
    return " · ".join(parts)


def _sources(lang: Language, part: ConnectorSection) -> str:
    """`mx1: 238 messages, 79.9 % protected (190 of 238)`, for each of several."""
    said = []
    for item in part.sources:
        counted = lang.ngettext("{n} message", "{n} messages", item.messages)
        shown = lang._("{share} protected", share=lang.share(item.protected))
        said.append(f"{wording.clean(item.source)}: {counted}, {shown} ({evidence(lang, item.protected)})")
    return lang._("By source: {sources}", sources=" · ".join(said)) if said else ""


def _would_break(lang: Language, part: ConnectorSection) -> str:
    """What refusing mail without TLS, or with TLS 1.1 and older, would have stopped; the two never overlap."""
    would = part.would_break
    said = []
    if would.plaintext_messages:
        said.append(
            lang._("If mail without TLS were refused here, {messages} of {domains} would have failed.",
                   messages=lang.ngettext("{n} message", "{n} messages", would.plaintext_messages),
                   domains=lang.ngettext("{n} domain", "{n} domains", would.plaintext_partners))
        )  # fmt: skip
    if would.below_modern_messages:
        said.append(
            lang._("If TLS 1.1 and older were refused here, {messages} of {domains} would have failed.",
                   messages=lang.ngettext("{n} message", "{n} messages", would.below_modern_messages),
                   domains=lang.ngettext("{n} domain", "{n} domains", would.below_modern_partners))
        )  # fmt: skip
    if said:
        kept = would.kept_messages
        said.append(lang.ngettext("{n} message would have passed.", "{n} messages would have passed.", kept))
    else:
        said.append(lang._("Nothing: no message of this period came without TLS or below TLS 1.2."))
    if would.unknown_messages:
        said.append(
            lang.ngettext("Of {n} message it can’t be said.", "Of {n} messages it can’t be said.",
                          would.unknown_messages)
        )  # fmt: skip
    return " ".join(said)
