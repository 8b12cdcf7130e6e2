"""What to act on, a line each: what, where, how much, the last weeks, since when, and who."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from etl.common.words import TLS_VERSIONS
from etl.insights.classes import label, share, versions_of
from etl.model.numbers import rounded
from etl.model.report import Insight, ReportModel, Share
from etl.report.language import Language
from etl.report.view import missing, wording
from etl.report.view.wording import FEW

WEEKS = 6
"""So many weeks, the period's own included, stand in an action's small line."""
LONG_KNOWN = 4
"""What has stood for more weeks than these comes after what is newer."""
_DATA = ("days missing", "files")
"""Measures of the rules on missing data: one action, to fetch it."""
_UNKNOWN, _ENCRYPTED = label("unknown"), label("protected")
_SEVERITY = ("critical", "warning", "notice", "info")


@dataclass(frozen=True)
class ActionRow:
    """One action."""

    anchor: str
    what: str
    where: str
    count: str
    """n of N, or how much is missing."""
    share: str
    """The percentage, of 30 messages or more."""
    weeks: tuple[tuple[int, int], ...]
    """n and N of the last weeks, oldest first, for a small line; nothing where no week can be told."""
    weeks_text: str
    """The same in words: `12, 16, 20, 32, 36 %`."""
    since: str
    since_short: str
    """The same below a head that says `since`."""
    is_new: bool
    who: str
    tone: str


def rank(insight: Insight) -> tuple[bool, int, bool, int, int, str, str, str]:
    """The order of actions: new and worse before long known, then by severity, then by how many messages."""
    return (
        insight.periods_in_a_row > LONG_KNOWN, _SEVERITY.index(insight.severity), insight.verdict != "speaks",
        insight.periods_in_a_row, -(insight.numerator or 0), insight.rule, insight.direction or "",
        insight.connector or "",
    )  # fmt: skip


def rows(lang: Language, model: ReportModel, found: Sequence[tuple[Insight, str, str, str]]) -> tuple[ActionRow, ...]:
    """A line for each insight (with its title, place and anchor) that needs action; what has one cause is one line:
    missing data, and what two rules say of the same messages at one place."""
    made: list[ActionRow] = []
    data_told = False
    unknown = {(i.direction, i.connector) for i, *_ in found if i.measure == _UNKNOWN and i.verdict == "speaks"}
    plain = {(i.direction, i.connector) for i, *_ in found if i.measure == "No TLS"}
    told: set[tuple[str | None, str | None, str]] = set()
    history = _history(model) if found else {}
    for insight, title, place, anchor in found:
        if insight.connector is None and insight.measure in _DATA:
            if not data_told:
                made.append(_fetch(lang, model, title, anchor))
            data_told = True
            continue
        where = insight.direction, insight.connector
        if where in unknown and insight.verdict == "undecided":
            continue  # what is unknown there is an action already, and all that can be done about this one
        if where in plain and insight.measure == _ENCRYPTED:
            continue  # that less was encrypted there is the same messages
        if (*where, insight.measure) in told:
            continue
        told.add((*where, insight.measure))
        made.append(_row(lang, model, insight, title, place, anchor, history))
    return tuple(made)


def _row(
    lang: Language, model: ReportModel, insight: Insight, title: str, place: str, anchor: str,
    history: dict[tuple[str, str], list[dict[str, int]]],
) -> ActionRow:  # fmt: skip
    told = insight.numerator is not None and bool(insight.denominator) and insight.share is not None
    part = (
        Share(n=insight.numerator or 0, total=insight.denominator or 0, undecided=insight.undecided) if told else None
    )
    edges = (insight.threshold,) if insight.threshold is not None else ()
    percent = lang.share(part, edges) if part and part.total >= FEW else ""
    if part and percent and part.undecided and insight.verdict == "undecided":
        percent = lang.bounds(part, edges)
    if part is None and insight.detail:
        place = f"{place}. {wording.sentence(lang, insight.detail[0], model.period)}" if place else place
    weeks = _weeks(insight, history.get((insight.direction or "", insight.connector or ""), []))
    return ActionRow(
        anchor=anchor, what=title, where=place, count=_count(lang, insight, part), share=percent, weeks=weeks,
        weeks_text=_weeks_text(lang, insight, weeks), since=_since(lang, model, insight),
        since_short=_since_short(lang, model, insight), is_new=insight.periods_in_a_row <= 1, who=_who(lang, insight),
        tone="unsure" if insight.verdict == "undecided" else "alarm",
    )  # fmt: skip


def _count(lang: Language, insight: Insight, part: Share | None) -> str:
    if part is not None:
        return lang._("{n} of {total}", n=lang.number(part.n), total=lang.number(part.total))
    if insight.denominator == 0 and insight.undecided:
        return lang._("unknown for all {n}", n=lang.number(insight.undecided))
    if insight.numerator is not None and insight.measure == "messages":
        return lang.ngettext("{n} message", "{n} messages", insight.numerator)
    return ""


def _fetch(lang: Language, model: ReportModel, title: str, anchor: str) -> ActionRow:
    about = missing.estimate(model)
    return ActionRow(
        anchor=anchor, what=lang._("Fetch what is missing") if model.completeness.gaps else title,
        where=missing.files(lang, model),
        count=lang._("about {n} messages", n=lang.number(about)) if about else "", share="", weeks=(), weeks_text="",
        since="", since_short="", is_new=False, who=lang._("ours to fetch"), tone="alarm",
    )  # fmt: skip


def _since(lang: Language, model: ReportModel, insight: Insight) -> str:
    if insight.periods_in_a_row <= 1 or not insight.first_seen:
        return lang._("new")
    return lang._("since {period}", period=wording.since_period(lang, insight.first_seen, model))


def _since_short(lang: Language, model: ReportModel, insight: Insight) -> str:
    if insight.periods_in_a_row <= 1 or not insight.first_seen:
        return lang._("new")
    return wording.since_period(lang, insight.first_seen, model)


def _who(lang: Language, insight: Insight) -> str:
    """Ours to fix, or whom to ask: settings are ours, what a partner's servers do is the partner's."""
    contact = wording.clean(insight.contact) if insight.contact else ""
    if insight.rule.startswith("forced-tls"):
        return lang._("ours: the connector’s settings")
    if insight.partner and contact:
        return lang._("ask {contact}", contact=contact)
    return contact or lang._("ours to look into")


def _history(model: ReportModel) -> dict[tuple[str, str], list[dict[str, int]]]:
    """Messages by TLS version of each connector in the last weeks, oldest first; a week without its mail is empty."""
    firsts = sorted({point.first_date for point in model.trend})[-WEEKS:]
    found: dict[tuple[str, str], dict[object, dict[str, int]]] = defaultdict(dict)
    for point in model.trend:
        if point.connector is not None:
            found[point.direction, point.connector][point.first_date] = point.versions
    return {place: [own.get(first, {}) for first in firsts] for place, own in found.items()}


def _weeks(insight: Insight, history: Sequence[dict[str, int]]) -> tuple[tuple[int, int], ...]:
    """n and N of the insight's class in the last weeks; of one that counts mail, the messages of each."""
    if insight.measure == "messages":
        most = max((sum(versions.values()) for versions in history), default=0)
        return tuple((sum(versions.values()), most) for versions in history) if most else ()
    members = frozenset(versions_of(insight.measure))
    if insight.share is None or insight.rule.startswith("forced-tls") or not members <= set(TLS_VERSIONS):
        return ()
    counted = [share(versions, members) for versions in history]
    told = tuple((item.n, item.total) for item in counted)
    return told if sum(1 for _, total in told if total) > 1 else ()


def _weeks_text(lang: Language, insight: Insight, weeks: Sequence[tuple[int, int]]) -> str:
    """`12, 16, 20, 32, 36 %`, where each week has messages enough for a percentage; else the messages of each."""
    told = [(n, total) for n, total in weeks if total]
    if insight.measure == "messages":
        return lang._("messages by week {counts}", counts=lang.listed(lang.number(n) for n, _ in told)) if told else ""
    if len(told) < 2 or any(total < FEW for _, total in told):
        return ""
    whole = [lang.percent(rounded(n, total, 0), 0).removesuffix("\u202f%") for n, total in told]
    return lang._("by week {shares}", shares=f"{lang.listed(whole)}\u202f%")
