"""What the browser tests share: one Chromium, and one report of the sample week with the facts it has to agree with.

Whoever uses them belongs to the xdist group `samples`, so that both are made once.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from etl.model.report import ReportModel
from etl.report import html
from etl.settings import Settings
from tools.pictures import CHROMIUM, sample_model

ROOT = Path(__file__).parents[2]
Facts = Counter[tuple[str, str, str, str]]
"""Messages by data date, direction, connector and TLS version."""


@dataclass(frozen=True)
class SamplePage:
    """The HTML report of the sample week, and what `python -m etl facts` says of all sample days."""

    model: ReportModel
    file: Path
    facts: Facts


@dataclass
class Opened:
    """A page in the browser, and all it complained of or asked the network for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def sample(sample_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> SamplePage:
    """The sample week, rendered once."""
    folder = sample_settings.storage.root.parent
    model = sample_model(sample_settings)
    file = tmp_path_factory.mktemp("sample-page") / "report.html"
    file.write_bytes(html.render(model))
    command = [
        sys.executable, "-m", "etl", "--config", str(folder / "samples" / "config.toml"), "facts",
        "--from", "2026-10-01", "--to", "2026-11-22", "--by", "data_date,direction,connector,tls_version",
        "--format", "json",
    ]  # fmt: skip
    rows = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=120).stdout)
    facts: Facts = Counter()
    for row in rows:
        if row["direction"] in ("inbound", "outbound"):
            facts[row["data_date"], row["direction"], row["connector"], row["tls_version"]] += row["messages"]
    return SamplePage(model, file, facts)


Open = Callable[..., Opened]


def _open(browser: Browser, file: Path, *, width: int = 1280, dark: bool = False, script: bool = True, view: str = "",
          **options: Any) -> tuple[BrowserContext, Opened]:  # fmt: skip
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light",
        java_script_enabled=script, accept_downloads=True, **options,
    )  # fmt: skip
    context.set_default_timeout(30_000)
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("dialog", lambda dialog: found.complaints.append(f"dialog {dialog.message}"))
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.goto(file.as_uri() + view)
    return context, found


def _closed(context: BrowserContext, found: Opened) -> None:
    context.close()
    assert found.complaints == []
    assert [url[:60] for url in found.requests if not url.startswith(("file:", "data:font/woff2", "blob:"))] == []


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a file in a window of its own; what the page complains of is kept, and must be nothing at the end."""
    contexts: list[tuple[BrowserContext, Opened]] = []

    def opened(file: Path, **options: Any) -> Opened:
        contexts.append(_open(browser, file, **options))
        return contexts[-1][1]

    yield opened
    for context, found in contexts:
        _closed(context, found)


@pytest.fixture(scope="module")
def _sample_tab(browser: Browser, sample: SamplePage) -> Iterator[Page]:
    context, found = _open(browser, sample.file)
    yield found.page
    _closed(context, found)


@pytest.fixture
def page(_sample_tab: Page) -> Page:
    """The sample week's report at 1280 pixels, its controls as at first: one window for a module's tests."""
    _sample_tab.mouse.move(0, 0)
    _sample_tab.click("#c-reset")
    _sample_tab.evaluate("scrollTo(0, 0)")
    return _sample_tab


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's script."""
    return gzip.decompress((ROOT / "tests" / "data" / "axe" / "axe.min.js.gz").read_bytes()).decode()
