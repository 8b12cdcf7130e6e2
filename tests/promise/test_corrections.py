"""Corrections by the command line: who said what about a file and why; what was reported shows that it is stale."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import facts, warehouse
from etl import settings as settings_module
from etl.archive import ledger
from etl.archive.shelf import Folder
from etl.audit import verify
from etl.cli.app import app
from etl.common.errors import NotFound, UsageInvalid
from etl.landing import evidence
from tests.helpers import bring, export, row, site
from tests.promise.test_bad_input import CONFIG

RIGHT, WRONG, CORRECTED = "connector-2026-11-16.csv", "connector-2026-11-17.csv", "connector-2026-11-17 corrected.csv"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a right file, a wrong one and one that corrects it, ingested."""
    folder = tmp_path_factory.mktemp("corrections")
    (folder / "config.toml").write_text(CONFIG)
    settings = site(folder)
    wrong = [row(n, date_time_utc="2026-11-17T10:00:00Z", tls_version="No TLS") for n in range(10, 14)]
    corrected = [row(n, date_time_utc="2026-11-17T10:00:00Z") for n in range(20, 23)]
    bring(settings, {RIGHT: export([row(1), row(2)]), WRONG: export(wrong), CORRECTED: export(corrected)})
    return folder


@pytest.fixture
def folder(ingested: Path, tmp_path: Path) -> Path:
    """A copy of it to do things to."""
    shutil.copytree(ingested, tmp_path / "site")
    return tmp_path / "site"


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints; an error of ours is raised."""
    done = CliRunner().invoke(app, ["--config", str(folder / "config.toml"), *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout


def messages(folder: Path) -> dict[str, int]:
    """Messages by day."""
    settings = settings_module.load(folder / "config.toml")
    return {str(day): made.messages for day, made in facts.partitions(settings).items()}


def notes(folder: Path) -> list[dict[str, Any]]:
    """What `history` says."""
    return list(json.loads(run(folder, "history", "--json")))


def test_a_file_is_retracted_by_name_and_the_note_taken_back(folder: Path) -> None:
    before = run(folder, "digest")
    assert run(folder, "history") == "No note has been made.\n"
    assert "1 day(s) changed" in run(folder, "retract", WRONG, "--why", "two weeks in one", "--who", "Anna")
    assert messages(folder) == {"2026-11-16": 2, "2026-11-17": 3}
    assert (folder / "data" / "landed" / "m365").is_dir()
    assert len(list((folder / "data" / "landed" / "m365").iterdir())) == 3
    run(folder, "revoke", "1", "--why", "it was right", "--who", "Bo")
    assert run(folder, "digest") == before
    told = [(item["number"], item["kind"], item["who"], item["why"], item["stands"]) for item in notes(folder)]
    assert told == [
        (1, "retract", "Anna", "two weeks in one", False),
        (2, "revoke", "Bo", "it was right", True),
    ]
    assert all(item["at"].endswith("Z") for item in notes(folder))
    assert all(word in run(folder, "history") for word in ("two weeks in one", WRONG))
    run(folder, "revoke", "2", "--why", "it was wrong after all")
    assert [item["stands"] for item in notes(folder)] == [True, False, True]
    assert messages(folder) == {"2026-11-16": 2, "2026-11-17": 3}
    with pytest.raises(UsageInvalid, match="No standing note has number 2"):
        run(folder, "revoke", "2", "--why", "again")


def test_a_file_is_retracted_by_hash_or_by_any_path_to_the_same_bytes(folder: Path) -> None:
    settings = settings_module.load(folder / "config.toml")
    sha256 = evidence.find(settings, WRONG).receipt.sha256
    run(folder, "retract", sha256[:12], "--why", "wrong")
    copy = folder / "elsewhere.csv"
    shutil.copy(folder / "exports" / RIGHT, copy)
    run(folder, "retract", str(copy), "--why", "wrong too")
    assert messages(folder) == {"2026-11-17": 3}
    assert [item["sha256"] == sha256 for item in notes(folder)] == [True, False]
    assert all(item["who"] for item in notes(folder))


def test_a_replaced_file_gives_way_to_the_one_that_stands_for_it(folder: Path) -> None:
    run(folder, "replace", WRONG, CORRECTED, "--why", "exported again", "--who", "Anna")
    assert messages(folder) == {"2026-11-16": 2, "2026-11-17": 3}
    settings = settings_module.load(folder / "config.toml")
    with warehouse.connect(settings.storage.warehouse_path) as con:
        (state,) = con.execute("select state, reason from files where name = $1", [WRONG]).fetchall()
    assert state[0] == "replaced"
    assert state[1].endswith("exported again")
    with pytest.raises(UsageInvalid, match="can't replace itself"):
        run(folder, "replace", RIGHT, RIGHT, "--why", "no")
    with pytest.raises(NotFound, match="No landed file is called 'other'"):
        run(folder, "replace", RIGHT, "other", "--why", "no")
    assert len(notes(folder)) == 1


@pytest.mark.parametrize(
    "command", [("retract", RIGHT), ("replace", RIGHT, WRONG), ("revoke", "1"), ("seal", "2026-11-16")]
)
def test_nothing_is_said_of_a_file_without_a_reason(folder: Path, command: tuple[str, ...]) -> None:
    run(folder, *command, code=2)
    assert notes(folder) == []


def test_a_reported_edition_becomes_stale_and_the_next_says_why(folder: Path) -> None:
    run(folder, "publish", "2026-W47")
    assert {item["state"] for item in editions(folder)} == {"current"}
    assert "nothing changed since" in run(folder, "publish", "2026-W47")
    run(folder, "retract", WRONG, "--why", "two weeks in one")
    assert [item["state"] for item in editions(folder)] == ["stale"]
    run(folder, "publish", "2026-W47")
    assert [item["state"] for item in editions(folder)] == ["superseded", "current"]
    entries = ledger.read(Folder(folder / "data" / "archive"))
    assert entries[1].supersedes == entries[0].hash
    assert "facts" in entries[1].reasons
    inputs = json.loads((folder / "data" / "archive" / entries[1].bag / "data" / "inputs.json").read_bytes())
    assert [(note["kind"], note["why"]) for note in inputs["notes"]] == [("retract", "two weeks in one")]
    assert verify.verify(Folder(folder / "data" / "archive")) == []


def editions(folder: Path) -> list[dict[str, Any]]:
    """What `status` says of editions; there is always something to do, since days of the week are missing."""
    return list(json.loads(run(folder, "status", "--json", code=1))["editions"])
