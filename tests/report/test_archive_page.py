"""The archive's page in a browser: it opens from the disk, and axe finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.archive import ledger, site
from etl.archive.shelf import Folder
from tests.archive import handmade
from tests.report.conftest import Open


@pytest.mark.parametrize("dark", [False, True])
def test_the_archive_page_opens_from_the_disk_and_everybody_can_read_it(
    tmp_path: Path, open_page: Open, axe: str, dark: bool
) -> None:
    handmade.add(tmp_path, "2026-W46")
    handmade.add(tmp_path, "2026-W46", origin="correction", cells={("inbound", "A", "TLS 1.2"): 1})
    site.write(Folder(tmp_path), ledger.read(Folder(tmp_path)))
    page = open_page(tmp_path / "index.html", width=390, dark=dark).page
    assert page.get_by_role("heading", level=2).all_inner_texts() == ["2026-W46, edition 2", "2026-W46, edition 1"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [(item["id"], item["help"]) for item in found["violations"]] == []
