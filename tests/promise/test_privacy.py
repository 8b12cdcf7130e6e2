"""Privacy: no traced address, subject or message id leaves the landed bytes; keys stay secret; others read nothing."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import shutil
import stat
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import facts, staging, warehouse
from etl import settings as settings_module
from etl.chain import bring_up
from etl.landing import evidence
from etl.ops import retention
from etl.settings import Settings
from tests.helpers import bring, export, row, site
from tests.promise.test_bad_input import GOOD, run
from tests.samples.test_samples import SAMPLES, unpacked

DAYS = ("2026-11-21", "2026-11-22")
GIVEN = "a key that nobody may ever read anywhere"
BEFORE = re.compile(r"[^\s<>,;:\"'()\[\]{}=|/\\]+$")
AFTER = re.compile(r"[^\s<>,;:\"'()\[\]{}=|/\\]+")
TRACED = ("sender_address", "recipient_address", "message_id")


def addresses(text: str) -> set[str]:
    """Everything in `text` that looks like an address or a message id, in lower case."""
    found = set()
    for left, right in itertools.pairwise(text.split("@")):
        local, domain = BEFORE.search(left[-80:]), AFTER.match(right[:300])
        if local and domain:
            found.add(f"{local[0]}@{domain[0]}".lower().rstrip("."))
    return found


def records() -> list[dict[str, str]]:
    """The records of the sample days, by column names without case or underscores changed."""
    found: list[dict[str, str]] = []
    for path in sorted(path for path in (SAMPLES / "exports").iterdir() if path.name[10:20] in DAYS):
        text = unpacked(path).decode("utf-8-sig")
        found += csv.DictReader(io.StringIO(text, newline=""))
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A full run over sample days, a damaged copy of one, and files that are no exports; all that was printed."""
    folder = tmp_path_factory.mktemp("privacy")
    config = (SAMPLES / "config.toml").read_text().replace("../run/exports", "exports").replace("../run", "data")
    (folder / "config.toml").write_text(config)
    (folder / "exports").mkdir()
    for day in DAYS:
        for path in (SAMPLES / "exports").glob(f"connector-{day}*"):
            shutil.copy(path, folder / "exports")
    whole = unpacked(folder / "exports" / f"connector-{DAYS[0]}.csv.gz")
    head, *lines = whole.splitlines(keepends=True)
    spoiled = [line.replace(b",", b",,", 1) if n % 3 else b'"' + line for n, line in enumerate(lines[:60])]
    bad = {
        "no header": b"".join(lines[:200]),
        "another header": head.replace(b"tls", b"xxx").replace(b"TLS", b"XXX") + b"".join(lines[:50]),
        "spoiled": head + b"".join(spoiled) + b"".join(lines[60:90]),
        "cut": whole[: len(whole) // 2 - 7],
        "moved": head + b"".join(line.split(b",", 1)[1] for line in lines[:40]),
        "binary": whole[5::3],
    }
    for name, content in bad.items():
        (folder / "exports" / f"connector-2026-11-17 {name}.csv").write_bytes(content)
    run_with = {"umask": 0}
    said = [
        run(folder, *command, **run_with)
        for command in (
            ("ingest", "--json"),
            ("ingest", str(folder / "exports" / "nothing.csv"), "--json"),
            ("explain", "2026-W47", "--json", "--most", "50"),
            ("publish", "2026-W47"),
            ("send", "2026-W47", "--dry-run"),
            ("status", "--json"),
            ("facts", "--from", DAYS[0], "--to", DAYS[1], "--format", "csv"),
            ("retract", "connector", "--why", "no such name"),
        )
    ]
    return folder, "\n".join(done.stdout + done.stderr for done in said)


def everything_kept(root: Path) -> str:
    """All text in files below `root` but the landed bytes: of tables and Parquet files each value, and all bytes."""
    texts: list[str] = []
    with duckdb.connect() as con:
        for path in sorted(path for path in root.rglob("*") if path.is_file() and "landed" not in path.parts):
            if path.suffix == ".parquet":
                texts += map(repr, con.read_parquet(str(path)).distinct().fetchall())
            elif path.suffix == ".duckdb":
                con.execute(f"attach '{path}' as published (read_only)")
                names = con.execute("select table_name from duckdb_tables() where database_name = 'published'")
                for (name,) in names.fetchall():
                    texts += map(repr, con.execute(f"from published.{name}").fetchall())
            texts.append(path.read_bytes().decode("utf-8", "replace"))
    return "\n".join(texts)


def test_a_full_run_tells_nothing_of_who_wrote_to_whom(told: tuple[Path, str]) -> None:
    folder, said = told
    settings = settings_module.load(folder / "config.toml")
    own = addresses((folder / "config.toml").read_text())
    rows = records()
    assert len(rows) > 300
    traced = {found for line in rows for name in TRACED for found in addresses(line[name])}
    subjects = {line["message_subject"] for line in rows if len(line["message_subject"]) > 7}
    assert len(traced) > 300
    assert len(subjects) > 20
    for text in (said, everything_kept(settings.storage.root)):
        assert addresses(text) & traced - own == set()
        assert [subject for subject in subjects if subject in text] == []


def test_what_went_wrong_was_told_all_the_same(told: tuple[Path, str]) -> None:
    folder, _ = told
    settings = settings_module.load(folder / "config.toml")
    (item,) = facts.files_by_source(settings)
    states = {item.landed[sha256].receipt.name: counts.state for sha256, counts in item.counts.items()}
    assert {name.split(" ")[-1] for name, state in states.items() if state == "quarantined"} >= {
        "header.csv",
        "binary.csv",
    }
    assert sum(counts.rejected for counts in item.counts.values()) > 0


def test_others_may_read_nothing_whatever_the_umask(told: tuple[Path, str]) -> None:
    root = told[0] / "data"
    modes = {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
    assert len(modes) > 100
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o007} == {}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o020 and not name.endswith(".lock")} == {}
    assert modes["hash.key"] == 0o600


def keyed(monkeypatch: pytest.MonkeyPatch, settings: Settings, key: str) -> None:
    monkeypatch.setenv(settings.storage.key_env, key)


def staged_keys(settings: Settings) -> dict[str, set[str]]:
    """Under which reader keys each file's records lie, by the file's name."""
    source = settings.sources[0]
    return {
        item.receipt.name: {path.name for path in staging.staged_files(settings, source, sha256).glob("*")}
        for sha256, item in evidence.landed(settings, source.name).items()
    }


def hashes(settings: Settings) -> set[bytes]:
    """All keyed hashes in the staged records."""
    with duckdb.connect() as con:
        found = con.read_parquet(f"{settings.storage.root}/staged/*/*/*/records.parquet")
        return {cell for cells in found.project("message_key, recipient_key").fetchall() for cell in cells}


def test_rotating_the_key_stages_anew_what_is_not_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = site(tmp_path, retention={"landed_days": 10})
    keyed(monkeypatch, settings, "first")
    later = [row(n, date_time_utc="2026-12-15T10:00:00Z") for n in range(5, 8)]
    bring(settings, {"connector-2026-11-16.csv": GOOD, "connector-2026-12-15.csv": export(later)})
    plan = retention.plan(settings, date(2026, 12, 20))
    retention.carry_out(settings, plan, who="ops")
    bring_up(settings)
    before, digest = (staged_keys(settings), hashes(settings)), warehouse.digest(settings)
    assert {name: len(keys) for name, keys in before[0].items()} == {
        "connector-2026-11-16.csv": 0,
        "connector-2026-12-15.csv": 1,
    }
    keyed(monkeypatch, settings, "second")
    bring_up(settings)
    assert staged_keys(settings) != before[0]
    assert {name: len(keys) for name, keys in staged_keys(settings).items()} == {
        "connector-2026-11-16.csv": 0,
        "connector-2026-12-15.csv": 1,
    }
    assert hashes(settings) & before[1] == set()
    assert warehouse.digest(settings) == digest
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        assert con.execute("select count(*) from trace_rows").fetchone() == (3,)
    warehouse.rebuild(settings)
    assert warehouse.digest(settings) == digest


def test_a_key_from_the_environment_is_written_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = site(tmp_path)
    keyed(monkeypatch, settings, GIVEN)
    bring(settings, {"connector-2026-11-16.csv": GOOD, "connector-2026-11-17.csv": b"no,export\n1,2\n"})
    key = staging.hash_key(settings)
    assert not (settings.storage.root / "hash.key").exists()
    for path in (path for path in settings.storage.root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for secret in (GIVEN.encode(), key, key.hex().encode()):
            assert secret not in content, path
    assert GIVEN not in json.dumps(settings.public(), default=str) + repr(settings)


def test_the_same_mail_has_other_hashes_at_another_site(tmp_path: Path) -> None:
    found: list[Any] = []
    for name in ("a", "b"):
        settings = site(tmp_path / name)
        bring(settings, {"connector-2026-11-16.csv": GOOD})
        found.append((warehouse.digest(settings).digest, hashes(settings)))
    assert found[0][0] == found[1][0]
    assert found[0][1] & found[1][1] == set()
