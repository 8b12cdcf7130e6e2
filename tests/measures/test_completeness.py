"""What never came, came cut, late or unreadable: insights say so, by what the sources declare."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl import facts, landing
from etl.chain import bring_up
from etl.common import disk
from etl.landing import evidence
from etl.settings import Settings
from tests.helpers import bring, export, row, site
from tests.insights.exports import IRREGULAR, SUMS, days, mail, said

SOURCE = {"name": "m365", "format": "m365_connector_report", "location": "exports", "pattern": "connector-{date}*"}
NO_TLS = "no-tls-above-25"


def plain_row(number: int, day: date, *, plain: bool) -> dict[str, str]:
    return row(number, date_time_utc=f"{day}T10:00:00Z", tls_version="No TLS" if plain else "TLS1.3")


def week(numbers: range) -> dict[str, bytes]:
    """An export for each day of week 47: 26 of 100 messages without TLS in all, half of both on Wednesday."""
    files = {}
    for day in days(47):
        count = 50 if day.weekday() == 2 else 10 if day.weekday() < 5 else 5
        plain = 13 if day.weekday() == 2 else 3 if day.weekday() < 3 else 2 if day.weekday() < 6 else 1
        start = 1000 * day.day
        rows = [plain_row(start + n, day, plain=n < plain) for n in range(count)]
        if day.weekday() in numbers:
            files[f"connector-{day}.csv"] = export(rows)
    return files


def test_a_missing_day_makes_insights_provisional_and_is_named(tmp_path: Path) -> None:
    settings = site(tmp_path)
    files = week(range(7))
    wednesday = files.pop("connector-2026-11-18.csv")
    bring(settings, files)
    found = said(settings, "2026-W47")
    insight = found[NO_TLS, "inbound", "Fabrikam partner"]
    assert (insight["verdict"], insight["numerator"], insight["denominator"]) == ("speaks", 13, 50)
    assert (insight["provisional"], insight["missing"]) == (True, ["2026-11-18 (m365)"])
    assert insight["detail"] == "", "said once, by data-incomplete"
    assert all(item["provisional"] for item in found.values())
    incomplete = found["data-incomplete", None, None]
    assert (incomplete["numerator"], incomplete["denominator"]) == (1, 7)
    assert incomplete["detail"] == "Never came: 18 Nov (m365)."

    broken = tmp_path / "exports" / "connector-2026-11-18-broken.csv"
    broken.write_bytes(b"some,thing,else\n1,2,3\n")
    landing.collect(settings, files=[broken])
    bring_up(settings)
    told = said(settings, "2026-W47")["data-incomplete", None, None]["detail"]
    assert told == "Set aside whole, because they could not be read: connector-2026-11-18-broken.csv.", "it did come"

    bring(settings, {"connector-2026-11-18.csv": wednesday})
    found = said(settings, "2026-W47")
    insight = found[NO_TLS, "inbound", "Fabrikam partner"]
    assert (insight["numerator"], insight["denominator"], insight["provisional"]) == (26, 100, False)
    assert (insight["missing"], insight["detail"]) == ([], "")
    assert ("data-incomplete", None, None) not in found


@pytest.mark.parametrize(
    ("expect", "came", "missing"),
    [
        ("daily", range(5), 2),
        ("weekdays", range(5), 0),
        ("weekdays", range(4), 1),
        ("irregular", range(1), 0),
    ],
)
def test_a_day_is_missing_by_what_its_source_declares(tmp_path: Path, expect: str, came: range, missing: int) -> None:
    settings = site(tmp_path, sources=[SOURCE | {"expect": expect}])
    bring(settings, week(came))
    found = said(settings, "2026-W47")
    assert found[NO_TLS, "inbound", "Fabrikam partner"]["provisional"] is bool(missing)
    assert (found["data-incomplete", None, None]["numerator"] if missing else 0) == missing


def test_a_source_that_is_only_held_against_others_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = SOURCE | {"name": "other", "location": "other", "pattern": "other-{date}*", "role": "reconcile"}
    settings = site(tmp_path, sources=[SOURCE | {"expect": "irregular"}, other])
    bring(settings, week(range(3)))
    found = said(settings, "2026-W47")
    assert found[NO_TLS, "inbound", "Fabrikam partner"]["provisional"] is False
    assert ("data-incomplete", None, None) not in found


def test_a_file_at_exactly_a_row_limit_is_told_and_makes_insights_provisional(tmp_path: Path) -> None:
    """49,999 records in week 46 are silent, 50,000 in week 47 speak."""
    settings = site(tmp_path, **IRREGULAR)
    files = {}
    for name, day, records in (("connector-46", "2026-11-09", 49_999), ("connector-47", "2026-11-16", 50_000)):
        head, line = export([row(1, date_time_utc=f"{day}T10:00:00Z", tls_version="No TLS")]).splitlines(keepends=True)
        files[name] = head + line * records
    bring(settings, files)
    before, after = said(settings, "2026-W46"), said(settings, "2026-W47")
    assert not {"data-truncated", "data-incomplete"} & {key[0] for key in before}
    assert before[NO_TLS, "inbound", "Fabrikam partner"]["provisional"] is False
    assert after["data-truncated", None, None]["numerator"] == 1
    assert "connector-47" in after["data-incomplete", None, None]["detail"]
    insight = after[NO_TLS, "inbound", "Fabrikam partner"]
    assert (insight["provisional"], insight["cut"]) == (True, ["connector-47"])
    assert insight["detail"] == ""


def test_rows_for_a_sealed_day_are_told_as_too_late(tmp_path: Path) -> None:
    settings = site(tmp_path, sources=[SOURCE | {"expect": "irregular"}])
    bring(settings, week(range(1)))
    seal(settings, days(47)[0])
    assert ("data-late", None, None) not in said(settings, "2026-W47")
    late = [plain_row(900 + n, days(47)[0], plain=True) for n in range(3)]
    bring(settings, {"connector-2026-11-16_again.csv": export(late)})
    found = said(settings, "2026-W47")
    assert (found["data-late", None, None]["numerator"], found["data-late", None, None]["severity"]) == (3, "notice")
    assert found[NO_TLS, "inbound", "Fabrikam partner"]["numerator"] == 3


def seal(settings: Settings, day: date) -> None:
    made = facts.partition(settings, day)
    assert made is not None
    evidence.add_note(settings, "seal", who="t", why="w", data_date=day.isoformat(), sha256=made.facts_sha256)
    bring_up(settings)


def test_a_file_that_could_not_be_read_is_told(tmp_path: Path) -> None:
    settings = site(tmp_path, sources=[SOURCE | {"expect": "irregular"}])
    bring(settings, week(range(1)))
    assert ("data-incomplete", None, None) not in said(settings, "2026-W47")
    broken = tmp_path / "exports" / "connector-2026-11-20-broken.csv"
    broken.write_bytes(b"some,thing,else\n1,2,3\n")
    landing.collect(settings, files=[broken])
    bring_up(settings)
    found = said(settings, "2026-W47")
    told = found["data-incomplete", None, None]["detail"]
    assert told == "Set aside whole, because they could not be read: connector-2026-11-20-broken.csv."
    assert all(item["provisional"] for item in found.values())
    evidence.add_note(settings, "retract", who="t", why="w", source="m365", sha256=disk.sha256_of(broken))
    bring_up(settings)
    found = said(settings, "2026-W47")
    assert ("data-incomplete", None, None) not in found
    assert found
    assert not any(item["provisional"] for item in found.values())


@pytest.fixture(scope="module")
def extremes(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Weeks of zero mail (44), of unknown only (45), of ten million messages on one day (46); awkward names (47)."""
    settings = site(tmp_path_factory.mktemp("extremes"), **IRREGULAR)
    rows = mail("hub", 43, {"TLS1.3": 5})
    rows += mail("hub", 45, {"": 40}) + mail("spoke", 45, {"": 2}, direction="outbound")
    rows += mail("hub", 46, {"No TLS": 2_500_001, "TLS1.3": 7_499_999})
    for name in NAMES:
        rows += mail(name, 47, {"No TLS": 1})
    bring(settings, {"connector-all": export(rows, SUMS)})
    quiet = {"connector-2026-10-26": export([], SUMS)}
    bring(settings, quiet)
    return settings


NAMES = (
    "x" * 300,
    "\u05de\u05d7\u05d1\u05e8 1",
    "<script>alert(1)</script>",
    "=cmd()|' /C calc'!A0",
    'Å,"ö',
    "a\u202eb",
    "'",
)


def test_a_week_of_zero_mail_says_nothing_but_that_a_connector_is_silent(extremes: Settings) -> None:
    assert {key[0] for key in said(extremes, "2026-W44")} <= {"connector-silent"}


def test_in_a_week_of_unknown_only_nothing_can_be_decided(extremes: Settings) -> None:
    found = said(extremes, "2026-W45")
    insight = found[NO_TLS, "inbound", "hub"]
    assert (insight["verdict"], insight["share"], insight["lower"], insight["upper"]) == ("undecided", None, 0, 1)
    assert found["unknown-large", "inbound", "hub"]["share"] == 1
    assert not [key for key in found if key[0] in ("ready-to-enforce", "weak-cipher", "tls-got-worse")]


def test_ten_million_messages_on_one_day_are_judged_exactly(extremes: Settings) -> None:
    insight = said(extremes, "2026-W46")[NO_TLS, "inbound", "hub"]
    assert (insight["numerator"], insight["denominator"]) == (2_500_001, 10_000_000)
    shown = f"{100 * insight['share']:.{insight['share_digits']}f}"
    assert shown == "25.00001"


@pytest.mark.parametrize("name", NAMES)
def test_awkward_names_come_through_exactly(extremes: Settings, name: str) -> None:
    insight: dict[str, Any] = said(extremes, "2026-W47")[NO_TLS, "inbound", name]
    assert insight["partners"][0]["connector"] == name


@pytest.mark.parametrize("period", ["2026-W30", "2026-07", "2026-07-01..2026-07-03"])
def test_a_period_without_anything_says_nothing(extremes: Settings, period: str) -> None:
    assert said(extremes, period) == {}
