"""The tables: every cell as text, each row with what a program needs to read it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from etl.common.words import BELOW_MODERN, N_, Direction
from etl.model import numbers
from etl.model.report import ConnectorSection, FlowRow, PartnerLine, ReportModel
from etl.report.language import DASH, Language
from etl.report.view import wording
from etl.report.view.findings import InsightView, partner_name
from etl.report.view.verdict import evidence

_IF_REQUIRED = {
    "inbound": N_(
        "{messages} of {domains} came {how}. If {required} were required here, they would be refused unless the sender "
        "then used it."
    ),
    "outbound": N_(
        "{messages} to {domains} went {how}. If {required} were required here, they would not go out unless the "
        "receiver then offered it."
    ),
}
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
    """A connector's TLS usage: counts, and shares of the messages whose TLS is known, each as it rounds."""

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
    whole = wording.total(versions, in_bar)
    shares = tuple(
        Cell(lang.tenth(n, whole), numbers.rounded(n, whole, 1) if whole else 0)
        for n in (versions.get(v, 0) for v in in_bar)
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
    inward = [s for s in model.connectors if s.direction == "inbound"]
    outward = [s for s in model.connectors if s.direction == "outbound"]
    if model.visible_connectors:
        groups = [(lang._("These connectors"), model.connectors)] if len(model.connectors) > 1 else []
        return [usage_row(lang, name, *_summed(sections), shown, css="sum") for name, sections in groups]
    groups = [
        (lang._("All mail flow"), model.connectors), (lang._("All mail in"), tuple(inward)),
        (lang._("All mail out"), tuple(outward)),
    ]  # fmt: skip
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


def partner_rows(
    lang: Language, lines: Sequence[PartnerLine], shown: Sequence[str], begin: date | None = None
) -> list[PartnerRow]:
    """Partner domains with their messages by version, since when and when last below TLS 1.2."""
    return [
        PartnerRow(
            direction=wording.direction(lang, line.direction), partner=partner_name(lang, line.partner_domain),
            counts=counts(lang, line.versions, shown), messages=Cell(lang.number(line.messages), line.messages),
            since=wording.since_day(lang, line.first_seen_date, begin), last=lang.day(line.last_seen_date, "d MMM yy"),
            since_iso=_iso(line.first_seen_date), last_iso=_iso(line.last_seen_date),
            below=" · ".join(
                f"{wording.version_name(lang, v)} {lang.number(line.versions[v])}"
                for v in BELOW_MODERN if line.versions.get(v)
            ),
        )
        for line in lines
    ]  # fmt: skip


def organisation_rows(
    lang: Language, lines: Sequence[PartnerLine], shown: Sequence[str], begin: date | None = None
) -> list[PartnerRow]:
    """The lines summed by organisation and direction, most mail below TLS 1.2 first; nothing where no two belong
    together."""
    apart: dict[tuple[Direction, str], list[PartnerLine]] = {}
    for line in lines:
        apart.setdefault((line.direction, line.organisational_domain or line.partner_domain), []).append(line)
    if len(apart) == len(lines):
        return []
    sums = [_organisation(way, name, own) for (way, name), own in apart.items()]
    sums.sort(key=lambda line: (-wording.total(line.versions, BELOW_MODERN), line.direction, line.partner_domain))
    return partner_rows(lang, sums, shown, begin)


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
        sources=_sources(lang, model, part), versions=versions,
        partners=tuple(partner_rows(lang, listed, used, model.begin_date)), partners_note=note,
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
    parts.append(rungs(lang, model, part))
    if part.is_estimated:
        parts.append(lang._("estimated from percentages"))
    return " · ".join(parts)


def rungs(lang: Language, model: ReportModel, part: ConnectorSection) -> str:
    """`25.7 % TLS 1.2 or newer (39 of 152), 113 older TLS, none without TLS, 3 unknown`."""
    now, plain = part.up_to_date.now, part.versions.get("No TLS", 0)
    if not now.total:
        return lang._("TLS unknown for all mail")
    older = now.total - now.n - plain
    of = lang._("{n} of {total}", n=lang.number(now.n), total=lang.number(now.total))
    least = model.standard.least
    told = [
        lang._("{share} {least} or newer ({of})", share=lang.share(now), least=least, of=of)
        if now.total >= wording.FEW else lang._("{of} {least} or newer", least=least, of=of)
    ]  # fmt: skip
    before = part.up_to_date.before
    if before and before.total >= wording.FEW:
        told[0] += f", {wording.before_word(lang, model.period)} {lang.share(before)}"
    if older:
        told.append(lang.ngettext("{n} older TLS", "{n} older TLS", older))
    told.append(lang.ngettext("{n} without TLS", "{n} without TLS", plain) if plain else lang._("none without TLS"))
    if now.undecided:
        told.append(lang.ngettext("{n} unknown", "{n} unknown", now.undecided))
    return "; ".join(told)


def _sources(lang: Language, model: ReportModel, part: ConnectorSection) -> str:
    """`mx1: 238 messages, 79.9 % TLS 1.2 or newer (190 of 238)`, for each of several."""
    said = []
    for item in part.sources:
        counted = lang.ngettext("{n} message", "{n} messages", item.messages)
        shown = lang._("{share} {least} or newer ({of})", share=lang.share(item.up_to_date),
                       least=model.standard.least, of=evidence(lang, item.up_to_date))  # fmt: skip
        said.append(f"{wording.clean(item.source)}: {counted}, {shown}")
    return lang._("By source: {sources}", sources=" · ".join(said)) if said else ""


def _would_break(lang: Language, part: ConnectorSection) -> str:
    """How many messages came without TLS, or with TLS 1.1 and older: what requiring more would refuse, unless the
    other side then used it. The two never overlap; of what is unknown nothing is said but that."""
    would = part.would_break
    unknown = would.unknown_messages
    if unknown and unknown == part.messages:
        return lang.ngettext(
            "Unknown: nothing tells which TLS the {n} message had.",
            "Unknown: nothing tells which TLS any of the {n} messages had.", unknown,
        )  # fmt: skip
    said = []
    for messages, partners, came, required in (
        (would.plaintext_messages, would.plaintext_partners, lang._("without TLS"), lang._("TLS")),
        (would.below_modern_messages, would.below_modern_partners, lang._("with TLS 1.1 or older"), "TLS 1.2"),
    ):
        if messages:
            said.append(
                lang._(
                    _IF_REQUIRED[part.direction], messages=lang.ngettext("{n} message", "{n} messages", messages),
                    domains=lang.ngettext("{n} domain", "{n} domains", partners), how=came, required=required,
                )
            )  # fmt: skip
    if said:
        kept = would.kept_messages
        said.append(lang.ngettext("{n} message had TLS 1.2 or newer.", "{n} messages had TLS 1.2 or newer.", kept))
    elif part.messages:
        known = part.messages - unknown
        said.append(
            lang.ngettext("Nothing of the {n} message known.", "Nothing of the {n} messages known.", known)
            if unknown else lang._("Nothing: no message of this period came without TLS or below TLS 1.2.")
        )  # fmt: skip
    else:
        said.append(lang._("No mail in this period."))
    if unknown:
        said.append(lang.ngettext("{n} is unknown.", "{n} are unknown.", unknown))
    return " ".join(said)
