"""Editions that agree with each other: a corrected week, and the next one that was compared with it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from etl.archive import changes, compared, editions, ledger, outdated
from etl.archive.editions import Published
from etl.archive.shelf import Folder
from etl.audit import verify
from etl.common import periods
from etl.common.periods import Period
from etl.ops import status
from etl.settings import Settings
from tests.archive import handmade
from tests.helpers import bring, export, row, site

W46, W47 = periods.parse_period("2026-W46"), periods.parse_period("2026-W47")
MADE = datetime(2026, 11, 23, 5, tzinfo=UTC)
TUESDAY = date(2026, 11, 10)
SOURCE = {
    "name": "m365", "format": "m365_connector_report", "location": "exports", "pattern": "connector-{date}*",
    "expect": "irregular",
}  # fmt: skip


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Week 46 all with TLS, week 47 with 22 of 100 without: TLS got worse, an action that hangs on week 46."""
    settings = site(tmp_path_factory.mktemp("site"), sources=[SOURCE])
    week_47 = [row(n, tls_version="No Tls" if n < 22 else "TLS1.3") for n in range(100)]
    files = {"connector-2026-11-10.csv": week_46(1000, 60, "TLS1.3"), "connector-2026-11-16.csv": export(week_47)}
    bring(settings, files)
    publish(settings, W46)
    assert "tls-got-worse" in actions(publish(settings, W47))
    return settings


def week_46(first: int, count: int, version: str) -> bytes:
    """An export of `count` messages of Tuesday, numbered from `first`, all with this TLS version."""
    rows = [row(first + n, tls_version=version, date_time_utc=f"{TUESDAY}T10:00:00Z") for n in range(count)]
    return export(rows)


def publish(settings: Settings, period: Period) -> Published:
    return editions.publish(settings, period, origin="scheduled", made_at=MADE)


def actions(made: Published) -> set[str]:
    summary = json.loads((made.path / "data" / "summary.json").read_bytes())
    return {item["rule"] for item in summary["insights"] if item["needs_action"]}


def states(settings: Settings) -> dict[tuple[str, int], tuple[str, list[str]]]:
    found = status.status(settings)["editions"]
    return {(item["period"], item["edition"]): (item["state"], item["corrected_by"]) for item in found}


def test_an_edition_is_made_anew_exactly_where_an_action_hangs_on_the_corrected_week(reported: Settings) -> None:
    archive = Folder(reported.storage.archive_path)

    bring(reported, {"connector-2026-11-10_late.csv": week_46(2000, 3, "TLS1.3")})
    assert outdated.outdated(reported, {TUESDAY}) == [W46], "three more with TLS move numbers, and no action"
    assert publish(reported, W46).edition == 2
    assert not publish(reported, W47).new
    assert outdated.outdated(reported) == []
    assert states(reported) == {
        ("2026-W46", 1): ("superseded", []),
        ("2026-W46", 2): ("current", []),
        ("2026-W47", 1): ("comparison corrected", ["2026-W46, edition 2"]),
    }
    page = archive.read("index.html").decode()
    assert page.count("its comparison was corrected since by 2026-W46, edition 2") == 1

    bring(reported, {"connector-2026-11-10_later.csv": week_46(3000, 200, "No Tls")})
    assert outdated.outdated(reported, {TUESDAY}) == [W46, W47]
    before = outdated.mark(reported, W47)
    publish(reported, W46)
    made = publish(reported, W47)
    assert (made.edition, made.new, made.origin, made.reasons) == (2, True, "correction", ("history",))
    assert "tls-got-worse" not in actions(made)
    assert made.changes == ()
    text = " ".join((made.path / "data" / "en" / "report.html").read_text(encoding="utf-8").split())
    assert "an earlier week was corrected, and an action here hangs on the comparison with it" in text

    assert outdated.outdated(reported, {TUESDAY}) == []
    assert outdated.mark(reported, W47) != before
    assert [publish(reported, period).new for period in (W46, W47)] == [False, False]
    assert {key[0]: told for key, told in states(reported).items() if told[0] != "superseded"} == {
        "2026-W46": ("current", []),
        "2026-W47": ("current", []),
    }
    assert "its comparison" not in archive.read("index.html").decode()
    assert verify.verify(archive) == []


def history(messages: int) -> dict[str, bytes]:
    head = "kind,first_date,direction,connector,tls_version,messages\n"
    return {"history.csv": f'{head}day,2026-11-10,inbound,"A",TLS 1.2,{messages}\n'.encode()}


@pytest.mark.parametrize(
    ("period", "froze", "is_corrected"),
    [
        ("2026-W47", 1, True),
        ("2026-W47", 2, False),
        ("2027-W06", 1, True),
        ("2027-W07", 1, False),
        ("2026-W45", 1, False),
    ],
)
def test_only_later_periods_within_reach_that_froze_other_numbers_are_told(
    tmp_path: Path, period: str, froze: int, is_corrected: bool
) -> None:
    handmade.add(tmp_path, "2026-W46", cells={("inbound", "A", "TLS 1.2"): 1})
    entry = handmade.add(tmp_path, period, files=history(froze))
    by = handmade.add(tmp_path, "2026-W46", origin="correction", cells={("inbound", "A", "TLS 1.2"): 2})
    archive = Folder(tmp_path)
    assert compared.corrected(archive, ledger.read(archive)) == ({entry.bag: (by,)} if is_corrected else {})


def test_the_next_report_names_them_once(tmp_path: Path) -> None:
    archive, week_48 = Folder(tmp_path), periods.parse_period("2026-W48")
    handmade.add(tmp_path, "2026-W46", cells={("inbound", "A", "TLS 1.2"): 1})
    handmade.add(tmp_path, "2026-W47", files=history(1))
    handmade.add(tmp_path, "2026-W46", origin="correction", cells={("inbound", "A", "TLS 1.2"): 2})
    entries = ledger.read(archive)
    assert compared.since_regular(archive, entries, week_48) == ("2026-W47, edition 1",)
    assert compared.since_regular(archive, entries, W47) == ()
    handmade.add(tmp_path, "2026-W48", files=history(2))
    assert compared.since_regular(archive, ledger.read(archive), week_48.after) == ()


def test_a_verdict_that_needs_action_now_is_another_verdict(tmp_path: Path) -> None:
    said = {"rule": "unknown-large", "direction": "inbound", "connector": "A", "verdict": "speaks"}
    for needed in (False, True):
        handmade.add(tmp_path, insights=[said | {"needs_action": needed}])
    before, after = (Folder(tmp_path).part(f"2026/W47/e{number}/data") for number in (1, 2))
    assert changes.must_be_told(before, after, 0.5)
