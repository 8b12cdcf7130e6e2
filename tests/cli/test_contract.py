"""The command line is an interface: every command and option named in the reference, its JSON, its exit codes, and
never a stack trace. One small site goes through all of it."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from etl import landing
from etl.cli.app import app
from etl.settings import load
from tests.helpers import Command, export, row

CONFIG = """
[organisation]
name = "Contoso"
domains = ["contoso.example"]
[report]
time_zone = "Europe/Stockholm"
[storage]
root = "data"
[[sources]]
name = "m365"
format = "m365_connector_report"
location = "exports"
pattern = "connector-{date}*"
[[connectors]]
name = "Fabrikam partner"
contact = "postmaster@fabrikam.example"
[[audiences]]
name = "admins"
recipients = ["anna@contoso.example"]
"""
WEEK = "2026-W47"
GRAIN = [
    "data_date", "source", "direction", "connector", "partner_domain", "tls_version", "tls_cipher", "tls_group",
    "tls_auth",
]  # fmt: skip
MEASURES = ["messages", "recipients", "bytes", "is_estimated"]
INSIGHT = {
    "rule", "severity", "verdict", "direction", "connector", "numerator", "denominator", "undecided", "share", "lower",
    "upper", "threshold", "provisional", "advice",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a week's exports, ingested, and one edition; made by the command line itself."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "exports").mkdir()
    for day in range(16, 23):
        rows = [
            row(100 * day + n, date_time_utc=f"2026-11-{day}T10:00:00Z", tls_version="No Tls" if n < 3 else "TLS1.3")
            for n in range(10)
        ]
        (folder / "exports" / f"connector-2026-11-{day}.csv").write_bytes(export(rows))
    for command in (["ingest"], ["publish", WEEK]):
        done = subprocess.run(
            [sys.executable, "-m", "etl", "--config", str(folder / "config.toml"), *command],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def run(made: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> Command:
    """Runs a command where the site is."""
    monkeypatch.chdir(made)
    monkeypatch.delenv("TRANSIT_LEDGER_CONFIG", raising=False)
    return command


def whole_program() -> TyperGroup:
    """The command line itself."""
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    return program


def test_each_command_and_option_of_the_interface_is_there(run: Command) -> None:
    program = whole_program()
    listed = run("--help").out
    reference = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    assert len(program.commands) >= 23
    for name, command in program.commands.items():
        assert f"\n  {name} " in listed, name
        assert command.help, name
        said = run(name, "--help")
        assert said.code == 0
        options = [option for item in command.params for option in item.opts if option.startswith("--")]
        assert [option for option in options if option not in said.out] == [], name
        assert f"\n### `{name}`\n" in reference, name


def test_ingest_says_per_file_what_became_of_its_records(run: Command) -> None:
    said = run("ingest", "--source", "m365", "--date", "2026-11-16", "--json")
    assert said.code == 0
    assert set(said.json) == {"files", "missing", "without_files", "rebuilt", "changed", "published"}
    (file,) = said.json["files"]
    assert {key: file[key] for key in ("source", "name", "records", "used", "rejected", "skipped", "duplicate_of")} == {
        "source": "m365", "name": "connector-2026-11-16.csv", "records": 10, "used": 10, "rejected": 0, "skipped": {},
        "duplicate_of": None,
    }  # fmt: skip


def test_a_day_whose_export_is_missing_is_said_by_code_and_name(run: Command) -> None:
    said = run("ingest", "--date", "2026-11-30")
    assert (said.code, "2026-11-30: no export came for source m365" in said.err) == (1, True)


def test_facts_as_csv_json_and_table(run: Command) -> None:
    days = ("--from", "2026-11-16", "--to", "2026-11-17")
    table = list(csv.DictReader(io.StringIO(run("facts", *days, "--format", "csv").out)))
    assert list(table[0]) == GRAIN + MEASURES
    assert sum(int(line["messages"]) for line in table) == 20
    told = run("facts", *days, "--by", "tls_version", "--format", "json").json
    assert [list(item) for item in told] == [["tls_version", *MEASURES]] * 2
    assert {item["tls_version"]: item["messages"] for item in told} == {"No TLS": 6, "TLS 1.3": 14}
    shown = run("facts", *days, "--by", "data_date,direction")
    assert [line.split()[:3] for line in shown.out.splitlines()[1:3]] == [
        ["2026-11-16", "inbound", "10"],
        ["2026-11-17", "inbound", "10"],
    ]


def test_insights_have_their_keys(run: Command) -> None:
    said = run("insights", WEEK, "--json")
    assert said.code == 0
    assert [INSIGHT - set(item) for item in said.json] == [set()] * len(said.json)
    (spoke,) = [item for item in said.json if item["rule"] == "no-tls-above-25"]
    numbers = ("verdict", "direction", "connector", "numerator", "denominator", "undecided")
    assert [spoke[key] for key in numbers] == ["speaks", "inbound", "Fabrikam partner", 21, 70, 0]
    assert run("insights", "2026-11-16..2026-11-22", "--json").code == 0
    assert run("insights", WEEK).code == 0


def test_report_renders_and_archives_nothing(run: Command, made: Path, tmp_path: Path) -> None:
    before = sorted((made / "data" / "archive").rglob("*"))
    assert run("report", WEEK, "--out", str(tmp_path)).code == 0
    assert {path.name for path in (tmp_path / "en").iterdir()} >= {"report.html", "report.pdf", "mail.html", "mail.txt"}
    assert sorted((made / "data" / "archive").rglob("*")) == before


def test_publish_again_makes_nothing_new(run: Command) -> None:
    said = run("publish", WEEK, "--json")
    assert (said.code, said.json["edition"], said.json["new"], said.json["origin"]) == (0, 1, False, "manual")
    assert "nothing changed" in run("publish", WEEK).out


def test_send_of_what_was_made_by_hand_needs_a_name_and_a_server(run: Command, tmp_path: Path) -> None:
    said = run("send", WEEK, "--dry-run", "--out", str(tmp_path), "--json")
    assert (said.code, [item["state"] for item in said.json]) == (0, ["needs --to"])
    (mail,) = tmp_path.iterdir()
    assert b"To: anna@contoso.example" in mail.read_bytes()
    assert run("send", WEEK).code == 64
    without = run("send", WEEK, "--to", "anna@contoso.example")
    assert (without.code, "[smtp]" in without.err) == (78, True)
    assert run("send", WEEK, "--again").code == 64
    assert run("send", WEEK, "--edition", "9").code == 66
    assert run("settle", WEEK, "--to", "anna@contoso.example", "--as", "closed", "--why", "x").code == 66


def test_the_digest_is_that_of_a_rebuild(run: Command) -> None:
    before = run("digest").out
    assert run("rebuild").code == 0
    assert run("digest").out == before
    told = run("digest", "--json").json
    assert told["digest"] == before.strip()
    assert len(told) >= 4, "and the three hashes of what it depends on"


def test_verify_by_the_files_alone(run: Command, made: Path, tmp_path: Path) -> None:
    assert run("verify").code == 0
    assert run("verify", "--json").json == []
    copied = tmp_path / "elsewhere"
    shutil.copytree(made / "data" / "archive", copied)
    command = [sys.executable, "-m", "etl", "verify", str(copied)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(root)}
    )
    assert (done.returncode, "holds what its ledger says" in done.stdout) == (0, True), done.stderr
    (copied / "notes.txt").write_text("x")
    said = run("verify", str(copied), "--json")
    assert (said.code, [item["kind"] for item in said.json]) == (3, ["extra"])
    assert run("verify", "--head", "0" * 64).code == 3
    assert run("verify", "--head", "head").code == 64
    assert run("verify", str(tmp_path / "nowhere")).code == 66


def test_reproduce_and_explain_come_to_the_same_numbers(run: Command) -> None:
    said = run("reproduce", WEEK, "--edition", "1", "--json")
    assert (said.code, said.json["same"]) == (0, True)
    assert run("reproduce", WEEK, "--edition", "2").code == 66
    told = run("explain", WEEK, "--connector", "Fabrikam partner", "--tls", "No TLS", "--json")
    assert told.json["messages"] == 21
    assert sum(len(file["records"]) for file in told.json["files"]) == 21
    assert "@" not in told.out
    assert "21 messages" in run("explain", WEEK, "--tls", "No TLS", "--direction", "inbound").out
    assert run("explain", WEEK, "--partner", "nobody.example", "--json").json["messages"] == 0


def test_status_and_check_are_for_people_and_programs(run: Command) -> None:
    for command in ("status", "check"):
        assert run(command).code in (0, 1)
        assert run(command, "--json").json


WRONG: list[tuple[list[str], int, str]] = [
    ([], 2, ""),
    (["nonsense"], 2, "No such command"),
    (["ingest", "--nonsense"], 2, "No such option"),
    (["ingest", "--source", "nobody"], 66, "m365"),
    (["ingest", "--date", "yesterday"], 64, "yesterday"),
    (["facts", "--from", "2026-11-16"], 2, "--to"),
    (["facts", "--from", "2026-11-31", "--to", "2026-11-30"], 64, "2026-11-31"),
    (["facts", "--from", "2026-11-17", "--to", "2026-11-16"], 64, "before"),
    (["facts", "--from", "2026-11-16", "--to", "2026-11-16", "--by", "colour"], 64, "tls_version"),
    (["facts", "--from", "2026-11-16", "--to", "2026-11-16", "--format", "xml"], 64, "csv"),
    (["insights", "2026-W60"], 64, "2026-W60"),
    (["insights", "last week"], 64, "last week"),
    (["report", "2026-13"], 64, "2026-13"),
    (["publish", "2026-W99"], 64, "2026-W99"),
    (["send", "2026-W01"], 66, "publish"),
    (["reproduce", "2026-W01"], 66, "publish"),
    (["explain"], 64, "period"),
    (["explain", "2026"], 64, "2026"),
    (["retract", "nothing.csv", "--why", "x"], 66, "nothing.csv"),
    (["revoke", "99", "--why", "x"], 64, "99"),
    (["seal", "2027-01-01", "--why", "x"], 66, "2027-01-01"),
    (["settle", "2026-W47", "--to", "nobody", "--as", "closed", "--why", "x"], 64, "no address"),
    (["settle", "2026-W47", "--to", "a@b.example", "--as", "lost", "--why", "x"], 64, "accepted, open, closed"),
    (["backfill", "2026-11-17", "2026-11-16"], 64, "before"),
    (["letter", "2026-W47", "--partner", "nobody.example"], 66, "nobody.example"),
]


@pytest.mark.parametrize(("arguments", "code", "told"), WRONG, ids=[" ".join(w[0]) or "nothing" for w in WRONG])
def test_wrong_use_is_told_by_a_code_and_a_word_on_what_is_right(
    run: Command, arguments: list[str], code: int, told: str
) -> None:
    said = run(*arguments)
    assert said.code == code, said.err
    assert told in said.out + said.err


def test_a_period_without_data_is_no_crash(run: Command) -> None:
    for command in (["insights", "2026-W20", "--json"], ["explain", "2026-W20"], ["insights", "2026-W20"]):
        assert run(*command).code in (0, 66)
    assert run("facts", "--from", "2026-05-01", "--to", "2026-05-02", "--format", "json").json == []


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (None, "config.example.toml"),
        ("[organisation\n", "line 1"),
        (CONFIG.replace("time_zone =", "timezone ="), "did you mean 'time_zone'"),
        (CONFIG.replace("m365_connector_report", "m356_connector_report"), "m365_connector_report"),
        ("", "organisation"),
    ],
    ids=["none", "no TOML", "an unknown key", "an unknown format", "empty"],
)
def test_settings_that_are_missing_or_wrong_are_told(
    run: Command, tmp_path: Path, config: str | None, told: str
) -> None:
    path = tmp_path / "config.toml"
    if config is not None:
        path.write_text(config)
    said = run("--config", str(path), "status")
    assert (said.code, told in said.err) == (78, True), said.err


EMPTY = [
    "facts --from 2026-11-16 --to 2026-11-16", "insights 2026-W47", "report 2026-W47", "publish 2026-W47",
    "send 2026-W47", "digest", "reproduce 2026-W47", "explain 2026-W47",
]  # fmt: skip


def test_a_site_with_nothing_in_it_says_so(run: Command, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    codes = {command: run("--config", str(tmp_path / "config.toml"), *command.split()).code for command in EMPTY}
    assert codes == dict.fromkeys(EMPTY, 66) | {"digest": 0}, "no facts have a digest too"
    config = ("--config", str(tmp_path / "config.toml"))
    assert run(*config, "verify").code == 0
    assert run(*config, "status").code == 1
    said = run(*config, "ingest")
    assert (said.code, "is no folder: make it, or correct location" in said.err) == (1, True)
    assert run(*config, "rebuild").code == 0


QUESTIONS = {
    "facts": ["--from", "2026-11-16", "--to", "2026-11-22"],
    "digest": ["--json"],
    "history": [],
    "expire": ["--dry-run"],
    "insights": [WEEK],
    "letter": [WEEK, "--partner", "fabrikam.example"],
    "verify": [],
    "reproduce": [WEEK],
    "explain": [WEEK, "--connector", "Fabrikam partner"],
    "status": ["--json"],
    "check": ["--json"],
}
DOERS = {
    "ingest", "rebuild", "retract", "replace", "revoke", "seal", "report", "sign", "publish", "send", "settle",
    "backfill",
}  # fmt: skip


def test_a_question_writes_nothing_whatever_waits_to_be_read(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    assert QUESTIONS.keys() | DOERS == set(whole_program().commands)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    settings = load("config.toml", {})
    late = tmp_path / "exports" / "connector-2026-11-16_late.csv"
    late.write_bytes(export([row(9000 + n, date_time_utc="2026-11-16T11:00:00Z") for n in range(10)]))
    collected = landing.collect(settings, files=[late])
    assert [file.result for file in collected.files] == ["landed"]

    def kept() -> dict[Path, int]:
        files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        return {path: path.stat().st_mtime_ns for path in files if "work" not in path.parts}

    before = kept()
    for name, arguments in QUESTIONS.items():
        said = command(name, *arguments)
        assert (said.code in (0, 1), kept() == before) == (True, True), (name, said.err)
    told = command("explain", "--file", late.name, "--record", "1", "--json").json
    assert (told["file"]["state"], told["cells"], kept() == before) == ("unstaged", [], True)
    assert "python -m etl ingest" in told["why_not"]
    assert command("ingest").code == 0
    assert len(kept()) > len(before)
    assert command("explain", "--file", late.name, "--record", "1", "--json").json["cells"] != []
