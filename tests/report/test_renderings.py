"""One model, three renderings: the HTML, the PDF and the mail are read back, and say the same numbers in each language.

Also what must stand in none of them, whatever the week was like.
"""

from __future__ import annotations

import html as entities
import re
import subprocess
from functools import cache

import pytest

from etl.model.report import Figure, ReportModel, Share
from etl.report import email, html, pdf
from etl.report.language import load
from etl.report.view import wording
from tests.report.fixtures import RUNGS, no_data_model, quiet_model, report_model

LANGUAGES = ("en", "sv")


def flowing(text: str) -> str:
    """Text with every run of spaces, wide or narrow, as one plain space."""
    return " ".join(re.sub("[\u202f\u00a0\u2068\u2069]", " ", text).split())


def of_page(markup: str) -> str:
    """What a page shows: no style, no script, no tags."""
    bare = re.sub(r"<(style|script|title)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return flowing(entities.unescape(re.sub(r"<[^>]+>", " ", bare)))


def of_pdf(content: bytes) -> str:
    """The PDF's text twice: line by line across the page, then block by block."""
    texts = []
    for options in (["-layout"], []):
        done = subprocess.run(["pdftotext", *options, "-", "-"], input=content, capture_output=True, check=True)
        texts.append(flowing(done.stdout.decode()))
    return " ".join(texts)


def rendered(model: ReportModel) -> dict[str, str]:
    """All renderings of a model, as text."""
    mail = email.render(model)
    return {
        "html": of_page(html.render(model).decode()), "pdf": of_pdf(pdf.render(model, {})),
        "mail.html": of_page(mail.html), "mail.txt": flowing(mail.text),
    }  # fmt: skip


@cache
def week(language: str) -> tuple[ReportModel, dict[str, str]]:
    model = report_model(language, number=2, missing=("2026-11-18 (m365)",))
    return model, rendered(model)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rungs_are_the_same_everywhere(language: str) -> None:
    model, texts = week(language)
    lang = load(language)
    for figure in (model.encrypted, model.up_to_date, model.unknown):
        share = flowing(lang.share(figure.now))
        of = flowing(lang._("{n} of {total}", n=lang.number(figure.now.n), total=lang.number(figure.now.total)))
        for name, text in texts.items():
            assert share in text, (name, share)
            assert of in text, (name, of)
            if figure.now.undecided:
                said = flowing(lang.ngettext("{n} unknown", "{n} unknown", figure.now.undecided))
                assert said in text, (name, said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_safeguards_are_the_same_in_html_and_pdf(language: str) -> None:
    model, texts = week(language)
    lang = load(language)
    shown = [item.share for item in model.safeguards if item.share.total > item.share.undecided]
    assert shown
    for share in shown:
        of = flowing(lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total)))
        for name in ("html", "pdf"):
            assert re.search(rf"{re.escape(flowing(lang.share(share)))} {re.escape(of)}", texts[name]), (name, of)


@pytest.mark.parametrize("language", LANGUAGES)
def test_volumes_of_every_connector_are_the_same_everywhere(language: str) -> None:
    model, texts = week(language)
    lang = load(language)
    assert sum(part.messages for part in model.connectors) == model.messages
    for part in model.connectors:
        name = flowing(wording.directed(lang, part.connector, part.direction))
        messages = flowing(lang.number(part.messages))
        assert re.search(rf"{re.escape(name)} [^a-z]*{messages}(?!\d)", texts["html"]), name
        assert re.search(rf"{re.escape(name)} [–\d ,.]*\b{messages}\b", texts["pdf"]), name
        assert re.search(rf"{re.escape(name)} {messages} ", texts["mail.txt"]), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_insights_give_n_of_n_and_the_undecided_everywhere(language: str) -> None:
    model, texts = week(language)
    lang = load(language)
    judged = [insight for insight in model.insights if insight.share is not None]
    assert any(insight.undecided for insight in judged)
    for insight in judged:
        share = Share(n=insight.numerator or 0, total=insight.denominator or 0, undecided=insight.undecided)
        title = flowing(lang.pick(insight.title))
        of = flowing(lang._("{n} of {total}", n=lang.number(share.n), total=lang.number(share.total)))
        edges = (insight.threshold,) if insight.threshold is not None else ()
        big = lang.bounds(share, edges) if insight.verdict == "undecided" else lang.share(share, edges)
        for name, text in texts.items():
            assert title in text, (name, title)
            assert of in text, (name, of)
            assert flowing(big) in text, (name, big)
            if share.undecided and name in ("html", "pdf"):
                assert flowing(lang.ngettext("{n} unknown", "{n} unknown", share.undecided)) in text, name


def unknown_only(language: str) -> ReportModel:
    """A week of which nothing can be said: every message's TLS is unknown."""
    model = report_model(language)
    parts = tuple(
        part.model_copy(
            update={
                "versions": {"Unknown": part.messages}, "ciphers": (), "partners_below": (), "insights": (),
                "encrypted": Figure(now=Share(n=0, total=0, undecided=part.messages), before=None),
                "up_to_date": Figure(now=Share(n=0, total=0, undecided=part.messages), before=None),
            }
        )
        for part in model.connectors
    )  # fmt: skip
    nothing = Figure(now=Share(n=0, total=0, undecided=model.messages), before=None)
    return model.model_copy(
        update={
            "connectors": parts, "insights": (), **dict.fromkeys(RUNGS, nothing), "deprecated": nothing,
            "partners": (), "messages_before": None,
        }
    )  # fmt: skip


def ten_million(language: str) -> ReportModel:
    """A week with ten million messages on each day, one of them without TLS."""
    model = report_model(language)
    big = 10_000_000
    flow = tuple(row.model_copy(update={"versions": {"TLS 1.3": big - 1, "No TLS": 1}, "messages": big})
                 for row in model.flow)  # fmt: skip
    now = Share(n=7 * big - 1, total=7 * big)
    figure = Figure(now=now, before=None)
    return model.model_copy(update={"flow": flow, **dict.fromkeys(RUNGS, figure), "messages": 7 * big, "insights": ()})


def empty(language: str) -> ReportModel:
    """A week with mail in the sums, and not one connector: what an audience without mail sees."""
    return quiet_model(language).model_copy(update={"flow": (), "trend": (), "bands": ()})


WEEKS = {
    "quiet": quiet_model, "no data": no_data_model, "unknown only": unknown_only, "ten million": ten_million,
    "empty": empty,
}  # fmt: skip


@pytest.mark.parametrize("kind", WEEKS)
def test_no_rendering_of_any_week_says_none_nan_or_inf(kind: str) -> None:
    texts = rendered(WEEKS[kind]("en"))
    for name, text in texts.items():
        assert not re.search(r"\b(None|nan|NaN|inf|Infinity|undefined|null(?! sender)|0\.0 % of 0)\b", text), (
            name,
            kind,
        )
    if kind == "ten million":
        for text in texts.values():
            assert "69 999 999 of 70 000 000" in text
            assert "99.999999 %" in text or "99.9999986 %" in text
    if kind == "unknown only":
        for text in texts.values():
            assert re.search("[Uu]nknown: nothing tells which TLS any of the", text)


def test_quiet_without_data_and_normal_are_three_messages() -> None:
    subjects = {email.render(make("en")).subject.split(" · ")[0] for make in (quiet_model, no_data_model, report_model)}
    assert len(subjects) == 3
    assert "No mail seen, all data came" in subjects
    assert "No mail data came" in subjects
