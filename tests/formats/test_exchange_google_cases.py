"""What people have in the logs of Exchange and Gmail and in TLS reports: a small input per trait, with its right value.

Each folder of tests/data/cases/<format> is one input; expected.json beside them says what trait it has, where that was
seen, and what must come of it: facts, or words of the refusal. All inputs of a format lie in one site, each with a
source of its own.
"""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl import landing, warehouse
from etl.chain import bring_up
from etl.common import database
from etl.settings import Settings
from tests.formats.log_site import DATA
from tests.formats.table_site import EXPORTED, asked, ingest, write_site
from tests.helpers import site

CASES = DATA / "cases"
DAY = date(2026, 11, 16)
FORMATS = ("exchange_message_tracking", "exchange_smtp_log", "gmail_log", "tls_rpt")
EXPECTED: dict[str, dict[str, dict[str, Any]]] = {
    name: json.loads((CASES / name / "expected.json").read_text("utf-8")) for name in FORMATS
}
MESSAGES = (
    "select source, direction, connector, partner_domain, tls_version, messages::int, recipients::int from facts "
    "order by all"
)
SESSIONS = (
    "select source, data_date::varchar, reporting_org, policy_domain, policy_type, result_type, sessions::int "
    "from tls_reports order by all"
)


@pytest.fixture(scope="module", params=FORMATS)
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Settings]:
    """A site that has taken all inputs of one format."""
    name, folder = str(request.param), tmp_path_factory.mktemp("cases")
    sources = []
    for case in EXPECTED[name]:
        place = folder / "exports" / case
        place.mkdir(parents=True)
        for path in sorted((CASES / name / case).iterdir()):
            (place / path.name).write_bytes(path.read_bytes())
            os.utime(place / path.name, (EXPORTED, EXPORTED))
        sources.append({"name": case, "format": name, "location": f"exports/{case}", "pattern": "*"})
    organisation = {"name": "Our", "domains": ["our.test"], "networks": ["192.0.2.0/24"]}
    settings = site(folder, organisation=organisation, sources=sources, report={"time_zone": "UTC"})
    assert {item.result for item in landing.collect(settings).files} == {"landed"}
    bring_up(settings)
    return name, settings


def test_what_comes_of_each_input(taken: tuple[str, Settings]) -> None:
    name, settings = taken
    found: dict[str, list[list[Any]]] = {case: [] for case in EXPECTED[name]}
    for source, *row in asked(settings, SESSIONS if name == "tls_rpt" else MESSAGES):
        found[source].append(list(row))
    assert found == {case: sorted(told.get("facts", [])) for case, told in EXPECTED[name].items()}


def test_what_is_refused_says_why(taken: tuple[str, Settings]) -> None:
    name, settings = taken
    states = asked(settings, "select source, state, coalesce(reason, '') from files order by all")
    refused = {case: told["refused"] for case, told in EXPECTED[name].items() if "refused" in told}
    assert {source for source, state, _ in states if state == "quarantined"} == set(refused)
    for source, state, reason in states:
        if state == "quarantined":
            assert refused[source] in reason, source


def test_every_input_is_expected() -> None:
    for name in FORMATS:
        assert {path.name for path in (CASES / name).iterdir() if path.is_dir()} == set(EXPECTED[name])


def test_mail_that_only_other_logs_tell_is_said(taken: tuple[str, Settings]) -> None:
    """A frontend that hands sessions on has no MAIL; a hub's log does not say who connected."""
    name, settings = taken
    words = asked(settings, "select source, field from unknown_words where field in ('frontend_mail', 'handed_on')")
    if name != "exchange_smtp_log":
        assert not words
        return
    assert ("hub-alone-inbound", "frontend_mail") in words
    assert {source for source, field in words if field == "handed_on"} == {
        case for case in EXPECTED[name] if (CASES / name / case / "fe-SEND.LOG").exists()
    }
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        listed = database.rows(con, database.sql("measures", "unknown_words"), {"first_date": DAY, "last_date": DAY})
    assert {(row["source"], row["field"]) for row in listed if row["field"] != "tls_version"} == {
        ("hub-alone-inbound", "frontend_mail"), ("outbound-proxy-frontend-alone", "handed_on"),
    }  # fmt: skip


def test_ingest_says_what_to_collect_beside(tmp_path: Path) -> None:
    alone = CASES / "exchange_smtp_log" / "outbound-proxy-frontend-alone"
    settings = write_site(tmp_path, {"name": "mx", "format": "exchange_smtp_log"}, domains=("our.test",))
    said = ingest(settings, "mx", {path.name: path.read_bytes() for path in sorted(alone.iterdir())})
    assert "Hub\\ProtocolLog\\SmtpSend" in said["fe-SEND.LOG"]["elsewhere"][0]
    assert said["fe-RECV.LOG"]["elsewhere"] == []


def test_a_broken_mail_of_a_mailbox_is_named(taken: tuple[str, Settings]) -> None:
    name, settings = taken
    if name != "tls_rpt":
        return
    words = dict(asked(settings, "select source, word from unknown_words where field = 'mail'"))
    assert words["mailbox-one-broken"] == "mail 1 of 3: the attachment ends early"
    assert words["mailbox-truncated-json"].startswith("mail 1 of 2: the report can't be read")
    assert asked(settings, "select source, reason from rejects order by all") == [
        (case, "a mail whose report can not be read") for case in ("mailbox-one-broken", "mailbox-truncated-json")
    ]
