"""Numbers derived anew: same whatever came after the edition; what differs, what was altered and what is gone is said.

The editions are entered by hand, with the inputs that publishing would store, and without rendering anything.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from etl import facts, landing
from etl import warehouse as published
from etl.archive import ledger
from etl.archive.ledger import Entry
from etl.archive.shelf import Folder
from etl.audit.reproduce import reproduce
from etl.basis.inputs import period_inputs
from etl.chain import bring_up
from etl.common import periods
from etl.common.errors import NotFound
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.archive import handmade
from tests.formats import log_site
from tests.formats.postfix_logs import TALK, active, handshake, sending
from tests.helpers import bring, export, row, site

WEEK = periods.parse_period("2026-W47")
DAY = date(2026, 11, 16)


def enter(settings: Settings) -> Entry:
    """Enters the next edition of the week as the warehouse tells it now."""
    files = period_inputs(settings, WEEK).files()
    return handmade.add(settings.storage.archive_path, str(WEEK), files=files)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site with two days of mail, one bad record and one quarantined file, and an edition about them."""
    made = site(tmp_path)
    rows = [
        row(n, tls_version="No Tls" if n < 3 else "TLS1.3", date_time_utc="2026-11-16T12:00:00Z") for n in range(1, 10)
    ]
    bring(
        made,
        {
            "connector-2026-11-16.csv": export([*rows, row(10, directionality="Sideways")]),
            "connector-2026-11-17.csv": export([row(11, date_time_utc="2026-11-17T08:00:00Z")]),
            "connector-2026-11-18.csv": b"no,known,header\n1,2,3\n",
        },
    )
    enter(made)
    return made


def changed(settings: Settings, **tables: object) -> Settings:
    return Settings.model_validate(settings.model_dump(exclude_none=True) | tables)


def test_what_came_later_changes_no_earlier_edition(settings: Settings) -> None:
    bring(settings, {"connector-2026-11-16_corrected.csv": export([row(n) for n in range(20, 30)])})
    old, new = (evidence.find(settings, f"connector-2026-11-16{end}.csv").receipt for end in ("", "_corrected"))
    about = {"source": "m365", "sha256": old.sha256, "other": new.sha256}
    evidence.add_note(settings, "replace", who="ops", why="it was wrong", **about)
    bring_up(settings)
    enter(settings)
    late = {"source": "m365", "sha256": new.sha256}
    evidence.add_note(settings, "retract", who="ops", why="that one too", **late)
    bring_up(settings)
    enter(settings)
    entries = ledger.read(Folder(settings.storage.archive_path))
    told = [period_inputs_of(settings, entry) for entry in entries]
    assert len(set(told)) == 3, "three editions with numbers of their own"
    assert [reproduce(settings, WEEK, edition).same for edition in (1, 2, 3)] == [True, True, True]
    assert reproduce(settings, WEEK).edition == 3


def period_inputs_of(settings: Settings, entry: Entry) -> bytes:
    return (settings.storage.archive_path / entry.bag / "data" / "facts.csv").read_bytes()


def test_settings_that_changed_since_are_not_asked(settings: Settings) -> None:
    moved = changed(settings, report={"time_zone": "Pacific/Auckland"})
    bring_up(moved)
    entry = ledger.read(Folder(settings.storage.archive_path))[0]
    assert period_inputs(moved, WEEK).facts_csv != period_inputs_of(settings, entry), (
        "12:00 UTC is the next day in Auckland"
    )
    assert reproduce(moved, WEEK).same


def test_a_source_that_was_renamed_or_removed_since_is_still_known(settings: Settings, tmp_path: Path) -> None:
    renamed = [{"name": "exchange", "format": "m365_connector_report", "location": tmp_path / "elsewhere"}]
    for sources in (renamed, []):
        assert reproduce(changed(settings, sources=sources), WEEK).same


def test_a_tampered_landed_file_is_named(settings: Settings) -> None:
    landed = evidence.find(settings, "connector-2026-11-16.csv")
    landed.path.chmod(0o640)
    landed.path.write_bytes(landed.path.read_bytes().replace(b"No Tls", b"TLS1.3", 1))
    made = reproduce(settings, WEEK)
    assert (made.same, made.gone, made.differences) == (False, (), ())
    assert [line.split(":")[0] for line in made.altered] == ["connector-2026-11-16.csv"]


@pytest.mark.parametrize(
    ("file", "before", "after", "first"),
    [
        ("facts.csv", b",2,2,", b",1,1,", "- 2026-11-16"),
        ("completeness.json", b'"used":', b'"used":9', "- m365, used: 9"),
    ],
)
def test_a_number_that_the_files_do_not_give_is_shown(
    settings: Settings, file: str, before: bytes, after: bytes, first: str
) -> None:
    handmade.unlock(settings.storage.archive_path)
    path = settings.storage.archive_path / "2026/W47/e1/data" / file
    assert before in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(before, after, 1))
    made = reproduce(settings, WEEK)
    assert not made.same
    assert made.differences[0].startswith(first)
    assert [line[0] for line in made.differences] == ["-", "+"]


def test_after_retention_it_says_since_when(settings: Settings) -> None:
    expiring = changed(settings, retention={"landed_days": 3})
    retention.carry_out(expiring, retention.plan(expiring, date(2026, 11, 25)), who="ops")
    made = reproduce(expiring, WEEK)
    assert (made.same, len(made.gone)) == (False, 2)
    assert all(": removed at 20" in line for line in made.gone)
    assert reproduce(changed(expiring, sources=[]), WEEK).gone == made.gone


def test_a_row_that_came_too_late_for_a_sealed_day_is_derived_as_too_late(settings: Settings) -> None:
    retention.seal(settings, DAY, who="ops", why="closed")
    bring(settings, {"connector-2026-11-16_late.csv": export([row(50), row(51, date_time_utc="2026-11-17T09:00:00Z")])})
    enter(settings)
    assert reproduce(settings, WEEK, 1).same
    made = reproduce(settings, WEEK, 2)
    assert made.differences == ()
    assert facts.partitions(settings)[DAY].messages == 9


def test_a_log_is_joined_with_the_days_around_the_period(tmp_path: Path) -> None:
    """The session's TLS is told on Sunday, the delivery on Monday."""
    made = log_site.site(tmp_path, report_zone="UTC")
    late, early = "Nov 15 23:59:58", "Nov 16 00:00:03"
    sunday = TALK.replace("Dec  3 10:00:00", late) + active("A1B2C3D4E5", stamp=late) + handshake(stamp=late)
    monday = sending("A1B2C3D4E5", stamp=early, delays="0/0/5/1")
    for number, (name, content) in enumerate({"mail.log.1": sunday, "mail.log": monday}.items()):
        path = made.sources[0].location / name
        path.write_text(content)
        os.utime(path, (log_site.SAMPLED + number, log_site.SAMPLED + number))
        landing.collect(made, source="mx", files=[path])
    bring_up(made)
    entry = enter(made)
    assert b"TLS 1.3" in period_inputs_of(made, entry), "else the test shows nothing"
    made_again = reproduce(made, WEEK)
    assert made_again.differences == ()
    assert made_again.same


def test_the_storage_is_left_as_it_was(settings: Settings) -> None:
    before = {path: path.stat().st_mtime_ns for path in settings.storage.root.rglob("*") if path.is_file()}
    digest = published.digest(settings)
    assert reproduce(settings, WEEK).same
    after = {path: path.stat().st_mtime_ns for path in settings.storage.root.rglob("*") if path.is_file()}
    assert after == before
    assert published.digest(settings) == digest


def test_an_edition_that_is_not_there_is_named_with_those_that_are(settings: Settings) -> None:
    with pytest.raises(NotFound, match="one of: 1"):
        reproduce(settings, WEEK, 2)
