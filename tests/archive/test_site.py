"""The archive's page: every edition, the current ones, links that lead somewhere, and nothing that could act."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from etl.archive import ledger, site
from etl.archive.shelf import Folder
from tests.archive import handmade

HOSTILE = '"><script>alert(1)</script>'


class Reader(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two weeks, one of them with two editions."""
    handmade.add(tmp_path, "2026-W46")
    handmade.add(tmp_path, "2026-W47")
    handmade.add(tmp_path, "2026-W46", origin="correction", cells={("inbound", "A", "TLS 1.2"): 1})
    site.write(Folder(tmp_path), ledger.read(Folder(tmp_path)))
    return tmp_path


def test_every_edition_is_listed_with_its_state_and_hash(archive: Path) -> None:
    page = Reader((archive / "index.html").read_bytes())
    entries = ledger.read(Folder(archive))
    text = " ".join(page.text.split())
    for entry in entries:
        assert f"{entry.period}, edition {entry.edition}" in text
        assert entry.hash in text
        assert entry.bag_sha256 in text
    assert text.index("2026-W46, edition 2") < text.index("2026-W47, edition 1") < text.index("2026-W46, edition 1")
    assert text.count("current edition") == 2
    assert text.count("superseded by edition 2") == 1


def test_its_links_lead_to_files_of_the_archive(archive: Path) -> None:
    page = Reader((archive / "index.html").read_bytes())
    assert len(page.links) == 3 * (2 * 3 + 2)
    assert [link for link in page.links if not (archive / unquote(link)).is_file()] == []


def test_it_runs_and_loads_nothing(archive: Path) -> None:
    content = (archive / "index.html").read_bytes()
    assert not {"script", "link", "iframe", "img"} & set(Reader(content).tags)
    assert b"default-src 'none'" in content


def test_names_from_a_tampered_archive_are_text(archive: Path) -> None:
    handmade.unlock(archive)
    about = archive / "2026/W47/e1/data/edition.json"
    said = json.loads(about.read_bytes())
    about.write_text(json.dumps(said | {"variants": {HOSTILE: said["variants"]["en"]}}))
    entries = ledger.read(Folder(archive))
    entries[1] = replace(entries[1], period=HOSTILE, reasons=(HOSTILE,))
    page = Reader(site.render(Folder(archive), entries))
    assert "script" not in page.tags
    assert page.text.count("alert(1)") >= 4


def test_an_edition_whose_files_are_gone_is_still_listed(archive: Path) -> None:
    handmade.unlock(archive)
    (archive / "2026/W47/e1/data/edition.json").unlink()
    assert "2026-W47, edition 1" in " ".join(
        Reader(site.render(Folder(archive), ledger.read(Folder(archive)))).text.split()
    )


def test_an_archive_without_editions_has_a_page_too(tmp_path: Path) -> None:
    assert b"No edition has been archived yet" in site.render(Folder(tmp_path), [])
