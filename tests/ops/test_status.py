"""`status`: what came beside what was expected, how settled each day is, what is to be done, as of an instant."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import landing
from etl.archive import editions, ledger
from etl.archive.shelf import Folder
from etl.chain import bring_up
from etl.cli.app import app
from etl.common.periods import parse_period
from etl.delivery import send_ledger
from etl.delivery.send_ledger import Step
from etl.landing import evidence
from etl.ops import retention, status
from etl.settings import Settings
from tests.helpers import bring, export, row, site

WEEK = parse_period("2026-W47")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def day_file(settings: Settings, day: date, count: int, **more: str) -> None:
    """An export named for `day`, of as many records, made the morning after."""
    records = [row(n, date_time_utc=f"{day}T{9 + n % 12:02d}:00:00Z", **more) for n in range(count)]
    path = settings.sources[0].location / f"connector-{day}.csv"
    path.write_bytes(export(records))
    made = datetime(day.year, day.month, day.day, 4, tzinfo=UTC).timestamp() + 86400
    os.utime(path, (made, made))


def look(settings: Settings, now: datetime = NOON) -> dict[str, Any]:
    return status.status(settings, now)


def by_day(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(item["data_date"]): item for item in found["days"]}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine Mondays, and all of the last week but Wednesday; the last Monday has few rows."""
    made = site(tmp_path_factory.mktemp("built"))
    for week in range(8):
        day_file(made, date(2026, 9, 21) + timedelta(days=7 * week), 20 + week)
    day_file(made, date(2026, 11, 16), 5)
    for number in (17, 19, 20, 21, 22):
        day_file(made, date(2026, 11, number), 4)
    landing.collect(made)
    bring_up(made)
    return made.storage.root.parent


@pytest.fixture
def settings(built: Path, tmp_path: Path) -> Settings:
    """A copy of it for one test."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return site(tmp_path)


def test_each_day_stands_beside_the_band_of_its_weekday(settings: Settings) -> None:
    monday = by_day(look(settings))["2026-11-16"]
    assert (monday["files"], monday["records"], monday["weeks"]) == (1, 5, 8)
    assert (monday["records_low"], monday["records_high"]) == pytest.approx((20.7, 26.3))
    assert monday["size_low"] < monday["size_high"]
    assert monday["size"] < monday["size_low"]
    assert monday["remark"] == "few rows"
    tuesday = by_day(look(settings))["2026-11-17"]
    assert (tuesday["weeks"], tuesday["records_low"], tuesday["remark"]) == (0, None, None)


def test_a_day_is_awaited_until_its_rows_may_no_longer_come(settings: Settings) -> None:
    wednesday = date(2026, 11, 18)
    closes = datetime(2026, 11, 20, 23, tzinfo=UTC)  # midnight in Stockholm, two days after the day's end
    before, after = look(settings, closes - timedelta(seconds=1)), look(settings, closes)
    assert by_day(before)[str(wednesday)]["remark"] == "awaited"
    assert not any("2026-11-18" in item["what"] for item in before["trouble"])
    assert by_day(after)[str(wednesday)]["remark"] == "missing"
    assert {
        "what": "2026-11-18: no export came for m365",
        "command": "python -m etl ingest --date 2026-11-18",
    } in after["trouble"]


def test_a_day_whose_export_was_taken_out_is_not_told_to_have_had_none(settings: Settings) -> None:
    named = {item.receipt.named_date: sha256 for sha256, item in evidence.landed(settings, "m365").items()}
    about = {"source": "m365", "sha256": named[date(2026, 11, 16)]}
    evidence.add_note(settings, "retract", who="ops", why="another's mail", **about)
    bring_up(settings)
    told = [item for item in look(settings)["trouble"] if item["what"].startswith("2026-11-16")]
    assert [(item["what"], item["command"]) for item in told] == [
        ("2026-11-16: the export of m365 was taken out, and none stands for it", "python -m etl history")
    ]


def test_days_after_the_newest_export_are_counted_up_to_yesterday(settings: Settings) -> None:
    quiet = look(settings)["sources"][0]
    assert quiet["missing"] == [date(2026, 11, day) for day in (10, 11, 12, 13, 14, 15, 18)]
    assert quiet["awaited"] == []
    later = look(settings, NOON + timedelta(days=7))
    assert later["sources"][0]["awaited"] == [date(2026, 11, 28), date(2026, 11, 29)]
    assert any(item["what"].startswith("2026-11-23 to 2026-11-27 (5 days)") for item in later["trouble"])


def test_a_day_is_open_settled_or_sealed(settings: Settings) -> None:
    retention.seal(settings, date(2026, 11, 16), who="ops", why="closed")
    bring_up(settings)
    states = {day: item["state"] for day, item in by_day(look(settings)).items()}
    assert states["2026-11-16"] == "sealed"
    assert states["2026-11-21"] == "settled"  # the newest evidence is the export of the 22nd, made on the 23rd
    assert states["2026-11-22"] == "open"


def test_the_next_report_is_due_then_overdue(settings: Settings) -> None:
    editions.publish(settings, WEEK, origin="scheduled")
    due = datetime(2026, 11, 30, 5, tzinfo=UTC)
    told = look(settings)["next_reports"]
    assert told == [{"period": "2026-W48", "due_at": due, "state": "not due yet"}]
    assert look(settings, due + timedelta(hours=3))["next_reports"][0]["state"] == "due"
    late = look(settings, due + timedelta(hours=27))
    assert late["next_reports"][0]["state"] == "overdue"
    said = next(item for item in late["trouble"] if "job did not run" in item["what"])
    assert "Mon 30 November 2026, 06:00 Europe/Stockholm" in said["what"]
    assert said["command"].endswith("python -m etl publish 2026-W48")


@pytest.mark.parametrize(("state", "command"), [("unknown", "--to anna@contoso.example"), ("claimed", "--edition 1")])
def test_a_mail_that_is_not_accepted_names_its_command(settings: Settings, state: str, command: str) -> None:
    editions.publish(settings, WEEK, origin="scheduled")
    (entry,) = ledger.read(Folder(settings.storage.archive_path))
    mail = send_ledger.read(send_ledger.folder_of(settings, entry, "anna@contoso.example"))
    step = Step("anna@contoso.example", "2026-W47", 1, entry.hash, "en", "<x@contoso.example>", "claimed", "")
    send_ledger.take(mail, send_ledger.stamp(step, state))  # type: ignore[arg-type]  # one of its states
    found = look(settings)
    assert [item["state"] for item in found["deliveries"]] == [state]
    said = next(item for item in found["trouble"] if "a mail of 2026-W47" in item["what"])
    assert said["command"].startswith("python -m etl send 2026-W47")
    assert command in said["command"]


def test_a_row_for_a_sealed_day_is_remarked(settings: Settings) -> None:
    retention.seal(settings, date(2026, 11, 17), who="ops", why="closed")
    bring(settings, {"connector-2026-11-17_more.csv": export([row(99, date_time_utc="2026-11-17T08:00:00Z")])})
    told = by_day(look(settings))["2026-11-17"]
    assert (told["state"], told["late_rows"], told["remark"]) == ("sealed", 1, "too late")


def test_the_table_fits_a_terminal(settings: Settings) -> None:
    config = settings.sources[0].location.parent / "config.toml"
    config.write_text(
        '[organisation]\nname = "Contoso"\ndomains = ["contoso.example"]\n'
        '[report]\ntime_zone = "Europe/Stockholm"\n[storage]\nroot = "data"\n[[sources]]\nname = "m365"\n'
        'format = "m365_connector_report"\nlocation = "exports"\npattern = "connector-{date}*"\n',
        encoding="utf-8",
    )
    done = CliRunner().invoke(app, ["--config", str(config), "status"])
    assert done.exit_code == 1
    table = [line.rstrip() for line in done.output.split("\n\n")[1].splitlines()]
    assert len(table) == 15
    assert max(map(len, table)) <= 120
    assert "few rows" in done.output
    assert "21–26" in done.output
    assert "landed, Europe/Stockholm" in done.output
