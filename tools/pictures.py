"""`make pictures`: takes the pictures of the sample week's report that the documents show, into docs/images/.

    python -m tools.pictures [--out docs/images] [NAME …]

Ingests the samples, makes the report of 2026-W47 as it would have gone out, and looks at it with Chromium. A picture
is one entry of `PICTURES`; each is reduced to few colours and must stay below 400 kB.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from etl import landing
from etl import settings as settings_module
from etl.basis.inputs import period_inputs
from etl.chain import bring_up
from etl.common import periods
from etl.model.report import EditionInfo, ReportModel
from etl.report import build, email, html, pdf
from etl.settings import Settings

ROOT = Path(__file__).parent.parent
CHROMIUM = {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox"]}
WEEK = "2026-W47"
MADE_AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
COLOURS = 192
MOST_BYTES = 400_000


@dataclass
class Sample:
    """The sample week: its folder, and its report's model in English."""

    folder: Path

    @cached_property
    def model(self) -> ReportModel:
        """The report's model, made from the samples' exports."""
        return sample_model(sample_site(self.folder))

    @cached_property
    def printed(self) -> Path:
        """The PDF as a file."""
        path = self.folder / "report.pdf"
        path.write_bytes(pdf.render(self.model, {}))
        return path

    @cached_property
    def mail(self) -> Path:
        """The mail's HTML as a file, its charts beside it."""
        parts = email.render(self.model)
        shown = parts.html
        for cid, image in parts.images.items():
            (self.folder / f"{cid}.png").write_bytes(image)
            shown = shown.replace(f"cid:{cid}", f"{cid}.png")
        path = self.folder / "mail.html"
        path.write_text(shown, encoding="utf-8")
        return path

    @cached_property
    def page(self) -> Path:
        """The HTML report as a file."""
        path = self.folder / "report.html"
        path.write_bytes(html.render(self.model))
        return path


def sample_site(folder: Path) -> Settings:
    """A site below `folder` that has ingested the samples' exports, but for the late ones."""
    exports = folder / "run" / "exports"
    shutil.copytree(ROOT / "samples" / "exports", exports)
    (folder / "samples").mkdir()
    shutil.copy(ROOT / "samples" / "config.toml", folder / "samples")
    settings = settings_module.load(folder / "samples" / "config.toml", {})
    landing.collect(settings)
    bring_up(settings)
    return settings


def sample_model(settings: Settings, language: str = "en") -> ReportModel:
    """The model of the sample week at that site, as first sent."""
    week = periods.parse_period(WEEK)
    edition = EditionInfo(number=1, origin="scheduled", made_at=MADE_AT, ledger_head=None)
    return build.make_model(period_inputs(settings, week), settings, week, edition, language=language)


Picture = Callable[[Browser, Sample], bytes]


def screen(width: int, height: int, *, dark: bool = False, view: str = "", at: str = "") -> Picture:
    """The HTML report in a window of `width` by `height`, with `view` behind its `#`, scrolled to the element `at`."""

    def take(browser: Browser, sample: Sample) -> bytes:
        scheme = "dark" if dark else "light"
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(sample.page.as_uri() + view)
        if at:
            page.locator(at).evaluate("element => element.scrollIntoView()")
        taken = page.screenshot()
        page.close()
        return taken

    return take


def printed(number: int) -> Picture:
    """A page of the PDF."""

    def take(_browser: Browser, sample: Sample) -> bytes:
        command = ["pdftoppm", "-r", "90", "-png", "-f", str(number), "-l", str(number), str(sample.printed)]
        return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603  our own PDF

    return take


def mail(width: int, height: int, *, dark: bool = False) -> Picture:
    """The mail as a client shows it."""

    def take(browser: Browser, sample: Sample) -> bytes:
        scheme = "dark" if dark else "light"
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(sample.mail.as_uri())
        taken = page.screenshot()
        page.close()
        return taken

    return take


PICTURES: dict[str, Picture] = {
    "report-1280-light": screen(1280, 1700),
    "report-1280-dark": screen(1280, 1700, dark=True),
    "report-390": screen(390, 1500),
    "report-page-1": printed(1),
    "report-page-2": printed(2),
    "report-page-connectors": printed(7),
    "mail-640-light": mail(640, 1500),
    "mail-640-dark": mail(640, 1500, dark=True),
    "mail-390": mail(390, 1300),
    "report-connector": screen(1280, 900, view="#view?view=tls&unit=share", at="#explore"),
}


def reduced(png: bytes) -> bytes:
    """The picture in few colours, which look the same and are a fraction of the bytes."""
    small = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def main(arguments: Sequence[str] | None = None) -> None:
    """Takes the pictures named, or all."""
    parser = argparse.ArgumentParser(description="Take the pictures of the sample week's report.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(PICTURES)}")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(PICTURES)
    if unknown:
        parser.error(f"no picture is named {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(**CHROMIUM)
        sample = Sample(Path(folder))
        for name in chosen.names or PICTURES:
            taken = reduced(PICTURES[name](browser, sample))
            if len(taken) > MOST_BYTES:
                raise SystemExit(f"{name}.png has {len(taken)} bytes, more than {MOST_BYTES}: show less in it")
            (chosen.out / f"{name}.png").write_bytes(taken)
            print(f"{chosen.out / name}.png: {len(taken) // 1000} kB")
        browser.close()


if __name__ == "__main__":
    main()
