"""What is missing, as a quantity: about how many messages, which days, and within which bounds the share lies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from etl.common.periods import days_between
from etl.model import numbers
from etl.model.quality import Gap
from etl.model.report import ReportModel
from etl.report.language import Language
from etl.report.view import wording

_ROUND = 3
"""An estimate is told with three digits at most, and to the ten: more would look measured."""


def estimate(model: ReportModel) -> int | None:
    """About how many messages are missing, rounded as it is told; nothing where that can't be told."""
    if model.missing is None:
        return None
    exact = model.missing.messages
    step: int = 10 ** max(1, len(str(exact)) - _ROUND)
    return max(step, (exact + step // 2) // step * step)


def sentence(lang: Language, model: ReportModel) -> str:
    """`About 24 % of the week is missing: no export for Wed 18; Thu 19 ends at 14:17. …`; nothing where all came."""
    gaps = model.completeness.gaps
    if not gaps or model.state == "no_data":
        return ""
    listed = "; ".join(days(lang, model, gaps))
    about = estimate(model)
    if about is None:
        return lang._("Part of it is missing: {days}. How much can’t be told, for want of earlier weeks.", days=listed)
    said = lang._(
        "About {part} of {period} is missing: {days}. That is about {n} messages by the usual volume",
        part=_part(lang, model, about), period=wording.the_period(lang, model.period), days=listed,
        n=lang.number(about),
    )  # fmt: skip
    now = model.up_to_date.now
    whole = now.total + now.undecided + about
    low, high = (lang.percent(100 * n // whole if n is now.n else -(-100 * n // whole), 0)
                 for n in (now.n, now.n + now.undecided + about))  # fmt: skip
    return said + lang._("; with them, and the unknown, the share lies between {low} and {high}.", low=low, high=high)


def part(lang: Language, model: ReportModel) -> str:
    """`24 % missing`, for the subject."""
    about = estimate(model)
    if about is None or not model.completeness.gaps:
        return lang._("data missing") if model.completeness.gaps else ""
    return lang._("{part} missing", part=_part(lang, model, about))


def _part(lang: Language, model: ReportModel, about: int) -> str:
    return lang.percent(numbers.rounded(about, model.messages + about, 0), 0)


def days(lang: Language, model: ReportModel, gaps: Sequence[Gap]) -> list[str]:
    """What is missing, day by day: never came, came but could not be read, ends before the day does."""
    several = len({source.source for source in model.completeness.sources if source.role == "count"}) > 1
    said = []
    for (kind, source), run in groupby(sorted(gaps, key=_kind), key=lambda gap: (gap.kind, gap.source)):
        found = list(run)
        named = wording.few(lang, [lang.day(gap.data_date, "EEE d MMM") for gap in found])
        if several:
            named += f" ({wording.clean(source)})"
        if kind == "absent":
            said.append(lang._("no export for {days}", days=named))
        elif kind == "unreadable":
            said.append(lang._("{days} came but could not be read", days=named))
        else:
            said += [_cut(lang, gap) for gap in found]
    return said


def _kind(gap: Gap) -> tuple[str, str, str]:
    return gap.kind, gap.source, gap.data_date.isoformat()


def _cut(lang: Language, gap: Gap) -> str:
    day = lang.day(gap.data_date, "EEE d MMM")
    if gap.until:
        return lang._("{day} ends at {time}, at a row limit", day=day, time=gap.until)
    return lang._("{day} ends at a row limit", day=day)


def files(lang: Language, model: ReportModel) -> str:
    """What to fetch: the exports by source and day, the files again that were cut short or could not be read."""
    said = []
    gaps = model.completeness.gaps
    for source in sorted({gap.source for gap in gaps}):
        days_lost = [lang.day(g.data_date, "d MMM") for g in gaps if g.source == source and g.kind == "absent"]
        again = [wording.clean(g.file) for g in gaps if g.source == source and g.kind != "absent"]
        name = wording.clean(source)
        if days_lost:
            said.append(lang._("{source}, {days}", source=name, days=wording.few(lang, days_lost)))
        if again:
            said.append(lang._("again: {files}", files=wording.few(lang, again, 3)))
    return "; ".join(said)


def marks(lang: Language, model: ReportModel) -> dict[str, str]:
    """What a chart writes under a day (by ISO date) of which not all is here: `no export`, `until 14:17`."""
    words: dict[str, str] = {}
    shown = days_between(model.period.first_date, model.period.last_date)
    for gap in model.completeness.gaps:
        if gap.data_date not in shown:
            continue
        words[gap.data_date.isoformat()] = {
            "absent": lang._("no export"), "unreadable": lang._("unreadable"),
            "cut": lang._("until {time}", time=gap.until) if gap.until else lang._("cut short"),
        }[gap.kind]  # fmt: skip
    return words
