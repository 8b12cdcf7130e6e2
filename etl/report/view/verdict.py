"""The first screen, the first page and the first three lines of the mail: what was the week like, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from etl.model.quality import RefusedFile
from etl.model.report import Figure, ReportModel, Share
from etl.report.language import Language
from etl.report.view import missing, wording
from etl.report.view.wording import FEW

_CERTAIN = 6.635
"""Chi-square with one degree of freedom at 1 %: two shares that differ by less are about the same."""


@dataclass(frozen=True)
class FigureView:
    """One of the four figures: a name, the share, and its evidence in small print."""

    key: str
    label: str
    value: str
    evidence: str
    ways: str
    """The same in and out."""
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Verdict:
    """The headline and what belongs right below it."""

    scope: str
    """Which connectors it is about: `all 10 connectors`."""
    headline: str
    subject: str
    short: str
    """The verdict in one line: the subject without the period's name."""
    rest: str
    """What the headline leaves: without TLS, older, unknown; and the comparison with the period before."""
    missing: str
    """How much is missing, which days, and within which bounds the share lies; nothing where all is here."""
    marks: tuple[str, ...]
    """Words in capitals before the headline: `CORRECTED`, `PROVISIONAL`, `PREVIEW`."""
    whole: str
    warnings: tuple[str, ...]
    figures: tuple[FigureView, ...]


def build(lang: Language, model: ReportModel, actions: int) -> Verdict:
    """The verdict of one model with so many `actions` on its first page."""
    short = _short(lang, model, actions)
    return Verdict(
        scope=scope(lang, model),
        headline=_headline(lang, model),
        subject=_subject(lang, model, short),
        short=short,
        rest=_rest(lang, model) if model.state == "mail" else "",
        missing=" ".join([*_untold(lang, model), missing.sentence(lang, model)]).strip(),
        marks=_marks(lang, model),
        whole=" · ".join(_whole(lang, model)),
        warnings=tuple(_warnings(lang, model)),
        figures=tuple(_figures(lang, model)) if model.state == "mail" else (),
    )


def scope(lang: Language, model: ReportModel) -> str:
    """`all 10 connectors`, or `2 of 10 connectors`: a name in a direction each."""
    shown = len(model.connectors)
    if model.visible_connectors:
        return lang._("{shown} of {all} connectors", shown=lang.number(shown), all=lang.number(model.connectors_in_all))
    return lang.ngettext("one connector", "all {n} connectors", shown) if shown else ""


def _marks(lang: Language, model: ReportModel) -> tuple[str, ...]:
    marks = []
    if model.edition.supersedes_number is not None:
        marks.append(lang._("CORRECTED"))
    if model.provisional:
        marks.append(lang._("PROVISIONAL"))
    if model.edition.origin == "preview":
        marks.append(lang._("PREVIEW"))
    return tuple(marks)


def _headline(lang: Language, model: ReportModel) -> str:
    period = wording.the_period(lang, model.period)
    if model.state == "no_data":
        return lang._("No data came for {period}. Nothing can be said about its mail.", period=period)
    if model.state == "quiet":
        return lang._("No mail was seen in {period}. All data came, and there was none in it.", period=period)
    if model.visible_connectors:
        return f"{wording.capital(scope(lang, model))}: {_standard_sentence(lang, model)}"
    return wording.capital(_standard_sentence(lang, model))


def _standard_sentence(lang: Language, model: ReportModel) -> str:
    now, least, title = model.up_to_date.now, model.standard.least, model.standard.title
    if not now.total:
        return lang.ngettext(
            "unknown: nothing tells which TLS the {n} message had.",
            "unknown: nothing tells which TLS any of the {n} messages had.", model.messages,
        )  # fmt: skip
    values = {
        "least": least, "standard": title, "n": lang.number(now.n), "total": lang.number(now.total),
        "share": lang.share(now),
    }  # fmt: skip
    if now.total < FEW:
        return lang._("{n} of {total} messages met {least} or newer ({standard}).", **values)
    if now.n == now.total and not now.undecided and not model.provisional:
        return lang._("all mail met {least} or newer: {n} of {total} messages ({standard}).", **values)
    if model.provisional or now.undecided:
        return lang._(
            "{share} of the mail we can see met {least} or newer: {n} of {total} messages ({standard}).", **values
        )
    return lang._("{share} of the mail met {least} or newer: {n} of {total} messages ({standard}).", **values)


def _rest(lang: Language, model: ReportModel) -> str:
    """`289 had no TLS, 196 older TLS; of 99 it is unknown. About as last week (90.7 %).`"""
    now = model.up_to_date.now
    plain = sum(part.versions.get("No TLS", 0) for part in model.connectors)
    older = now.total - now.n - plain
    told = []
    if plain:
        told.append(lang.ngettext("{n} had no TLS", "{n} had no TLS", plain))
    if older > 0:
        told.append(lang.ngettext("{n} had older TLS", "{n} had older TLS", older))
    if now.undecided and now.total:
        told.append(lang.ngettext("of {n} it is unknown", "of {n} it is unknown", now.undecided))
    said = [f"{lang.listed(told)}."] if told else []
    compared = compare(lang, model.up_to_date, wording.before_word(lang, model.period))
    return " ".join([*said, *([f"{wording.capital(compared)}."] if compared else [])])


def compare(lang: Language, figure: Figure, when: str) -> str:
    """How it moved: `about as last week (90.7 %)` unless the two shares differ by more than chance (at 1 %)."""
    now, before = figure.now, figure.before
    if before is None or before.total < FEW or now.total < FEW:
        return ""
    share = lang.share(before)
    here, there = now.n * before.total, before.n * now.total
    if not _differ(now, before):
        return lang._("about as {when} ({share})", when=when, share=share)
    if here > there:
        return lang._("up from {share} {when}", share=share, when=when)
    return lang._("down from {share} {when}", share=share, when=when)


def _differ(now: Share, before: Share) -> bool:
    """Whether two shares differ at the 1 % level: the chi-square of the two by two table, without correction."""
    whole, hits = now.total + before.total, now.n + before.n
    if not 0 < hits < whole:
        return False
    apart = now.n * before.total - before.n * now.total
    return apart * apart * whole > _CERTAIN * now.total * before.total * hits * (whole - hits)


def _subject(lang: Language, model: ReportModel, short: str) -> str:
    """The mail's subject: what to act on, the share and the standard, then which week and edition."""
    corrects = model.edition.supersedes_number is not None
    parts = [f"{lang._('CORRECTED')}: {short}" if corrects else short]
    if model.visible_connectors:
        parts.append(scope(lang, model))
    period = wording.short_period(lang, model.period)
    if corrects:
        period += ", " + lang._("edition {n}", n=model.edition.number)
    return " · ".join([*parts, period, wording.clean(model.organisation)]).replace("\u202f", "\u00a0")


def _short(lang: Language, model: ReportModel, actions: int) -> str:
    if model.state == "no_data":
        return lang._("No mail data came")
    if model.state == "quiet":
        return lang._("No mail seen, all data came")
    said = lang.ngettext("{n} to act on", "{n} to act on", actions) if actions else lang._("Nothing to act on")
    now = model.up_to_date.now
    if not now.total:
        return f"{said}, {lang._('TLS unknown for all mail')}"
    share = of_few(lang, now)
    said += ", " + lang._("{share} at {least}+", share=share, least=model.standard.least)
    lost = missing.part(lang, model)
    return f"{said} ({lost})" if lost else said


def of_few(lang: Language, share: Share) -> str:
    """A share, or `4 of 7` where it is one of few messages."""
    if share.total >= FEW or not share.total:
        return lang.share(share)
    return lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total))


def _whole(lang: Language, model: ReportModel) -> list[str]:
    """What came, and how much it is."""
    whole = model.completeness
    if whole.expected_days:
        came = lang._("{received} of {expected} daily exports came",
                      received=lang.number(whole.received_days), expected=lang.number(whole.expected_days))  # fmt: skip
    else:
        came = lang.ngettext("{n} file came", "{n} files came", sum(source.files for source in whole.sources))
    parts = [came]
    unasked = tuple(source.source for source in whole.sources if source.role == "count" and not source.expected_days)
    if unasked:
        parts.append(lang._("{names}: no days declared, so none can be missing", names=_names(lang, unasked)))
    parts.append(volume(lang, model))
    if whole.rejected and not model.visible_connectors:
        parts.append(lang.ngettext("{n} record rejected", "{n} records rejected", whole.rejected))
    return [part for part in parts if part]


def volume(lang: Language, model: ReportModel) -> str:
    """`5 126 messages to 54 471 recipients`; recipients only where they are told of all."""
    messages = lang.ngettext("{n} message", "{n} messages", model.messages)
    each = [part.recipients for part in model.connectors if part.messages]
    if None in each or not each:
        return messages
    recipients = sum(n or 0 for n in each)
    return lang._(
        "{messages} to {recipients}", messages=messages,
        recipients=lang.ngettext("{n} recipient", "{n} recipients", recipients),
    )  # fmt: skip


def until(lang: Language, model: ReportModel) -> str:
    """Whether rows of the period may still come, as known when the report was made."""
    whole = model.completeness
    if whole.state == "sealed":
        return lang._("sealed: rows that come later are not counted")
    if whole.settled_date is None:
        return ""
    day = lang.day(whole.settled_date, "EEE d MMMM")
    if model.edition.origin == "preview" or wording.made_on(model) <= whole.settled_date:
        return lang._("rows may come until {day}", day=day)
    if whole.state == "open":
        return lang._("rows were due by {day}, and later exports have not come yet", day=day)
    return lang._("no rows expected since {day}", day=day)


def _untold(lang: Language, model: ReportModel) -> list[str]:
    """The sources that tell nothing of TLS, each with what to do: without it all else on the page leads wrong."""
    return [
        lang._("{source} tells nothing of TLS, for none of its {n} messages: {advice}.",
               source=wording.clean(item.source), n=lang.number(item.messages), advice=lang._(item.advice))
        for item in model.untold
    ]  # fmt: skip


def _warnings(lang: Language, model: ReportModel) -> list[str]:
    whole, said = model.completeness, []
    if whole.twins:
        said.append(
            lang._("Could not be read, and nothing is missing for it, since another file of its day was: {names}.",
                   names=_names(lang, whole.twins))
        )  # fmt: skip
    if whole.refused_in_part:
        refused = wording.few(lang, [_refused(lang, file) for file in whole.refused_in_part], 5)
        said.append(lang._("Refused, and not counted: {names}.", names=refused))
    dated = {gap.file for gap in whole.gaps}
    loose = tuple(name for name in whole.quarantined if name not in dated)
    if loose:
        said.append(lang._("Came but could not be read: {names}.", names=_names(lang, loose)))
    without = [source.source for source in whole.sources if source.without_identity]
    if without:
        said.append(lang._("Counted without identity: {names}.", names=_names(lang, tuple(without))))
    guessed = [source.source for source in whole.sources if source.estimated]
    if guessed:
        said.append(lang._("Estimated from percentages: {names}.", names=_names(lang, tuple(guessed))))
    late = sum(source.late_rows for source in whole.sources)
    if late:
        said.append(
            lang.ngettext("{n} row came too late for a sealed day and is not counted.",
                          "{n} rows came too late for sealed days and are not counted.", late)
        )  # fmt: skip
    if model.period.kind == "week" and model.period.hours != 168:
        said.append(
            lang._("The clocks changed in {zone}: this week has {hours} hours.",
                   zone=model.period.time_zone, hours=model.period.hours)
        )  # fmt: skip
    return said


def estimated(lang: Language, model: ReportModel) -> str:
    """Which connectors' counts were made of percentages; nothing where none were."""
    found = [wording.directed(lang, part.connector, part.direction) for part in model.connectors if part.is_estimated]
    return lang._("Estimated from percentages: {names}.", names=_names(lang, tuple(found))) if found else ""


def _names(lang: Language, names: tuple[str, ...], most: int = 5) -> str:
    return wording.few(lang, [wording.clean(name) for name in names], most)


def _refused(lang: Language, file: RefusedFile) -> str:
    return lang._("{rejected} of {records} records of {file}", rejected=lang.number(file.rejected),
                  records=lang.number(file.records), file=wording.clean(file.name))  # fmt: skip


def _figures(lang: Language, model: ReportModel) -> list[FigureView]:
    """The three rungs, and what is unknown."""
    verified = {item.direction: item.share for item in model.safeguards if item.name == "peer_verified"}
    inward, outward = verified.get("inbound"), verified.get("outbound")
    peer = Share(
        n=sum(s.n for s in verified.values()), total=sum(s.total for s in verified.values()),
        undecided=sum(s.undecided for s in verified.values()),
    )  # fmt: skip
    cells = (
        ("encrypted", lang._("Encrypted"), model.encrypted.now, model.encrypted_in.now, model.encrypted_out.now),
        ("up-to-date", lang._("{least} or newer", least=model.standard.least), model.up_to_date.now,
         model.up_to_date_in.now, model.up_to_date_out.now),
        ("authenticated", lang._("Authenticated"), peer, inward, outward),
        ("unknown", lang._("Unknown"), model.unknown.now, None, None),
    )  # fmt: skip
    return [
        FigureView(
            key=key, label=label, value=_rung(lang, key, now), evidence=_rung_evidence(lang, key, now),
            ways=_ways(lang, inward, outward) if key != "unknown" and _is_told(key, now) else "",
            numerator=now.n, denominator=now.total,
        )
        for key, label, now, inward, outward in cells
    ]  # fmt: skip


def _is_told(key: str, share: Share) -> bool:
    """Authenticated is told where it can be said of most messages; the other rungs where it can be of any."""
    return share.total > share.undecided if key == "authenticated" else bool(share.total)


def _rung(lang: Language, key: str, share: Share) -> str:
    return of_few(lang, share) if _is_told(key, share) else lang._("unknown")


def _rung_evidence(lang: Language, key: str, share: Share) -> str:
    if not _is_told(key, share):
        return lang._("the exports don’t tell") if key == "authenticated" else ""
    return evidence(lang, share)


def _ways(lang: Language, inward: Share | None, outward: Share | None) -> str:
    if inward is None or outward is None:
        return ""
    return lang._("in {inward} · out {outward}", inward=of_few(lang, inward), outward=of_few(lang, outward))


def evidence(lang: Language, share: Share) -> str:
    """`127 713 of 131 086`, and what is unknown apart."""
    text = lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total))
    if share.undecided:
        text += " · " + lang.ngettext("{n} unknown", "{n} unknown", share.undecided)
    return text
