"""Page one of HTML, PDF and mail: how settled the period is, and that a quiet week is not one without data."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from etl import facts, landing
from etl.archive.rendering import render
from etl.basis import inputs
from etl.chain import bring_up
from etl.common.periods import Period, parse_period
from etl.landing import evidence
from etl.model.report import EditionInfo
from etl.ops import retention
from etl.report import build
from etl.settings import Settings
from tests.helpers import export, row, site

WEEK, QUIET, SILENT = parse_period("2026-W47"), parse_period("2026-W48"), parse_period("2026-W49")
MADE = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week with mail, a week whose exports hold nothing but failed mail, and then nothing any more."""
    settings = site(tmp_path_factory.mktemp("site"))
    for day in (*WEEK.days, *QUIET.days):
        state = "Delivered" if day in WEEK else "Failed"
        rows = [row(n, date_time_utc=f"{day}T10:00:00Z", delivery_status=state) for n in range(3)]
        bring_day(settings, day, export(rows))
    bring_up(settings)
    return settings.storage.root.parent


@pytest.fixture
def settings(built: Path, tmp_path: Path) -> Settings:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return site(tmp_path)


def bring_day(settings: Settings, day: date, content: bytes) -> None:
    """Lands the export of a day, made in the night after it."""
    path = settings.sources[0].location / f"connector-{day}.csv"
    path.write_bytes(content)
    made = (datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)).timestamp()
    os.utime(path, (made, made))
    landing.collect(settings, files=[path])


def page_one(settings: Settings, period: Period, folder: Path, made: int = 23) -> dict[str, str]:
    """The text of the HTML, of the PDF's first page and of the mail, and the mail's subject."""
    told = inputs.period_inputs(settings, period)
    edition = EditionInfo(number=1, origin="scheduled", made_at=MADE.replace(day=made), ledger_head=None)
    model = build.make_model(told, settings, period, edition, language="en")
    files = render(model, build.summary(model), told.facts_csv, settings.storage.work_path)
    pdf = folder / "report.pdf"
    pdf.write_bytes(files["report.pdf"])
    page = subprocess.run(["pdftotext", "-l", "1", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    texts = {
        "html": re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", files["report.html"].decode(), flags=re.DOTALL),
        "pdf": page,
        "mail": files["mail.txt"].decode(),
        "subject": json.loads(files["mail.json"])["subject"],
    }
    return {name: " ".join(text.split()) for name, text in texts.items()}


def retracted(settings: Settings, days: list[date]) -> None:
    """As if the exports of these days had never come."""
    for item in evidence.landed(settings, "m365").values():
        if item.receipt.named_date in days:
            shutil.rmtree(evidence.receipts_folder(settings, "m365") / item.receipt.sha256)
            item.path.unlink()
    shutil.rmtree(settings.storage.root / "facts")
    settings.storage.warehouse_path.unlink()
    bring_up(settings)


@pytest.mark.parametrize(
    ("evidence_to", "made", "sealed", "says"),
    [
        (date(2026, 11, 22), 23, False, "rows may come until Tue 24 November"),
        (date(2026, 11, 22), 26, False, "rows were due by Tue 24 November"),
        (date(2026, 11, 24), 26, False, "no rows expected since Tue 24 November"),
        (date(2026, 11, 24), 26, True, "sealed: rows that come later are not counted"),
    ],
)
def test_page_one_says_whether_rows_may_still_come(
    settings: Settings, tmp_path: Path, evidence_to: date, made: int, sealed: bool, says: str
) -> None:
    """As known on the day it was made: no future is told as past, and no past as to come."""
    retracted(settings, [day for day in QUIET.days if day > evidence_to])
    for day in WEEK.days if sealed else []:
        retention.seal(settings, day, who="ops", why="closed")
    bring_up(settings)
    shown = page_one(settings, WEEK, tmp_path, made)
    words = ("may come until", "were due by", "no rows expected", "sealed:", "settled")
    for place in ("html", "pdf", "mail"):
        assert says in shown[place], place
        assert sum(word in shown[place] for word in words) == 1, place


def test_a_week_is_settled_when_evidence_reaches_its_lateness(settings: Settings) -> None:
    retracted(settings, [day for day in QUIET.days if day > date(2026, 11, 23)])
    stored = inputs.period_inputs(settings, WEEK).completeness
    assert (stored["state"], stored["settled_date"]) == ("settled", "2026-11-24")  # made in the night to the 24th
    assert facts.sealed_days(settings) == {}


def test_a_quiet_week_and_one_without_data_say_so_first(built: Path, tmp_path: Path) -> None:
    settings = site(built)
    quiet, silent = (page_one(settings, period, tmp_path) for period in (QUIET, SILENT))
    assert "No mail seen, all data came" in quiet["subject"]
    assert "No mail data came" in silent["subject"]
    for place in ("html", "pdf", "mail"):
        assert quiet[place][:300] != silent[place][:300], place
