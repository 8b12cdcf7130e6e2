"""The insights as people read them: a number, a name, what to do, and the evidence in one grey line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from etl.common import domains
from etl.insights.classes import versions_of
from etl.model.report import Insight, PartnerLine, ReportModel, Share
from etl.report.language import DASH, Language
from etl.report.view import actions, wording
from etl.report.view.wording import FEW as FEW_MESSAGES

FEW = 2
"""So many sentences of a rule stand in a row."""


@dataclass(frozen=True)
class InsightView:
    """One insight, ready to be placed."""

    anchor: str
    where: tuple[str, str]
    """Direction and connector, as the data have them."""
    tone: str
    """`alarm` (spoke), `unsure` (can't be decided), `calm` (a notice)."""
    big: str
    big_small: bool
    title: str
    name: str
    """The rule's title alone, whether it spoke or could not decide."""
    place: str
    count: str
    """n of N, where it has a share."""
    advice: str
    detail: str
    lines: tuple[str, ...]
    """What it has to say where that is more than two sentences (`detail` is empty then): one below the other."""
    evidence: str
    acknowledged: str
    contact: str
    days: str
    """The measure day by day: `Mon 16 31.0 % · …`."""
    partners: str
    rule: str
    references: str
    connector_anchor: str


@dataclass(frozen=True)
class Group:
    """Insights of one rule: what they have in common is said once, and each adds what is its own."""

    title: str
    advice: str
    items: tuple[InsightView, ...]


@dataclass(frozen=True)
class Place:
    """A connector that needs action: its most important insight, and of the others what that has not said already."""

    lead: InsightView
    also: tuple[InsightView, ...]


@dataclass(frozen=True)
class Findings:
    """All insights of a report, sorted into what needs action, what is accepted, what is good to know."""

    rows: tuple[actions.ActionRow, ...]
    """What to act on, a line each: new and worse before long known."""

    action: tuple[InsightView, ...]
    accepted: tuple[InsightView, ...]
    noted: tuple[Group, ...]
    resolved: tuple[str, ...]
    """A sentence for each rule that no longer speaks, with the places where it did."""
    places: tuple[Place, ...]
    """`action` by connector, in the order of each one's first."""


def build(lang: Language, model: ReportModel, anchors: Mapping[tuple[str, str], str]) -> Findings:
    """The insights of `model`; `anchors` names the place of each connector's section."""
    views = [(insight, view(lang, model, n, insight, anchors)) for n, insight in enumerate(model.insights, start=1)]
    accepted = [v for i, v in views if i.acknowledged]
    urgent = sorted(((i, v) for i, v in views if i.needs_action), key=lambda pair: actions.rank(pair[0]))
    action = [v for _, v in urgent]
    noted = [v for i, v in views if not i.acknowledged and not i.needs_action]
    rows = actions.rows(lang, model, [(i, v.title, v.place, v.anchor) for i, v in urgent])
    return Findings(rows, tuple(action), tuple(accepted), _grouped(lang, noted), _resolved(lang, model),
                    _places(action))  # fmt: skip


def first(lang: Language, findings: Findings) -> str:
    """What to act on first, and whom to call; that there is nothing, where that is so."""
    if not findings.rows:
        return ""
    top = findings.rows[0]
    told = ", ".join(filter(None, (top.what, top.where)))
    evidence = ", ".join(filter(None, (top.count, top.weeks_text)))
    first = lang._("First: {what} ({evidence})", what=told, evidence=evidence) if evidence else lang._(
        "First: {what}", what=told)  # fmt: skip
    return f"{first}; {top.who}" if top.who else first


def _places(views: Iterable[InsightView]) -> tuple[Place, ...]:
    apart: dict[tuple[str, str], list[InsightView]] = {}
    for item in views:
        apart.setdefault(item.where, []).append(item)
    return tuple(Place(lead, tuple(_added(lead, item) for item in also)) for lead, *also in apart.values())


def _added(lead: InsightView, item: InsightView) -> InsightView:
    """`item` without the sentences of advice that `lead` gave at the same place."""
    told = f"{lead.advice} ".split(". ")
    own = [sentence for sentence in f"{item.advice} ".split(". ") if sentence and sentence not in told]
    return replace(item, advice="".join(f"{sentence}. " for sentence in own).strip())


def _grouped(lang: Language, views: Iterable[InsightView]) -> tuple[Group, ...]:
    """Views by rule, in the order in which the rules come first."""
    apart: dict[str, list[InsightView]] = {}
    for item in views:
        apart.setdefault(item.name, []).append(item)
    return tuple(_group(lang, name, items) for name, items in apart.items())


def _group(lang: Language, name: str, items: list[InsightView]) -> Group:
    undecided = lang._("open")
    told = [f"{item.advice} ".split(". ") for item in items]
    shared = [first for first, *others in zip(*told, strict=False) if all(other == first for other in others)]
    advice = "".join(f"{sentence}. " for sentence in shared if sentence)
    own = tuple(
        replace(
            item, advice=item.advice[len(advice) :],
            evidence=item.evidence if item.title == item.name else f"{undecided} · {item.evidence}",
        )
        for item in items
    )  # fmt: skip
    return Group(name, advice.strip(), own)


def view(
    lang: Language, model: ReportModel, number: int, insight: Insight, anchors: Mapping[tuple[str, str], str]
) -> InsightView:
    """One insight in words."""
    share = share_of(insight)
    edges = thresholds(insight)
    big, small = _big(lang, insight, share, edges)
    where = (insight.direction or "", insight.connector or "")
    place = wording.directed(lang, where[1], where[0], wording.IN_TABLES) if insight.connector else lang._("all mail")
    name = lang.pick(insight.title)
    told = tuple(wording.sentence(lang, sentence, model.period) for sentence in insight.detail)
    title = lang._("Open: {title}", title=name) if insight.verdict == "undecided" else name
    return InsightView(
        anchor=f"insight-{number}", where=where,
        tone="calm" if insight.acknowledged else "unsure" if insight.verdict == "undecided"
        else "alarm" if insight.needs_action else "calm",
        big=big, big_small=small, title=title, name=name, place=place,
        count=lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total)) if share else "",
        advice=lang.pick(insight.advice),
        detail=" ".join(told) if len(told) <= FEW else "", lines=told if len(told) > FEW else (),
        evidence=_evidence(lang, model, insight, share, edges),
        acknowledged=_acknowledged(lang, insight),
        contact=wording.clean(insight.contact) if insight.contact else "",
        days=" · ".join(_days(lang, insight, edges)), partners=_partners(lang, insight.partners, insight.measure),
        rule=lang._("rule {id}, version {version}", id=insight.rule, version=insight.rule_version),
        references=lang.listed(insight.references),
        connector_anchor=anchors.get(where, ""),
    )  # fmt: skip


def share_of(insight: Insight) -> Share | None:
    """The insight's numbers as a share, where it has some."""
    if insight.numerator is None or insight.denominator is None or insight.share is None:
        return None
    return Share(n=insight.numerator, total=insight.denominator, undecided=insight.undecided)


def thresholds(insight: Insight) -> tuple[float, ...]:
    """What the shown share must not contradict."""
    return (insight.threshold,) if insight.threshold is not None else ()


def _big(lang: Language, insight: Insight, share: Share | None, edges: tuple[float, ...]) -> tuple[str, bool]:
    if share is not None and not share.total:
        return "?", True
    if share is not None and (insight.counts_only or share.total < FEW_MESSAGES):
        return lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total)), True
    if share is not None and insight.verdict == "undecided" and share.undecided:
        return lang.bounds(share, edges), True
    if share is not None:
        return lang.share(share, edges), False
    if insight.numerator is not None:
        return _counted(lang, insight.measure, insight.numerator), True
    words = {
        "critical": lang._("critical"), "warning": lang._("warning"), "notice": lang._("notice"),
        "info": lang._("note"),
    }  # fmt: skip
    return words[insight.severity], True


def _counted(lang: Language, measure: str, count: int) -> str:
    """A number that is no share, with its unit."""
    if measure.startswith("days"):
        return lang.ngettext("{n} day", "{n} days", count)
    if measure == "files":
        return lang.ngettext("{n} file", "{n} files", count)
    return lang.ngettext("{n} message", "{n} messages", count) if measure == "messages" else lang.number(count)


def _evidence(
    lang: Language, model: ReportModel, insight: Insight, share: Share | None, edges: tuple[float, ...]
) -> str:
    parts = []
    if share is not None:
        n, whole = lang.number(share.n), lang.number(share.total)
        parts.append(lang._("{n} of {total} messages", n=n, total=whole))
        if share.undecided:
            undecided = lang.ngettext("{n} unknown", "{n} unknown", share.undecided)
            parts.append(f"{undecided} ({lang.bounds(share, edges)})" if insight.verdict == "speaks" else undecided)
            if insight.verdict == "undecided" and share.total >= FEW_MESSAGES:
                parts.append(lang._("{share} of what is known", share=lang.share(share, edges)))
    parts.append(_since(lang, model, insight))
    if insight.numerator_before is not None and insight.denominator_before:
        before, all_before = insight.numerator_before, insight.denominator_before
        parts.append(
            lang._("{when} {share} ({n} of {total})", when=wording.before_word(lang, model.period),
                   share=lang.ratio(before, all_before, edges), n=lang.number(before),
                   total=lang.number(all_before))
            if all_before >= FEW_MESSAGES else
            lang._("{when} {n} of {total}", when=wording.before_word(lang, model.period), n=lang.number(before),
                   total=lang.number(all_before))
        )  # fmt: skip
    return " · ".join(parts)


def _since(lang: Language, model: ReportModel, insight: Insight) -> str:
    if insight.periods_in_a_row <= 1:
        return lang._("new this week") if model.period.kind == "week" else lang._("new in this period")
    if model.period.kind == "week":
        text = lang._("{n} weeks in a row", n=lang.number(insight.periods_in_a_row))
    else:
        text = lang._("{n} periods in a row", n=lang.number(insight.periods_in_a_row))
    if not insight.first_seen:
        return text
    since = wording.since_period(lang, insight.first_seen, model)
    return lang._("{row}, since {period}", row=text, period=since)


def _acknowledged(lang: Language, insight: Insight) -> str:
    if insight.acknowledged is None:
        return ""
    ack = insight.acknowledged
    return lang._("Accepted by {by} until {day}: {why}", by=ack.by, day=lang.day(ack.until), why=ack.why)


def _days(lang: Language, insight: Insight, edges: tuple[float, ...]) -> list[str]:
    return [
        f"{lang.day(day.data_date, 'EEE d')}: {_day_share(lang, day.share, edges)}".replace(" ", "\u00a0")
        for day in insight.days
    ]


def _day_share(lang: Language, share: Share, edges: tuple[float, ...]) -> str:
    if not 0 < share.total < FEW_MESSAGES:
        return lang.share(share, edges)
    return lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total))


def _partners(lang: Language, partners: tuple[PartnerLine, ...], measure: str, most: int = 4) -> str:
    """Partners with what each adds to the insight's count."""
    counted = versions_of(measure)
    named = [
        f"{partner_name(lang, line.partner_domain)} ({lang.number(wording.total(line.versions, counted))})"
        for line in partners
    ]
    return wording.few(lang, named, most)


def partner_name(lang: Language, domain: str) -> str:
    """A partner domain as shown: null sender and unknown in words, an internationalised one readable too."""
    if domain == "<>":
        return lang._("<> (null sender)")
    return lang._("Unknown") if domain == "Unknown" else wording.clean(domains.readable(domain) or DASH)


def _resolved(lang: Language, model: ReportModel) -> tuple[str, ...]:
    """What no longer speaks: those of one rule that stood equally long in one sentence."""
    apart: dict[tuple[str, str], list[str]] = {}
    for item in model.resolved:
        place = lang._("all mail")
        if item.connector:
            place = wording.directed(lang, item.connector, item.direction, wording.IN_TABLES)
        stood = (
            lang.ngettext("stood for {n} week", "stood for {n} weeks", item.periods)
            if model.period.kind == "week"
            else lang.ngettext("stood for {n} period", "stood for {n} periods", item.periods)
        )
        first = wording.since_period(lang, item.first_seen, model) if item.first_seen else ""
        since = lang._(", since {period}", period=first) if first else ""
        unsure = lang._("; days are missing") if item.provisional else ""
        apart.setdefault((lang.pick(item.title), f"{stood}{since}{unsure}"), []).append(place)
    return tuple(f"{title} ({stood}): {'; '.join(_few(lang, places))}" for (title, stood), places in apart.items())


def _few(lang: Language, places: list[str], most: int = 12) -> list[str]:
    return [*places[:most], *filter(None, [wording.rest(lang, len(places) - most)])]
