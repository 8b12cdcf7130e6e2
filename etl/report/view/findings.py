"""The insights as people read them: a number, a name, what to do, and the evidence in one grey line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.report.language import DASH, Language
from etl.report.model import Insight, PartnerLine, ReportModel, ResolvedInsight, Share
from etl.report.view import wording
from etl.report.view.verdict import needs_action


@dataclass(frozen=True)
class InsightView:
    """One insight, ready to be placed."""

    anchor: str
    tone: str
    """`alarm` (spoke), `unsure` (can't be decided), `calm` (a notice)."""
    big: str
    big_small: bool
    title: str
    place: str
    advice: str
    detail: str
    evidence: str
    acknowledged: str
    missing: str
    days: str
    """The measure day by day: `Mon 16 31.0 % · …`."""
    partners: str
    rule: str
    references: str
    connector_anchor: str


@dataclass(frozen=True)
class Findings:
    """All insights of a report, sorted into what needs action, what is accepted, what is good to know."""

    action: tuple[InsightView, ...]
    accepted: tuple[InsightView, ...]
    noted: tuple[InsightView, ...]
    resolved: tuple[str, ...]


def build(lang: Language, model: ReportModel, anchors: Mapping[tuple[str, str], str]) -> Findings:
    """The insights of `model`; `anchors` names the place of each connector's section."""
    views = [(insight, view(lang, model, n, insight, anchors)) for n, insight in enumerate(model.insights, start=1)]
    accepted = [v for i, v in views if i.acknowledged]
    action = [v for i, v in views if not i.acknowledged and (needs_action(i) or i.severity in ("critical", "warning"))]
    noted = [v for i, v in views if v not in accepted and v not in action]
    return Findings(tuple(action), tuple(accepted), tuple(noted), tuple(_resolved(lang, r) for r in model.resolved))


def view(
    lang: Language, model: ReportModel, number: int, insight: Insight, anchors: Mapping[tuple[str, str], str]
) -> InsightView:
    """One insight in words."""
    share = share_of(insight)
    edges = thresholds(insight)
    big, small = _big(lang, insight, share, edges)
    place = wording.directed(lang, insight.connector, insight.direction) if insight.connector else lang._("all mail")
    title = lang.pick(insight.title)
    if insight.verdict == "undecided":
        title = lang._("Can’t be decided: {title}", title=title)
    return InsightView(
        anchor=f"insight-{number}",
        tone="calm" if insight.acknowledged else "unsure" if insight.verdict == "undecided" or insight.provisional
        else "alarm" if insight.severity in ("critical", "warning") else "calm",
        big=big, big_small=small, title=title, place=place, advice=lang.pick(insight.advice),
        detail=lang.pick(insight.detail), evidence=_evidence(lang, model, insight, share, edges),
        acknowledged=_acknowledged(lang, insight),
        missing=lang._("Missing, and covered by no bound: {names}", names=lang.listed(insight.missing))
        if insight.missing else "",
        days=" · ".join(_days(lang, insight, edges)), partners=_partners(lang, insight.partners, insight.measure),
        rule=lang._("rule {id}, version {version}", id=insight.rule, version=insight.rule_version),
        references=lang.listed(insight.references),
        connector_anchor=anchors.get((insight.direction or "", insight.connector or ""), ""),
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
    if share is not None and insight.verdict == "undecided":
        return lang.bounds(share, edges), True
    if share is not None:
        return lang.share(share, edges), False
    if insight.numerator is not None:
        return lang.number(insight.numerator), False
    words = {
        "critical": lang._("critical"), "warning": lang._("warning"), "notice": lang._("notice"),
        "info": lang._("note"),
    }  # fmt: skip
    return words[insight.severity], True


def _evidence(
    lang: Language, model: ReportModel, insight: Insight, share: Share | None, edges: tuple[float, ...]
) -> str:
    parts = []
    if insight.provisional:
        parts.append(lang._("provisional"))
    if share is not None:
        n, whole = lang.number(share.n), lang.number(share.total)
        parts.append(lang._("{n} of {total} messages", n=n, total=whole))
        if share.undecided:
            undecided = lang.ngettext("{n} undecided", "{n} undecided", share.undecided)
            parts.append(f"{undecided} ({lang.bounds(share, edges)})" if insight.verdict == "speaks" else undecided)
            if insight.verdict == "undecided":
                parts.append(lang._("{share} of what is known", share=lang.share(share, edges)))
    parts.append(_since(lang, model, insight))
    if insight.share_before is not None:
        before = round(insight.share_before * 10_000_000)
        parts.append(lang._("was {share}", share=lang.ratio(before, 10_000_000, edges)))
    return " · ".join(parts)


def _since(lang: Language, model: ReportModel, insight: Insight) -> str:
    if insight.periods_in_a_row <= 1:
        return lang._("new this week") if model.period.kind == "week" else lang._("new in this period")
    if model.period.kind == "week":
        text = lang._("{n} weeks in a row", n=lang.number(insight.periods_in_a_row))
    else:
        text = lang._("{n} periods in a row", n=lang.number(insight.periods_in_a_row))
    return lang._("{row}, since {period}", row=text, period=insight.first_seen) if insight.first_seen else text


def _acknowledged(lang: Language, insight: Insight) -> str:
    if insight.acknowledged is None:
        return ""
    ack = insight.acknowledged
    return lang._("Accepted by {by} until {day}: {why}", by=ack.by, day=lang.day(ack.until), why=ack.why)


def _days(lang: Language, insight: Insight, edges: tuple[float, ...]) -> list[str]:
    return [
        f"{lang.day(day.data_date, 'EEE d')}: {lang.share(day.share, edges)}".replace(" ", "\u00a0")
        for day in insight.days
    ]


def _partners(lang: Language, partners: tuple[PartnerLine, ...], measure: str, most: int = 4) -> str:
    shown = [
        f"{partner_name(lang, line.partner_domain)} ({lang.number(line.versions.get(measure, line.messages))})"
        for line in partners[:most]
    ]
    if len(partners) > most:
        shown.append(lang.ngettext("and {n} more", "and {n} more", len(partners) - most))
    return lang.listed(shown)


def partner_name(lang: Language, domain: str) -> str:
    """A partner domain as shown: the null sender and the unknown one in words."""
    if domain == "<>":
        return lang._("<> (null sender)")
    return lang._("Unknown") if domain == "Unknown" else wording.clean(domain or DASH)


def _resolved(lang: Language, item: ResolvedInsight) -> str:
    place = wording.directed(lang, item.connector, item.direction) if item.connector else lang._("all mail")
    stood = lang.ngettext("stood for {n} period", "stood for {n} periods", item.periods)
    since = lang._(", since {period}", period=item.first_seen) if item.first_seen else ""
    return f"{lang.pick(item.title)} · {place}: {stood}{since}"
