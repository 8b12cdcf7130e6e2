"""The first screen, the first page and the first three lines of the mail: what was the week like, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from etl.model.quality import Completeness, RefusedFile
from etl.model.report import Figure, Insight, ReportModel, Share
from etl.report.language import Language
from etl.report.view import wording

ACTION = ("critical", "warning")


@dataclass(frozen=True)
class FigureView:
    """One of the four figures: a name, the share, and its evidence in small print."""

    key: str
    label: str
    value: str
    evidence: str
    before: str
    numerator: int
    denominator: int


@dataclass(frozen=True)
class Verdict:
    """The headline and what belongs right below it."""

    headline: str
    subject: str
    short: str
    """The verdict in one line, marks first: the subject without the period's and the organisation's name."""
    shares: str
    """What was protected, in and out, with the change, in one line; nothing in a week without mail."""
    marks: tuple[str, ...]
    """Words in capitals before the headline: `CORRECTED`, `PROVISIONAL`, `PREVIEW`."""
    whole_label: str
    whole: str
    warnings: tuple[str, ...]
    figures: tuple[FigureView, ...]


def needs_action(insight: Insight) -> bool:
    """Whether somebody has to do something about a connector."""
    return insight.needs_action and insight.connector is not None


def _is_open(insight: Insight) -> bool:
    """Whether it would be serious, and unknown mail leaves it open."""
    serious = insight.severity in ACTION and insight.acknowledged is None and insight.connector is not None
    return serious and insight.verdict == "undecided" and insight.cause is None


def build(lang: Language, model: ReportModel) -> Verdict:
    """The verdict of one model."""
    label, whole = _completeness(lang, model.completeness)
    return Verdict(
        headline=_headline(lang, model),
        subject=_subject(lang, model),
        short=_short(lang, model),
        shares=_shares(lang, model) if model.state == "mail" else "",
        marks=_marks(lang, model),
        whole_label=label,
        whole=whole,
        warnings=tuple(_warnings(lang, model)),
        figures=tuple(_figures(lang, model)) if model.state == "mail" else (),
    )


def _marks(lang: Language, model: ReportModel) -> tuple[str, ...]:
    marks = []
    if model.edition.supersedes_number is not None:
        marks.append(lang._("CORRECTED"))
    if model.provisional:
        marks.append(lang._("PROVISIONAL"))
    if model.edition.origin == "preview":
        marks.append(lang._("PREVIEW"))
    return tuple(marks)


def _places(insights: tuple[Insight, ...]) -> tuple[int, int]:
    """Connectors (with direction) that need action, and further ones that can't be judged."""
    speaking = {(i.direction, i.connector) for i in insights if needs_action(i)}
    unsure = {(i.direction, i.connector) for i in insights if _is_open(i)}
    return len(speaking), len(unsure - speaking)


def _protected_sentence(lang: Language, model: ReportModel) -> str:
    now = model.protected.now
    if now.total == 0:
        return lang._("Of no message can it be said whether TLS protected it.")
    if now.n == now.total and not now.undecided:
        return lang._("All mail was protected by TLS.")
    share = lang.share(now)
    if now.undecided:
        return lang._("{share} of the mail that can be judged was protected by TLS.", share=share)
    return lang._("{share} of mail was protected by TLS.", share=share)


def _action_sentence(lang: Language, model: ReportModel) -> str:
    act, unsure = _places(model.insights)
    if act and unsure:
        first = lang.ngettext("{w} connector needs action", "{w} connectors need action", act, w=_word(lang, act))
        rest = lang.ngettext("{w} can’t be judged", "{w} can’t be judged", unsure, w=_word(lang, unsure))
        return f"{wording.capital(first)}, {rest}."
    if act:
        text = lang.ngettext("{w} connector needs action.", "{w} connectors need action.", act, w=_word(lang, act))
        return wording.capital(text)
    if unsure:
        text = lang.ngettext("{w} connector can’t be judged.", "{w} connectors can’t be judged.", unsure,
                             w=_word(lang, unsure))  # fmt: skip
        return wording.capital(text)
    if not model.completeness.complete:
        return lang._("Nothing that came needs action, but not everything came.")
    return lang._("Nothing needs action.")


def _word(lang: Language, count: int) -> str:
    return wording.spelled(lang, count)


def _headline(lang: Language, model: ReportModel) -> str:
    period = wording.the_period(lang, model.period)
    if model.state == "no_data":
        return lang._("No data came for {period}. Nothing can be said about its mail.", period=period)
    if model.state == "quiet":
        return lang._("No mail was seen in {period}. All data came, and there was none in it.", period=period)
    return f"{_protected_sentence(lang, model)} {_action_sentence(lang, model)}"


def _subject(lang: Language, model: ReportModel) -> str:
    """The mail's subject: the verdict first, then which week and edition."""
    period = wording.period_name(lang, model.period)
    if model.edition.supersedes_number is not None:
        period += ", " + lang._("edition {n}", n=model.edition.number)
    return f"{_short(lang, model)} · {period} · {wording.clean(model.organisation)}".replace("\u202f", "\u00a0")


def _shares(lang: Language, model: ReportModel) -> str:
    told = []
    word = wording.before_word(lang, model.period)
    for name, figure in ((lang._("Protected, in"), model.protected_in), (lang._("out"), model.protected_out)):
        parts = (evidence(lang, figure.now).replace(" · ", ", "), _change(lang, figure, word))
        told.append(f"{name} {lang.share(figure.now)} ({'; '.join(filter(None, parts))})")
    return lang.listed(told)


def _short(lang: Language, model: ReportModel) -> str:
    marks = "".join(f"{mark}: " for mark in _marks(lang, model) if mark != lang._("PREVIEW"))
    if model.state == "no_data":
        said = lang._("No mail data came")
    elif model.state == "quiet":
        said = lang._("No mail seen, all data came")
    else:
        act, unsure = _places(model.insights)
        if act:
            said = lang.ngettext("{n} connector needs action", "{n} connectors need action", act)
        elif unsure:
            said = lang.ngettext("{n} connector can’t be judged", "{n} connectors can’t be judged", unsure)
        elif model.completeness.complete:
            said = lang._("Nothing needs action")
        else:
            said = lang._("Not all data came")
        if model.protected.now.total:
            said += lang._(", {share} protected by TLS", share=lang.share(model.protected.now))
    return f"{marks}{said}"


def _completeness(lang: Language, whole: Completeness) -> tuple[str, str]:
    if whole.expected_days:
        came = lang._("{received} of {expected} daily exports came",
                      received=lang.number(whole.received_days), expected=lang.number(whole.expected_days))  # fmt: skip
    else:
        files = sum(source.files for source in whole.sources)
        came = lang.ngettext("{n} file came", "{n} files came", files)
    unasked = tuple(source.source for source in whole.sources if source.role == "count" and not source.expected_days)
    parts = [
        came,
        lang.ngettext("{n} record read", "{n} records read", whole.records),
        lang.ngettext("{n} counted", "{n} counted", whole.used),
        lang.ngettext("{n} rejected", "{n} rejected", whole.rejected),
        lang.ngettext("{n} skipped by rule", "{n} skipped by rule", whole.skipped),
        lang.ngettext("{n} told twice", "{n} told twice", whole.duplicates),
    ]
    if unasked:
        parts.insert(1, lang._("{names}: no days declared, so none can be missing", names=_names(lang, unasked)))
    if whole.suspected_cut:
        n = len(whole.suspected_cut)
        parts.append(lang.ngettext("{n} file suspected cut short", "{n} files suspected cut short", n))
    else:
        parts.append(lang._("none suspected cut short"))
    if whole.state == "sealed":
        parts.append(lang._("sealed"))
    elif whole.state == "open":
        parts.append(lang._("not settled yet"))
    elif whole.settled_date:
        parts.append(lang._("settled {day}", day=lang.day(whole.settled_date, "d MMMM")))
    came_as_expected = lang._("Complete:") if whole.expected_days else lang._("Received:")
    return (came_as_expected if whole.complete else lang._("Incomplete:")), " · ".join(parts)


def _warnings(lang: Language, model: ReportModel) -> list[str]:
    whole, said = model.completeness, []
    if whole.missing and model.state != "no_data":
        n = len(whole.missing)
        said.append(
            lang.ngettext(
                "{n} export is missing: {names}. No bound covers what it would have said.",
                "{n} exports are missing: {names}. No bound covers what they would have said.",
                n,
                names=_names(lang, tuple(wording.missing_day(lang, name) for name in whole.missing)),
            )
        )
    if whole.suspected_cut:
        names = _names(lang, whole.suspected_cut)
        said.append(lang._("Suspected cut short, because they end at exactly a row limit: {names}.", names=names))
    if whole.refused_in_part:
        names = wording.few(lang, [_refused(lang, file) for file in whole.refused_in_part], 5)
        said.append(lang._("Refused, and not counted: {names}.", names=names))
    if whole.quarantined:
        names = _names(lang, whole.quarantined)
        said.append(lang._("Set aside whole, because they could not be read: {names}.", names=names))
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
    cells: list[tuple[str, str, Figure]] = [
        ("protected-in", lang._("Protected, in"), model.protected_in),
        ("protected-out", lang._("Protected, out"), model.protected_out),
        ("deprecated", lang._("Deprecated TLS"), model.deprecated),
        ("unknown", lang._("Can’t be said"), model.unknown),
    ]
    word = wording.before_word(lang, model.period)
    return [
        FigureView(
            key=key, label=label, value=lang.share(figure.now), evidence=evidence(lang, figure.now),
            before=_change(lang, figure, word),
            numerator=figure.now.n, denominator=figure.now.total,
        )
        for key, label, figure in cells
    ]  # fmt: skip


def _change(lang: Language, figure: Figure, word: str) -> str:
    """How it moved, decided on the whole numbers: `up from 97.0 % last week`; nothing where nothing was before."""
    now, before = figure.now, figure.before
    if before is None or not before.total:
        return ""
    share = lang.share(before)
    here, there = now.n * before.total, before.n * now.total
    if not now.total:
        return lang._("{when} {share}", when=word, share=share)
    if here == there:
        return lang._("as {when}", when=word)
    if share == lang.share(now):
        return lang._("about as {when}", when=word)
    if here > there:
        return lang._("up from {share} {when}", share=share, when=word)
    return lang._("down from {share} {when}", share=share, when=word)


def evidence(lang: Language, share: Share) -> str:
    """`127 713 of 131 086`, and what can't be said apart."""
    text = lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total))
    if share.undecided:
        text += " · " + lang.ngettext("{n} undecided", "{n} undecided", share.undecided)
    return text
