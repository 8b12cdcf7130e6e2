"""The PDF: pages, tags, what of PDF/A-3a can be checked here, what lies inside, and the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pikepdf
import pytest

from etl.report import pdf
from etl.report.draw import glyphs
from etl.report.view import page as view
from tests.report.fixtures import report_model

ROOT = Path(__file__).parents[2]
ATTACHED = {"summary.json": b'{"messages":1}', "facts.csv": b"data_date,messages\r\n2026-11-16,1\r\n"}
MADE_AT = "20261123050000Z"
PROJECT_FONTS = {"Source-Sans-3", "Noto-Sans-Hebrew", "Noto-Sans-Arabic"}


@cache
def made(connectors: int = 4, number: int = 2, page: str = "A4") -> bytes:
    """A corrected, provisional report with a table of contents: most of what a PDF can hold."""
    model = report_model("sv", connectors=connectors, number=number, missing=("2026-11-18 (m365)",))
    return pdf.render(model.model_copy(update={"page": page}), ATTACHED)


@cache
def pages(content: bytes, *options: str) -> tuple[str, ...]:
    """The text of each page, its spaces as plain ones."""
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=content, capture_output=True, check=True)
    text = re.sub("[\u202f\u00a0]", " ", done.stdout.decode())
    return tuple(text.removesuffix("\f").split("\f"))


def flowing(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def opened() -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(made())) as document:
        yield document


def elements(node: pikepdf.Object) -> Iterator[pikepdf.Dictionary]:
    """The structure elements below a node, in reading order."""
    if isinstance(node, pikepdf.Array):
        for kid in node:
            yield from elements(kid)
    elif isinstance(node, pikepdf.Dictionary):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from elements(node.K)


def test_qpdf_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(made())
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, "WARNING" in done.stdout + done.stderr) == (0, False), done.stdout + done.stderr


def test_it_declares_pdf_a_3a_and_keeps_to_what_can_be_checked(opened: pikepdf.Pdf) -> None:
    root = opened.Root
    with opened.open_metadata() as xmp:
        assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("3", "A")
        assert xmp["dc:title"] == str(opened.docinfo.Title)
        assert xmp["xmp:CreateDate"] == xmp["xmp:ModifyDate"] == "2026-11-23T05:00:00Z"
    assert opened.Root.Metadata.get("/Filter") is None  # 6.6.2.1: readable without decoding
    (intent,) = root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert int(intent.DestOutputProfile.N) == 3
    assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"  # an ICC profile
    assert bool(root.MarkInfo.Marked) is True
    assert str(root.Lang) == "sv"
    assert not opened.is_encrypted
    assert len(opened.trailer.ID) == 2
    for forbidden in ("/OpenAction", "/AA", "/AcroForm"):
        assert forbidden not in root
    assert "/JavaScript" not in root.Names


def test_nothing_in_it_runs_or_reaches_out(opened: pikepdf.Pdf) -> None:
    kinds = {str(item.S) for item in opened.objects if isinstance(item, pikepdf.Dictionary) and "/S" in item}
    assert not kinds & {"/JavaScript", "/Launch", "/URI", "/GoToR", "/SubmitForm", "/ImportData", "/Sound", "/Movie"}
    assert not any(isinstance(item, pikepdf.Stream) and "/F" in item for item in opened.objects)


def test_all_fonts_are_embedded_and_the_projects_own(opened: pikepdf.Pdf) -> None:
    names = set()
    for item in opened.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor":
            assert "/FontFile2" in item or "/FontFile3" in item
            names.add(str(item.FontName).lstrip("/"))
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font":
            assert "/ToUnicode" in item or "/CIDSystemInfo" in item
    assert names
    for name in names:
        assert any(name.split("+")[-1].startswith(family) for family in PROJECT_FONTS), name


def test_it_is_tagged_with_alternative_text_and_table_heads(opened: pikepdf.Pdf) -> None:
    found = list(elements(opened.Root.StructTreeRoot.K))
    kinds = Counter(str(element.S) for element in found)
    assert kinds["/H1"] == 1
    assert kinds["/H2"] > 8
    figures = [element for element in found if element.S == "/Figure"]
    assert len(figures) > 10
    assert all(len(str(figure.get("/Alt", ""))) > 8 for figure in figures)
    tables = [element for element in found if element.S == "/Table"]
    for table in tables:
        inside = list(elements(table.K))
        heads = [element for part in inside if part.S == "/THead" for element in elements(part.K)]
        assert any(element.S == "/TH" for element in heads), "a table without a head"
        scopes = {str(cell.A.Scope) for cell in inside if cell.S == "/TH" and "/A" in cell and "/Scope" in cell.A}
        assert scopes <= {"/Column", "/Row"}
    assert all("/StructParents" in page for page in opened.pages)


def test_summary_and_facts_lie_inside(opened: pikepdf.Pdf) -> None:
    assert {name: file.get_file().read_bytes() for name, file in opened.attachments.items()} == ATTACHED
    files = {str(item.F): item for item in opened.Root.AF}
    assert set(files) == set(ATTACHED)
    for item in files.values():
        assert item.AFRelationship == "/Data"
        assert str(item.UF) == str(item.F)
        assert item.EF.F.Subtype in ("/text/csv", "/application/json")


def test_the_only_time_in_it_is_the_editions(opened: pikepdf.Pdf) -> None:
    told = {str(value) for item in opened.objects if isinstance(item, pikepdf.Dictionary)
            for key, value in item.items() if key in ("/CreationDate", "/ModDate", "/M")}  # fmt: skip
    for item in opened.objects:
        if isinstance(item, pikepdf.Stream) and "/Params" in item:
            told |= {str(item.Params.CreationDate), str(item.Params.ModDate)}
    assert told == {f"D:{MADE_AT}"}
    stamps = re.findall(rb"\d{4}-\d\d-\d\dT[\d:]{8}Z", opened.Root.Metadata.read_bytes())
    assert set(stamps) == {b"2026-11-23T05:00:00Z"}


SECOND = """
import hashlib, sys
from tests.report.test_pdf import made
sys.stdout.write(hashlib.sha256(made()).hexdigest())
"""


def test_two_processes_make_the_same_bytes() -> None:
    surroundings = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Kolkata", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1"}
    done = subprocess.run([sys.executable, "-c", SECOND], cwd=ROOT, env=surroundings, capture_output=True, check=True)
    assert done.stdout.decode() == hashlib.sha256(made()).hexdigest()


def test_a_warning_is_an_error() -> None:
    with pytest.raises(pdf.RenderingFailed, match="fell back"), pdf.warnings_are_errors():
        logging.getLogger("weasyprint").warning("fell back to another font")


def test_it_may_open_the_projects_fonts_and_nothing_else() -> None:
    files = pdf._OwnFiles()
    assert files.fetch("ledger:fonts/SourceSans3_400Regular.ttf")
    for url in ("file:///etc/passwd", "http://127.0.0.1/", "ledger:fonts/../base.css", "data:text/plain,x"):
        with pytest.raises(ValueError, match="may not open"):
            files.fetch(url)


@pytest.mark.parametrize(("page", "size"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_every_page_has_its_size_heads_and_number(page: str, size: tuple[int, int]) -> None:
    content = made(page=page)
    with pikepdf.open(io.BytesIO(content)) as document:
        assert {tuple(round(float(n)) for n in found.mediabox[2:]) for found in document.pages} == {size}
    told = pages(content)
    for number, text in enumerate(told, start=1):
        assert f"{number} av {len(told)}" in flowing(text)
        assert "Utgåva 2, skapad 23 november 2026, 06:00 Europe/Stockholm" in flowing(text)
        assert number == 1 or "Contoso AB · E-post under överföring" in flowing(text)


def test_page_one_says_what_matters() -> None:
    first = flowing(pages(made())[0])
    for words in ("RÄTTAD", "PRELIMINÄR", "Utgåva 2 ersätter utgåva 1 från 23 november 2026", "Har kommit sedan dess:",
                  "Vecka 47, 2026", "Europe/Stockholm", "av vecka 47 saknas: ingen export för ons 18 nov.",
                  "ligger andelen mellan", "Att åtgärda", "E-post gick utan TLS trots tvång", "Omfattar", "Undantag",
                  "rader kan komma till och med tis 24 november", "liggarens huvud 9f2c41ab77e05d13"):  # fmt: skip
        assert words in first


def test_no_insight_is_split_and_no_heading_ends_a_page() -> None:
    model = report_model("sv", connectors=4, number=2, missing=("2026-11-18 (m365)",))
    shown = view.build(model, view.PRINT)
    told = [flowing(text) for text in pages(made())]
    for insight in (*shown.findings.action, *shown.findings.accepted):
        title, evidence = (flowing(re.sub("[\u202f\u00a0]", " ", text)) for text in (
            f"{insight.title} · {insight.place}", insight.evidence))  # fmt: skip
        (at,) = [n for n, text in enumerate(told) if title in text]
        assert evidence in told[at].split(title, 1)[1]
    headings = {"TLS-användning per anslutning", "E-postflöde per dag", "Bra att veta", "Datakvalitet", "Definitioner",
                "Anslutning för anslutning", "Detaljer per dag", "Varifrån siffrorna kommer"}  # fmt: skip
    for text in pages(made()):
        lines = [line for line in text.splitlines() if line.strip()]
        body = [line for line in lines if not re.search(r"^\d+ av \d+$|^Utgåva 2, skapad", line.strip())]
        assert body[-1].strip() not in headings


def test_contents_lead_to_the_right_pages() -> None:
    told = pages(made())
    contents = flowing(next(text for text in told if "Innehåll" in text).split("Innehåll")[1])
    for heading in ("E-postflöde per dag", "Detaljer per dag", "Definitioner", "Varifrån siffrorna kommer"):
        number = int(re.search(re.escape(heading) + r" (\d+)", contents)[1])  # type: ignore[index]  # a test may fail here
        assert heading in flowing(told[number - 1])
    with pikepdf.open(io.BytesIO(made())) as document:
        links = [note for page in document.pages for note in page.get("/Annots", []) if note.Subtype == "/Link"]
        assert len(links) > 20
        names = document.Root.Names.Dests
        assert names is not None


def test_a_short_report_has_no_contents() -> None:
    assert not any("Innehåll" in text for text in pages(made(connectors=0, number=1)))


@cache
def _large() -> bytes:
    return pdf.render(report_model("en", connectors=190), {})


def test_two_hundred_connectors_stay_short() -> None:
    content = _large()
    assert len(content) < 1_000_000
    assert len(pages(content)) <= 12


def test_heads_are_repeated_on_every_page_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.view, "PRINT_LARGE", replace(pdf.view.PRINT_LARGE, partner_rows=100))
    told = [flowing(text) for text in pages(pdf.render(report_model("en", connectors=190), {}), "-layout")]
    table = [text for text in told if len(re.findall(r"partner\d+\.example", text)) > 15]
    assert len(table) > 1
    for text in table:
        assert re.search(r"Partner domain +In/out", text)


def test_letters_that_no_font_has_are_shown_by_their_numbers() -> None:
    model = report_model("en")
    name = "中文 שלום مرحبا"
    model = model.model_copy(update={"organisation": name})
    text = flowing(" ".join(pages(pdf.render(model, {}))))
    assert "[U+4E2D U+6587]" in text
    assert "Letters that the report’s typeface lacks" in text
    assert "שלום" in text or "םולש" in text


def test_common_letters_are_in_every_weight() -> None:
    common = {chr(n) for n in range(0x20, 0x2200) if glyphs._COMMON.match(chr(n))}
    assert len(common) > 300
    assert {letter for letter in common if ord(letter) not in glyphs._covered()} == set()


def test_words_from_right_to_left_are_turned_in_drawings_alone() -> None:
    assert glyphs.in_visual_order("<title>שלום</title><text x='1'>שלום, in</text>") == (
        "<title>שלום</title><text x='1'>םולש, in</text>"
    )


def test_arabic_letters_in_drawings_are_joined() -> None:
    """Initial, medial and final forms, lam and alef as one; a letter that joins to nobody alone; marks part nothing."""
    assert glyphs.joined("السلام") == "\ufe8d\ufedf\ufeb4\ufefc\ufee1"
    assert glyphs.joined("بّت") == "\ufe91\u0651\ufe96"
    assert glyphs.joined("דלת") == "דלת"
    assert glyphs.in_visual_order("<text>بت</text>") == "<text>\ufe96\ufe91</text>"


@pytest.mark.long
def test_two_thousand_connectors_can_be_printed() -> None:
    content = pdf.render(report_model("en", connectors=1990), ATTACHED)
    told = pages(content)
    text = flowing(" ".join(told))
    assert len(content) < 3_000_000
    assert len(told) <= 16
    assert "more not shown here." in text
