"""What the renderings are given to place: what is summed, chosen and cut, and what is said of the rest."""

from __future__ import annotations

from datetime import date

import pytest

from etl.common.words import BELOW_MODERN
from etl.model.report import CipherLine, PartnerLine, ReportModel, Sentence, Share, SourceShare
from etl.report.draw import glyphs
from etl.report.language import load
from etl.report.view import page
from tests.report.fixtures import report_model


@pytest.fixture(scope="module")
def model() -> ReportModel:
    return report_model("en")


def partner(domain: str, organisation: str, versions: dict[str, int], first: int, last: int) -> PartnerLine:
    return PartnerLine(
        direction="inbound", partner_domain=domain, connector=None, versions=versions, messages=sum(versions.values()),
        organisational_domain=organisation, first_seen_date=date(2026, 11, first), last_seen_date=date(2026, 11, last),
    )  # fmt: skip


def test_partners_are_summed_by_organisation(model: ReportModel) -> None:
    lines = (
        partner("b.example", "b.example", {"No TLS": 9, "TLS 1.3": 1}, 3, 20),
        partner("mx1.a.example", "a.example", {"No TLS": 8}, 2, 18),
        partner("mx2.a.example", "a.example", {"TLS 1.0": 4, "TLS 1.3": 7}, 5, 21),
    )
    made = page.build(model.model_copy(update={"partners": lines, "partners_count": 1003}), page.SCREEN)
    names = [(row.partner, row.messages.value, row.since_iso, row.last_iso) for row in made.organisations]
    assert names == [("a.example", 19, "2026-11-02", "2026-11-21"), ("b.example", 10, "2026-11-03", "2026-11-20")]
    assert sum(row.messages.value or 0 for row in made.organisations) == sum(line.messages for line in lines)
    assert made.partners_note == "1\u202f000 more not shown here."
    alone = page.build(model.model_copy(update={"partners": lines[:2], "partners_count": 2}), page.SCREEN)
    assert (alone.organisations, alone.partners_note) == ((), "")


def test_print_shows_the_rows_with_most_mail_below_tls_1_2(model: ReportModel) -> None:
    made = page.build(model, page.PRINT)
    own = [row for row in model.flow if row.data_date >= model.period.first_date]
    below = sorted((sum(row.versions.get(v, 0) for v in BELOW_MODERN) for row in own), reverse=True)
    at = [made.versions.index(version) for version in BELOW_MODERN if version in made.versions]
    shown = [sum(row.counts[n].value or 0 for n in at) for row in made.details]
    assert sorted(shown, reverse=True) == below[: len(shown)]
    assert [row.iso for row in made.details] == sorted(row.iso for row in made.details)
    assert f"{len(shown)} of the period’s {len(own)} rows" in made.details_note


def test_the_page_says_what_it_leaves_out_without_a_script(model: ReportModel) -> None:
    rows = tuple(model.flow[0].model_copy(update={"connector": f"c{n}"}) for n in range(1200))
    made = page.build(model.model_copy(update={"flow": rows}), page.SCREEN)
    assert len(made.details) == 1000
    assert made.details_note.startswith("Without JavaScript 1\u202f000 of 1\u202f200 rows are shown here")


def test_more_than_two_sentences_stand_one_below_the_other(model: ReportModel) -> None:
    def told(days: int) -> page.findings.InsightView:
        sentences = tuple(
            Sentence(text="{day}: {messages}, usually {low} to {high}.",
                     values={"day": date(2026, 11, 16 + n), "messages": 1200 + n, "low": 3, "high": 1100})
            for n in range(days)
        )  # fmt: skip
        insight = model.insights[0].model_copy(update={"detail": sentences})
        return page.findings.view(load("sv"), model, 1, insight, {})

    assert told(2).detail.startswith("mån 16 november 2026: 1\u202f200, vanligen 3 till 1\u202f100. tis")
    assert (told(2).lines, told(3).detail, len(told(3).lines)) == ((), "", 3)


def test_the_week_before_is_told_with_its_numbers(model: ReportModel) -> None:
    insight = model.insights[0].model_copy(update={"numerator_before": 12, "denominator_before": 340})
    made = page.findings.view(load("en"), model, 1, insight, {})
    assert "last week 3.5\u202f% (12 of 340)" in made.evidence
    few = insight.model_copy(update={"denominator_before": 29})
    assert "last week 12 of 29" in page.findings.view(load("en"), model, 1, few, {}).evidence


def test_a_source_that_declares_no_days_is_not_called_complete(model: ReportModel) -> None:
    """Nobody would notice a day without its data, so nothing says that all came."""

    def told(*expected: int | None) -> str:
        (came,) = model.completeness.sources
        sources = tuple(
            came.model_copy(update={"source": f"mx{n}", "expected_days": e}) for n, e in enumerate(expected)
        )
        days = sum(item or 0 for item in expected)
        changed = {"complete": True, "missing": (), "sources": sources, "expected_days": days}
        whole = model.completeness.model_copy(update=changed)
        verdict = page.build(model.model_copy(update={"completeness": whole}), page.SCREEN).verdict
        return verdict.whole

    said = "no days declared, so none can be missing"
    assert said not in told(7)
    assert f"mx1: {said}" in told(7, None)
    assert f"mx0, mx1: {said}" in told(None, None)


def test_a_safeguard_told_of_few_messages_is_named_and_has_no_share(model: ReportModel) -> None:
    made = page.build(model, page.SCREEN)
    (secrecy,) = made.safeguards
    had = next(item.share for item in model.safeguards if item.name == "forward_secrecy")
    counts = had.n, had.total, had.undecided
    said = "{} of {} · {} unknown".format(*(made.lang.number(count) for count in counts))
    assert secrecy.cells[:2] == (made.lang.share(had), said)
    assert made.safeguards_note == "Unknown for most messages: Certificate trusted and of the right name."
    bare = page.build(model.model_copy(update={"safeguards": ()}), page.SCREEN)
    assert (bare.safeguards, bare.safeguards_note) == ((), "")


def test_a_connector_of_several_sources_says_what_each_tells(model: ReportModel) -> None:
    first = model.connectors[0]
    shares = Share(n=9, total=10, undecided=2), Share(n=0, total=0, undecided=5)
    sources = tuple(
        SourceShare(source=f"mx{n}", messages=share.total + share.undecided, up_to_date=share)
        for n, share in enumerate(shares)
    )
    alone, several = (
        page.build(model.model_copy(update={"connectors": (part,)}), page.SCREEN).sections[0]
        for part in (first, first.model_copy(update={"sources": sources}))
    )
    assert alone.sources == ""
    assert several.sources.replace("\u202f", "") == (
        "By source: mx0: 12 messages, 90.0% TLS 1.2 or newer (9 of 10 · 2 unknown) · "
        "mx1: 5 messages, – TLS 1.2 or newer (0 of 0 · 5 unknown)"
    )


def test_a_long_name_is_cut_in_tables_and_whole_in_its_section(model: ReportModel) -> None:
    """Two that differ at their ends alone stay two, with their directions."""
    first, second = model.connectors[:2]
    names = ["A" * 299 + end for end in "xy"]
    named = tuple(
        part.model_copy(update={"connector": name}) for part, name in zip((first, second), names, strict=True)
    )
    lead = model.insights[0]
    insights = tuple(
        lead.model_copy(update={"connector": part.connector, "direction": part.direction}) for part in named
    )
    made = page.build(model.model_copy(update={"connectors": named, "insights": insights}), page.SCREEN)
    assert [row.name for row in made.connectors] == [f"{'A' * 79}…, out", f"{'A' * 79}…, in"]
    assert len(made.findings.places) == 2
    assert [part.long_name for part in made.sections] == [f"{names[0]}, out", f"{names[1]}, in"]
    assert glyphs.width(made.bars[-1].name) < 37  # average letters of half an em: what is left of the bars


def test_whatever_is_cut_says_how_much_is_left(model: ReportModel) -> None:
    quality = model.quality
    many = quality.model_copy(
        update={"rejects": quality.rejects[:1] * 20, "unknown_words": quality.unknown_words[:1] * 17}
    )
    ciphers = (CipherLine(tls_version="TLS 1.2", tls_cipher="x", messages=1),) * 9
    section = model.connectors[0].model_copy(update={"ciphers": ciphers})
    made = page.build(model.model_copy(update={"quality": many, "connectors": (section,)}), page.PRINT)
    assert (len(made.quality.rejects), made.quality.rejects_note) == (14, "and 6 more")
    assert (len(made.quality.words), made.quality.words_note) == (14, "and 3 more")
    assert (len(made.sections[0].ciphers), made.sections[0].ciphers_note) == (4, "and 5 more")
    assert page.build(model, page.PRINT).quality.rejects_note == ""


def test_few_sections_list_all_their_partners_on_the_screen(model: ReportModel) -> None:
    line = partner("a.example", "a.example", {"No TLS": 1}, 2, 3)
    below = tuple(line.model_copy(update={"partner_domain": f"p{n}.example"}) for n in range(50))
    section = model.connectors[0].model_copy(update={"partners_below": below, "partners_below_count": 60})
    few = model.model_copy(update={"connectors": (section,)})
    many = model.model_copy(update={"connectors": (section,) * 200})
    assert [len(page.build(each, page.SCREEN).sections[0].partners) for each in (few, many)] == [50, 8]
    assert page.build(few, page.SCREEN).sections[0].partners_note == "and 10 partners more"


@pytest.mark.parametrize(
    ("measure", "count"),
    [("No TLS", 30), ("TLS 1.1 or older", 7), ("below TLS 1.2", 37), ("TLS 1.0, TLS 1.2", 105)],
)
def test_partners_are_told_with_what_they_add_to_the_insight(model: ReportModel, measure: str, count: int) -> None:
    line = partner("a.example", "a.example", {"No TLS": 30, "TLS 1.0": 5, "TLS 1.1": 2, "TLS 1.2": 100}, 2, 3)
    insight = model.insights[0].model_copy(update={"measure": measure, "partners": (line,)})
    assert page.findings.view(load("en"), model, 1, insight, {}).partners == f"a.example ({count})"
