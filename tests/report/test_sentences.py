"""The sentences of page one and the mail's first lines: each true on the day it was made, and none beyond what is
known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from etl.basis.inputs import period_inputs
from etl.common.periods import parse_period
from etl.common.standards import STANDARDS
from etl.insights.classes import label
from etl.measures import completeness
from etl.model.quality import Gap, MissingVolume
from etl.model.report import Acknowledgement, EditionInfo, Figure, Insight, ReportModel, Review, Share, UntoldSource
from etl.report.build import make_model
from etl.report.language import load
from etl.report.view import about, actions, findings, missing, page, tables, verdict, wording
from tests import helpers
from tests.helpers import bring, export, site
from tests.report.fixtures import report_model

LANG = load("en")


@pytest.fixture(scope="module")
def model() -> ReportModel:
    return report_model("en")


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def with_share(model: ReportModel, n: int, total: int, undecided: int = 0, **more: Any) -> ReportModel:
    figure = Figure(now=Share(n=n, total=total, undecided=undecided), before=None)
    return model.model_copy(update={"up_to_date": figure, **more})


@pytest.mark.parametrize(
    ("share", "more", "says"),
    [
        ((904, 1000, 3), {}, "90.4 % of the mail we can see met TLS 1.2 or newer: 904 of 1 000 messages (RFC 9325)."),
        ((904, 1000), {}, "90.4 % of the mail met TLS 1.2 or newer: 904 of 1 000 messages (RFC 9325)."),
        ((50, 50), {}, "All mail met TLS 1.2 or newer: 50 of 50 messages (RFC 9325)."),
        ((50, 50), {"provisional": True},
         "100.0 % of the mail we can see met TLS 1.2 or newer: 50 of 50 messages (RFC 9325)."),
        ((4, 7), {}, "4 of 7 messages met TLS 1.2 or newer (RFC 9325)."),
        ((0, 0, 1422), {"messages": 1422}, "Unknown: nothing tells which TLS any of the 1 422 messages had."),
        ((90, 100), {"standard": STANDARDS["tls-1.3"]},
         "90.0 % of the mail met TLS 1.3 or newer: 90 of 100 messages (RFC 8446)."),
    ],
)  # fmt: skip
def test_the_headline_is_a_share_to_a_named_standard(
    model: ReportModel, share: tuple[int, ...], more: dict[str, Any], says: str
) -> None:
    made = verdict.build(LANG, with_share(model, *share, **more), 0)
    assert plain(made.headline) == says
    assert "protected" not in made.headline + made.rest + made.subject


def test_a_report_on_some_connectors_says_so_everywhere(model: ReportModel) -> None:
    two = model.connectors[:2]
    some = model.model_copy(update={"connectors": two, "visible_connectors": ("a", "b"), "connectors_in_all": 7})
    made = page.build(some, page.SCREEN)
    for text in (made.verdict.scope, made.verdict.subject, made.verdict.headline):
        assert "2 of 7 connectors" in text
    assert [row.name for row in made.totals] == ["These connectors"]
    assert not any(bar.is_sum for bar in made.bars)
    assert "rejected" not in made.verdict.whole


def test_what_differs_by_chance_is_about_the_same() -> None:
    def said(n: int, before: int, total: int = 5000) -> str:
        figure = Figure(now=Share(n=n, total=total), before=Share(n=before, total=total))
        return plain(verdict.compare(LANG, figure, "last week"))

    assert said(4542, 4540) == "about as last week (90.8 %)"
    assert said(4500, 4400) == "up from 88.0 % last week"
    assert said(4400, 4500) == "down from 90.0 % last week"
    assert said(9, 3, total=20) == ""


GAPS = (
    Gap(data_date=date(2026, 11, 17), source="m365", kind="unreadable", file="connector-17.csv", reason="no column"),
    Gap(data_date=date(2026, 11, 18), source="m365", kind="absent"),
    Gap(data_date=date(2026, 11, 19), source="m365", kind="cut", file="connector-19.csv", until="14:17"),
)


def lacking(model: ReportModel, gaps: tuple[Gap, ...], volume: MissingVolume | None) -> ReportModel:
    whole = model.completeness.model_copy(update={"gaps": gaps, "complete": False})
    return model.model_copy(
        update={"completeness": whole, "missing": volume, "provisional": True, "messages": 5126}
    )  # fmt: skip


def test_what_is_missing_is_a_quantity_with_the_bounds_of_the_share(model: ReportModel) -> None:
    lost = lacking(with_share(model, 4542, 5027, 99), GAPS, MissingVolume(messages=1618, weeks=4))
    assert plain(missing.sentence(LANG, lost)) == (
        "About 24 % of week 47 is missing: no export for Wed 18 Nov; Thu 19 Nov ends at 14:17, at a row limit; Tue 17 "
        "Nov came but could not be read. That is about 1 620 messages by the usual volume; with them, and the unknown, "
        "the share lies between 67 % and 93 %."
    )
    assert missing.sentence(LANG, model) == ""
    untold = lacking(model, GAPS[1:2], None)
    assert missing.sentence(LANG, untold) == (
        "Part of it is missing: no export for Wed 18 Nov. How much can’t be told, for want of earlier weeks."
    )


def test_missing_data_is_told_once(model: ReportModel) -> None:
    """On page one; no insight repeats it."""
    lost = lacking(model, GAPS[1:2], MissingVolume(messages=900, weeks=4))
    told = tuple(item.model_copy(update={"missing": ("2026-11-18 (m365)",), "provisional": True})
                 for item in model.insights)  # fmt: skip
    views = [findings.view(LANG, lost, 1, item, {}) for item in told]
    assert not any("18 Nov" in f"{v.evidence}{v.detail}{v.advice}" or "provisional" in v.evidence for v in views)


def stored(files: list[dict[str, Any]], missing_dates: list[str], cut: list[str]) -> dict[str, Any]:
    source = {
        "source": "m365", "role": "count", "expect": "daily", "expected_dates": ["2026-11-17", "2026-11-18"],
        "received_dates": [day for day in ("2026-11-17", "2026-11-18") if day not in missing_dates],
        "missing_dates": missing_dates, "suspected_cut": cut,
        "days": [{"data_date": "2026-11-17", "last_at": "2026-11-17T13:17:40"}],
        **dict.fromkeys(("files", "records", "used", "rejected", "skipped", "duplicates", "late_rows",
                         "duplicate_files", "quarantined_files"), 0),
        "without_identity": False, "is_estimated": False,
    }  # fmt: skip
    unread = [{"source": "m365", "name": f["name"], "reason": f["reason"]} for f in files if f["state"] != "counted"]
    return {"sources": [source], "quarantined": unread, "state": "open", "settled_date": None}


def landed(name: str, day: str, state: str = "counted") -> dict[str, Any]:
    return {"source": "m365", "name": name, "home_date": day, "state": state, "reason": "no column"}


def test_never_came_unreadable_twin_and_cut_are_told_apart() -> None:
    def told(files: list[dict[str, Any]], missing_dates: list[str], cut: list[str] = []) -> Any:  # noqa: B006
        return completeness.model_completeness(stored(files, missing_dates, cut), files, "Europe/Stockholm")

    never = told([landed("17.csv", "2026-11-17")], ["2026-11-18"])
    assert [(gap.data_date.day, gap.kind) for gap in never.gaps] == [(18, "absent")]
    unread = told([landed("18.csv", "2026-11-18", "quarantined")], ["2026-11-18"])
    assert [(gap.kind, gap.file, gap.reason) for gap in unread.gaps] == [("unreadable", "18.csv", "no column")]
    assert unread.quarantined == ("18.csv",)
    twin = told([landed("18.csv", "2026-11-18"), landed("18-bad.csv", "2026-11-18", "quarantined")], [])
    assert (twin.gaps, twin.quarantined, twin.twins, twin.complete) == ((), (), ("18-bad.csv",), True)
    cut = told([landed("17.csv", "2026-11-17")], [], ["17.csv"])
    assert [(gap.kind, gap.until) for gap in cut.gaps] == [("cut", "14:17")]


def test_the_last_row_of_a_day_makes_no_new_edition() -> None:
    told = stored([], [], [])
    without = stored([], [], [])
    without["sources"][0]["days"] = [{"data_date": "2026-11-17"}]
    assert completeness.evidence_basis(told) == completeness.evidence_basis(without)


def test_no_date_of_a_next_report_is_past(model: ReportModel) -> None:
    late = model.edition.model_copy(update={"made_at": datetime(2026, 11, 30, 23, 0, tzinfo=UTC)})
    rows = dict(about.provenance(LANG, model)), dict(about.provenance(LANG, model.model_copy(update={"edition": late})))
    assert "Next report due" in rows[0]
    assert "Next report due" not in rows[1]


def test_what_began_with_the_records_may_be_older(model: ReportModel) -> None:
    begun = model.model_copy(update={"begin_date": date(2026, 10, 19)})
    assert wording.since_period(LANG, "2026-W43", begun) == "week 43 or before"
    assert wording.since_period(LANG, "2026-W44", begun) == "week 44"
    assert wording.since_day(LANG, date(2026, 10, 19), begun.begin_date) == "19 Oct 26 or before"
    assert wording.since_day(LANG, date(2026, 10, 20), begun.begin_date) == "20 Oct 26"


def row(insight: Insight, **changes: Any) -> tuple[Insight, str, str, str]:
    return insight.model_copy(update=changes), "title", "place", "insight-1"


def test_new_and_worse_come_before_long_known(model: ReportModel) -> None:
    one = model.insights[0].model_copy(update={"severity": "critical", "verdict": "speaks", "acknowledged": None})
    old = one.model_copy(update={"periods_in_a_row": 5, "numerator": 9000})
    new = one.model_copy(update={"periods_in_a_row": 1, "numerator": 40, "severity": "warning"})
    assert sorted([old, new], key=actions.rank) == [new, old]


def test_one_cause_is_one_action(model: ReportModel) -> None:
    """What is unknown at a place is an action; the verdicts that it leaves open there are none of their own."""
    base = model.insights[0]
    unknown = row(base, measure="Unknown or TLS unknown", verdict="speaks", rule="unknown-large")
    rose = row(base, measure="Unknown or TLS unknown", verdict="speaks", rule="unknown-rose")
    still = row(base, verdict="undecided")
    assert len(actions.rows(LANG, model, [still, unknown, rose])) == 1
    assert len(actions.rows(LANG, model, [still])) == 1
    plain, worse = row(base, measure="No TLS"), row(base, measure=label("protected"), rule="tls-got-worse")
    assert [item.what for item in actions.rows(LANG, model, [worse, plain])] == ["title"]
    data = [row(base, connector=None, direction=None, measure=name) for name in ("days missing", "files")]
    assert len(actions.rows(LANG, lacking(model, GAPS, None), data)) == 1


def test_of_all_unknown_nothing_is_said_to_pass_or_break(model: ReportModel) -> None:
    part = model.connectors[0]
    would = part.would_break.model_copy(
        update={"plaintext_messages": 0, "below_modern_messages": 0, "unknown_messages": part.messages}
    )
    blank = part.model_copy(update={"would_break": would, "versions": {"Unknown": part.messages}})
    made = tables.section(LANG, model, blank, (), (), "a", 4).would_break
    assert (
        plain(made) == f"Unknown: nothing tells which TLS any of the {plain(LANG.number(part.messages))} messages had."
    )


def test_the_foot_names_what_an_auditor_looks_for(model: ReportModel) -> None:
    kept = Acknowledgement(by="N. N.", until=date(2026, 12, 31), why="x")
    review = Review(period="2026-W46", by="B. B.", on=date(2026, 11, 20))
    told = dict(about.foot(LANG, model.model_copy(update={"exceptions": (kept,), "reviews": (review,)})))
    assert told["Covers"].startswith("m365; mail in and out, all 7 connectors; not mail between own servers")
    assert told["Judged by"] == "RFC 9325, by TLS version; policy transit-ledger-default, version 1"
    assert told["Edition"] == "edition 1 · built on ledger head 9f2c41ab77e05d13"
    assert told["Exceptions"] == "1 on record; the next runs out 31 December 2026 (N. N.)"
    assert told["More data"] == "rows may come until Tue 24 November"
    assert told["Reviewed"] == "week 46 by B. B. on 20 November 2026"


def test_a_correction_leads_with_sentences() -> None:
    made = about.edition(LANG, report_model("en", number=2), 12)
    assert made.title == "Edition 2 replaces edition 1 of 23 November 2026, 05:00 Europe/Stockholm"
    came, headline, acts = made.sentences
    assert came == "Came since: connector-2026-11-17.csv.gz."
    assert headline.startswith("Headline: ")
    assert acts == (
        "Actions: 2 stand; 1 withdrawn (No TLS is above 25%: Branch office, in); 1 new (No TLS is above 25%: Litware "
        "scanners, in)."
    )


def test_a_share_is_printed_as_it_rounds() -> None:
    assert LANG.tenth(398, 611) == "65.1"
    assert LANG.tenth(357, 553) == "64.6"
    assert [LANG.tenth(1, 3)] * 3 == ["33.3", "33.3", "33.3"]
    assert (LANG.tenth(1, 100_000), LANG.tenth(99_999, 100_000), LANG.tenth(0, 9)) == ("<0.1", ">99.9", "–")


def test_a_source_that_tells_no_tls_is_said_first_with_what_to_do() -> None:
    """`Unknown` for all of a source's mail is no finding about its connectors: the export lacks it."""
    advice = "set smtpd_tls_loglevel = 1 and smtp_tls_loglevel = 1 in main.cf"
    untold = (UntoldSource(source="mx", messages=94, advice=advice),)
    model = report_model("en").model_copy(update={"untold": untold})
    first = verdict.build(load("en"), model, 0).missing
    assert first.startswith(f"mx tells nothing of TLS, for none of its 94 messages: {advice}.")
    swedish = verdict.build(load("sv"), model, 0).missing
    assert swedish.startswith("mx säger inget om TLS för något av sina 94 meddelanden: sätt smtpd_tls_loglevel = 1")
    assert "nothing of TLS" not in verdict.build(load("en"), report_model("en"), 0).missing


def test_which_sources_tell_no_tls_follows_from_the_facts(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [helpers.row(number, tls_version="", tls_cipher="") for number in range(3)]
    bring(settings, {"connector-2026-11-16.csv": export(rows)})
    week = parse_period("2026-W47")
    edition = EditionInfo(number=0, origin="preview", made_at=datetime(2026, 11, 23, 5, tzinfo=UTC), ledger_head=None)
    model = make_model(period_inputs(settings, week), settings, week, edition, language="en")
    assert [(item.source, item.messages) for item in model.untold] == [("m365", 3)]
    bring(settings, {"connector-2026-11-17.csv": export([helpers.row(9, date_time_utc="2026-11-17T10:00:00Z")])})
    assert make_model(period_inputs(settings, week), settings, week, edition, language="en").untold == ()
