"""Languages: catalogues without gaps, forms by locale, and a third language by a catalogue alone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from etl.common import languages, program_files
from etl.common.errors import UsageInvalid
from etl.model.report import Sentence
from etl.report import email, html, language, pdf
from etl.report.view import wording
from tests.report.fixtures import report_model
from tools import translations

NAMES = translations.used()


@pytest.mark.parametrize("code", languages.available())
def test_every_text_is_translated(code: str) -> None:
    assert translations.problems(translations.read(code), NAMES) == []


def test_english_repeats_the_names() -> None:
    for message in translations.read("en"):
        if message.id:
            assert message.string == message.id


def _one_text(string: str | tuple[str, ...], *, flags: tuple[str, ...] = ()) -> Catalog:
    catalogue = Catalog(locale="sv")
    catalogue.add("{n} of {total}", string, flags=flags)
    return catalogue


@pytest.mark.parametrize(
    ("catalogue", "problem"),
    [
        (_one_text("{n} av {total}"), None),
        (_one_text("{n} av {total}", flags=("fuzzy",)), "fuzzy"),
        (_one_text(""), "not translated"),
        (_one_text("{n} av {totalt}"), "asks for words that nobody gives"),
        (_one_text("{n} av allt"), "leaves words out"),
        (Catalog(locale="sv"), "missing"),
    ],
)
def test_a_gap_is_noticed(catalogue: Catalog, problem: str | None) -> None:
    found = translations.problems(catalogue, {"{n} of {total}"})
    assert [text.split(":")[0] for text in found] == ([problem] if problem else [])


def test_a_text_that_is_used_no_more_is_noticed() -> None:
    assert translations.problems(_one_text("{n} av {total}"), set()) == ["used no more: {n} of {total}"]


def test_texts_are_found_in_code_and_templates() -> None:
    assert "To act on" in NAMES  # a template
    assert ("{n} message", "{n} messages") in NAMES  # Python


def test_reasons_are_found_in_the_readers_sql() -> None:
    """The text of each branch, nested ones too; nothing that is no outcome."""
    query = """select case when a then 'b-c' when d then case when e then 'inner' end else 'f g' end as reason,
        case kind when 'h' then 'in' end as way, 'i j' as fault -- 'k' as rule"""
    assert translations.outcomes(query) == {"b-c", "inner", "f g", "i j"}
    assert {"not transferred", "a quote that is not closed", "longer than {n} MiB"} <= NAMES


def test_reasons_are_told_in_the_readers_language() -> None:
    swedish = language.load("sv")
    assert wording.outcome(swedish, "longer than 4 MiB") == "längre än 4 MiB"
    assert wording.outcome(swedish, "not-transferred") == "inte överfört"


def test_the_catalogues_are_as_the_tool_writes_them() -> None:
    for code in languages.available():
        path = translations.TEMPLATES / "translations" / code / "report.po"
        assert path.read_bytes() == translations.updated(code, NAMES), "run make translations"


def test_numbers_and_days_follow_the_locale() -> None:
    english, swedish = language.load("en"), language.load("sv")
    assert (english.percent(973, 1), swedish.percent(973, 1)) == ("97.3\u202f%", "97,3\u202f%")
    assert english.number(10_000_000) == swedish.number(10_000_000) == "10\u202f000\u202f000"
    first, last = date(2026, 12, 28), date(2027, 1, 3)
    assert english.days(first, last) == "Mon 28 Dec 2026 – Sun 3 January 2027"
    assert swedish.days(first, last) == "mån 28 dec. 2026 – sön 3 januari 2027"
    assert swedish.instant(datetime(2026, 11, 23, 5, 0, tzinfo=UTC), "Europe/Stockholm") == (
        "23 november 2026, 06:00 Europe/Stockholm"
    )


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(UsageInvalid, match=r"'xx'.*one of en, sv"):
        language.load("xx")


def test_a_new_language_begins_with_an_empty_catalogue() -> None:
    made = read_po(BytesIO(translations.updated("pl", {"{n} of {total}", ("{n} row", "{n} rows")})), locale="pl")
    assert made.num_plurals == 3
    assert [message.string for message in made if message.id] == ["", ("", "", "")]


@pytest.fixture
def third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Polish by name, English in double brackets by content: three plural forms, and every text can be recognised."""
    shutil.copytree(program_files.TRANSLATIONS, tmp_path, dirs_exist_ok=True)
    catalogue = Catalog(locale="pl")
    for name in NAMES:
        forms = name if isinstance(name, str) else (name[0], name[1], name[1])
        catalogue.add(name, f"«{forms}»" if isinstance(forms, str) else tuple(f"«{form}»" for form in forms))
    (tmp_path / "pl").mkdir()
    content = BytesIO()
    write_po(content, catalogue)
    (tmp_path / "pl" / "report.po").write_bytes(content.getvalue())
    monkeypatch.setattr(program_files, "TRANSLATIONS", tmp_path)
    language.load.cache_clear()
    yield "pl"
    language.load.cache_clear()


def test_a_third_language_needs_only_a_catalogue(third: str) -> None:
    told = language.load(third)
    assert languages.available() == ("en", "pl", "sv")
    assert told.ngettext("{n} message", "{n} messages", 1) == "«1 message»"
    assert told.ngettext("{n} message", "{n} messages", 5) == "«5 messages»"
    assert told.percent(973, 1) == "97,3\u202f%"


def test_all_renderings_speak_the_third_language(third: str) -> None:
    model = report_model("en", number=2, missing=("2026-11-18 (m365)",)).model_copy(update={"language": third})
    sentence = Sentence(text="First mail on {first_date}.", values={"first_date": date(2026, 11, 16)})
    first = model.insights[0].model_copy(update={"detail": (sentence,)})
    model = model.model_copy(update={"insights": (first, *model.insights[1:])})
    mail = email.render(model)
    page = pdf.to_html(model)
    assert mail.subject.startswith("«CORRECTED»: «2 to act on»")
    for text in (page, html.render(model).decode(), mail.html):
        headings = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
        assert len(headings) > 4
        assert all(heading.startswith("«") for heading in headings), headings
        assert "95,2\u202f%" in text
        assert "«First mail on pon. 16 listopada 2026.»" in text or text is mail.html
    assert all(line.startswith("«") for line in re.findall(r"^.*(?=\n-+$)", mail.text, re.MULTILINE) if line.strip())
