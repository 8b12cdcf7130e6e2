"""Small logs after what people post of their own servers: each comes to what is right, or is refused by name.

Each case is a source of one site, so all of them are taken at once.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from etl import facts, landing, staging
from etl import settings as settings_module
from etl.settings import Settings
from tests.formats.log_site import DATA, bring, rows

CASES = DATA / "cases" / "mta"
EXPECTED: dict[str, Any] = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
EXPORTED = 1795565400
"""2026-11-25T00:10:00Z: stamps without a year go by it."""


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("cases")
    sources = []
    for name, case in EXPECTED.items():
        (folder / name).mkdir()
        for path in (CASES / name).iterdir():
            copy = folder / name / path.name
            copy.write_bytes(path.read_bytes())
            exported = case.get("exported", EXPORTED)
            os.utime(copy, (exported, exported))
        sources.append({"name": name, "format": case["format"], "location": name, "pattern": "*"})
    raw = {
        "organisation": {"name": "Our", "domains": ["our.test"]},
        "report": {"time_zone": "UTC"},
        "storage": {"root": "data"},
        "sources": sources,
    }
    settings = settings_module.parse(raw, folder / "config.toml", {"TRANSIT_LEDGER_KEY": "test"})
    landing.collect(settings)
    bring(settings)
    return settings


@pytest.fixture(scope="module")
def found(taken: Settings) -> dict[str, list[list[object]]]:
    """Facts by case: direction, connector, partner domain, TLS version, messages, recipients."""
    by_case: dict[str, list[list[object]]] = {name: [] for name in EXPECTED}
    for row in rows(taken):
        case = EXPECTED[row["source"]]
        if str(row["data_date"]) == case.get("data_date", "2026-11-24"):
            by_case[row["source"]].append(
                [
                    row["direction"], row["connector"], row["partner_domain"], row["tls_version"], row["messages"],
                    row["recipients"],
                ]
            )  # fmt: skip
    return by_case


@pytest.mark.parametrize("name", EXPECTED)
def test_it_comes_to_what_is_right(taken: Settings, found: dict[str, list[list[object]]], name: str) -> None:
    assert sorted(found[name], key=str) == sorted(EXPECTED[name]["facts"], key=str)
    (item,) = [item for item in facts.files_by_source(taken) if item.source.name == name]
    (counts,) = item.counts.values()
    refused = EXPECTED[name].get("refused")
    assert (counts.state == "quarantined") == bool(refused)
    assert not refused or refused in str(counts.reason)


def test_a_log_of_more_than_a_year_has_each_line_in_its_own(taken: Settings) -> None:
    days = [str(row["data_date"]) for row in rows(taken) if row["source"] == "b09-never-rotated"]
    assert sorted(days) == ["2025-11-20", "2025-11-24", "2026-01-15", "2026-07-15", "2026-11-24"]


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("f05-stamps-later-than-export", {"field": "time stamp", "word": "later than the export", "records": 22}),
        ("f06-lost-lines-told", {"field": "log", "word": "lines dropped by syslog or the journal", "records": 5912}),
        ("a01-control-bsd", None),
    ],
)
def test_what_a_log_says_of_itself_reaches_the_data_quality_page(
    taken: Settings, name: str, remark: dict[str, Any] | None
) -> None:
    (counts,) = staging.stage_all(taken, name)
    assert counts.unknown_words == ([remark] if remark else [])


def test_a_day_without_mail_is_no_failure(taken: Settings) -> None:
    (counts,) = staging.stage_all(taken, "g06-journal-no-entries")
    assert (counts.state, counts.records, counts.skipped) == ("staged", 1, {"journal-note": 1})


def test_an_empty_log_is_a_day_without_mail_and_a_strange_one_is_refused(tmp_path: Path) -> None:
    raw = {
        "organisation": {"name": "Our", "domains": ["our.test"]},
        "report": {"time_zone": "UTC"},
        "storage": {"root": "data"},
        "sources": [
            {"name": log, "format": log, "location": log, "pattern": "*"} for log in ("postfix_log", "exim_log")
        ],
    }
    settings = settings_module.parse(raw, tmp_path / "config.toml", {"TRANSIT_LEDGER_KEY": "test"})
    strange = b"Nov 24 10:00:01 mx1 sshd[1]: Accepted publickey\nNov 24 10:00:02 mx1 cron[2]: pam_unix\n"
    for source in settings.sources:
        source.location.mkdir()
        (source.location / "empty.log").write_bytes(b"")
        (source.location / "strange.log").write_bytes(strange)
    landing.collect(settings)
    for source in settings.sources:
        states = {(item.state, item.records) for item in staging.stage_all(settings, source.name)}
        assert states == {("staged", 0), ("quarantined", 0)}, source.name
        (reason,) = [item.reason for item in staging.stage_all(settings, source.name) if item.reason]
        assert reason.startswith(
            f"None of the 2 lines is one that {source.name} knows; the first is 'Nov 24 10:00:01"
        ), reason
