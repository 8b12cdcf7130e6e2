"""What people bring from their own systems where a delimited export is expected: read right, or named for what it is.

tests/data/cases/tables has a folder for each case, and outcomes.csv what is right for it: the records, the rows used of
each day, or what the refusal must say. None of them may be counted on another day, or be a quiet day.
"""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from etl import landing, staging
from etl.common import periods
from etl.common.errors import ExportUnreadable
from etl.formats.delimited import misfits
from etl.ops import check
from etl.ops.status import status
from etl.report.language import load
from etl.report.preview import preview
from etl.report.view import verdict
from etl.staging import refused
from tests.formats.log_site import DATA
from tests.formats.table_site import EXPORTED, call, ingest, write_site
from tests.helpers import Command

CASES = DATA / "cases" / "tables"


def test_every_case_is_read_right_or_refused(tmp_path: Path) -> None:
    with (CASES / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    sources = []
    for case in expected:
        options = {"date_format": case["date_format"]} if case["date_format"] else {}
        about = {"name": case["case"].lower(), "format": case["format"], "location": f"exports/{case['case']}"}
        sources.append(about | {"options": options})
        shutil.copytree(CASES / case["case"], tmp_path / about["location"])
    for path in (tmp_path / "exports").rglob("*.*"):
        os.utime(path, (EXPORTED, EXPORTED))
    settings = write_site(tmp_path, *sources, domains=("our.test",))
    assert {folder.name for folder in CASES.iterdir() if folder.is_dir()} == {case["case"] for case in expected}
    landing.collect(settings)
    found = {case["case"].lower(): {**case, "records": 0, "days": [], "said": ""} for case in expected}
    for counts in staging.stage_all(settings):
        case = found[counts.source]
        case["records"] += counts.records
        case["days"] += [f"{day}={rows}" for day, rows in counts.days.items()]
        case["said"] += counts.reason or ""
    for case in expected:
        told = found[case["case"].lower()]
        assert (str(told["records"]), " ".join(sorted(told["days"]))) == (case["records"], case["days"]), told
        assert case["says"] in told["said"], told
        assert bool(told["said"]) == bool(case["says"]), told


MISFITS = [
    ('[\n  {\n    "Received": "2026-11-16T10:00:00"\n  }\n]', "JSON"),
    ('[{"Received":1}]', "JSON"),
    ('<Objs Version="1.1.0.1" xmlns="x">', "XML"),
    ("<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
    (
        "\r\nReceived             SenderAddress        Status\r\n--------             -------------        ------\r\n",
        "a table",
    ),
    (
        "MessageId        : <1@f.test>\nReceived         : 11/16/2026 10:00:00 AM\nSenderAddress    : a@f.test\n",
        "a list",
    ),
    ("Received|SenderAddress|RecipientAddress|Status\n1|2|3|4\n", "pipes"),
    ("MessageId,Date,Event,Action,Detail,Data\n", "Get-MessageTraceDetailV2"),
    ("Date,Event,Detail,Action,Data,Recipient,Sender\n", "Get-MessageTraceDetailV2"),
    ("EventId;Source;Sender;Recipients\n", "Get-MessageTrackingLog"),
    ("date_time,source,event_id,custom_data\n", "m365_trace_detail"),
]


@pytest.mark.parametrize(("text", "name"), MISFITS)
def test_what_is_no_export_of_messages_is_named(text: str, name: str) -> None:
    with pytest.raises(ExportUnreadable, match=name):  # noqa: PT012  one of the two names it
        misfits.refuse_head(text.encode())
        misfits.refuse_events(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "Received,SenderAddress,RecipientAddress,Status\n", "date;direction;tls_version\n--;--;--\n", '"a|b|c","d"\n',
        "", "[x],y\n", "Date,Event,Direction\n", "sep=|\nReceived|SenderAddress|RecipientAddress\n",
    ],
)  # fmt: skip
def test_what_is_one_is_let_through(text: str) -> None:
    misfits.refuse_head(text.encode())
    misfits.refuse_events(text.encode())


def test_how_much_of_a_file_may_be_refused() -> None:
    assert [refused.is_unusable(100, n) for n in (0, 98, 99, 100)] == [False, False, True, True]
    assert [refused.is_unusable(n, n) for n in (0, 1, 3)] == [False, True, True]
    assert [refused.is_notable(100, n) for n in (0, 5, 6)] == [False, False, True]


def test_a_week_of_quiet_days_and_one_of_which_most_was_refused(tmp_path: Path) -> None:
    about = {"name": "trace", "format": "m365_message_trace", "pattern": "trace-{date}.csv", "expect": "daily"}
    settings = write_site(tmp_path, about, domains=("our.test",))
    header = (CASES / "header-alone" / "trace-2026-11-16.csv").read_bytes()
    files = {f"trace-2026-11-{day}.csv": header for day in range(17, 23)}
    name = "trace-2026-11-16.csv"
    said = ingest(settings, "trace", {name: (CASES / "nearly-all-refused" / name).read_bytes()} | files)
    assert {item["state"] for item in said.values()} == {"counted"}
    assert call(settings, "ingest", "--date", "2026-11-20").count("no export came") == 0
    model = preview(settings, periods.parse_period("2026-W47"))
    assert model.completeness.missing == ()  # the same bytes six times, and each day has its export
    assert [file.model_dump() for file in model.completeness.refused_in_part] == [
        {"name": name, "records": 100, "rejected": 95}
    ]
    assert not model.completeness.complete
    assert f"Refused, and not counted: 95 of 100 records of {name}." in verdict.build(load("en"), model, 0).warnings
    told = [sentence for item in model.insights for sentence in item.detail if "rejected" in sentence.values]
    assert [(sentence.values["rejected"], sentence.values["records"]) for sentence in told] == [(95, 100)]
    seen = status(settings)
    assert [day["remark"] for day in seen["days"]] == ["refused in part", *[None] * 6]
    assert any("95 of 100 records were refused" in item["what"] for item in seen["trouble"])
    assert "2026-W30: no data came" in call(settings, "insights", "2026-W30")
    assert "2199-W01 is not over yet" in call(settings, "insights", "2199-W01")


@pytest.mark.parametrize(("period", "why"), [("2026-W30", "no data came for it"), ("2199-W01", "it is not over yet")])
def test_an_edition_that_says_nothing_is_only_made_where_somebody_says_why(
    tmp_path: Path, command: Command, period: str, why: str
) -> None:
    about = {"name": "trace", "format": "m365_message_trace", "pattern": "trace-{date}.csv"}
    settings = write_site(tmp_path, about, domains=("our.test",))
    ingest(settings, "trace", {"trace-2026-11-16.csv": (CASES / "culture-sv-SE-late" / "t.csv").read_bytes()})
    site = ("--config", str(tmp_path / "config.toml"))
    for more in ((), ("--early",), ("--why", "x")):
        said = command(*site, "publish", period, *more)
        assert (said.code, why in said.err, "--early --why" in said.err) == (64, True, True)
    assert not settings.storage.archive_path.exists()


def test_check_reads_the_newest_file_and_ingest_says_why_nothing_came(tmp_path: Path, command: Command) -> None:
    about = {"name": "trace", "format": "m365_message_trace", "pattern": "trace-{date}.csv"}
    settings = write_site(tmp_path, about | {"location": (tmp_path / "exports").as_uri()}, domains=("our.test",))
    (source,), site = settings.sources, ("--config", str(tmp_path / "config.toml"))
    assert source.location == tmp_path / "exports"
    assert "is empty" in command(*site, "ingest").err
    name = "trace-2026-11-16.csv"
    shutil.copyfile(CASES / "nearly-all-refused" / name, source.location / "other.csv")
    said = command(*site, "ingest")
    assert (said.code, "none of 1 file(s)" in said.err) == (1, True)
    for case, outcome, words in (
        ("nearly-all-refused", "wrong", "5 of 100 records would be used, of 2026-11-16; 95 were refused"),
        ("all-refused", "wrong", "can't be used: 5 of 5 records were refused"),
        ("header-alone", "ok", "0 of 0 records would be used"),
    ):
        shutil.copyfile(CASES / case / name, source.location / name)
        found = check.newest_check(settings, source)
        assert (found.verdict, words in found.found) == (outcome, True), found
    assert not list(settings.storage.root.glob("landed/*/*")), "trying lands nothing"
    said = command(*site, "ingest")
    assert (said.code, "trace never tells TLS: take m365_trace_detail" in said.err) == (0, True)
    shutil.rmtree(source.location)
    said = command(*site, "ingest")
    assert (said.code, "is no folder" in said.err) == (1, True)
