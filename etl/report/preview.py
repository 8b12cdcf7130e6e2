"""A period as the warehouse holds it now, judged but not archived; and its insights as plain objects."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from etl import warehouse
from etl.common import periods
from etl.common.periods import Period
from etl.insights import Policy
from etl.measures import measure, prepare
from etl.model.report import EditionInfo, Insight, ReportModel, ResolvedInsight
from etl.report.build import make_model, period_inputs
from etl.report.language import load
from etl.report.view import wording
from etl.settings import Settings

_MADE_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""A preview is made at no instant: what insights say does not depend on it."""


def preview(settings: Settings, period: Period, policy: Policy | None = None) -> ReportModel:
    """The model of a period as the warehouse holds it now, by the settings' policy or another one."""
    edition = EditionInfo(number=0, origin="preview", made_at=_MADE_AT, ledger_head=None)
    inputs = period_inputs(settings, period, policy=policy)
    return make_model(inputs, settings, period, edition, language=settings.report.language)


def is_over(settings: Settings, period: Period) -> bool:
    """Whether a period's last day is past: by the clock, or by what came of it or since."""
    if periods.now() >= period.ends_at(settings.report.time_zone):
        return True
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        prepare(con)
        return any((row["evidence_date"] or date.min) >= period.last_date for row in measure(con, "sources"))


def as_object(item: Insight | ResolvedInsight, language: str) -> dict[str, Any]:
    """An insight as a JSON object: title, advice and detail in one language, all numbers."""
    found = item.model_dump(mode="json")
    told: dict[str, str] = {key: in_language(found[key], language) for key in ("title", "advice") if key in found}
    if isinstance(item, Insight):
        lang = load(language)
        told["detail"] = " ".join(wording.sentence(lang, sentence) for sentence in item.detail)
    return found | told


def in_language(texts: dict[str, str], language: str) -> str:
    """The text in `language`, else in English, else in the first there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
