"""Airflow for the tests: its own home below pytest's folder, set before anything of Airflow is imported."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools.local_airflow import LocalAirflow
from tools.run_samples import SAMPLES, place, write_config

DAYS = ("2026-11-09", "2026-11-10", "2026-11-11")
ZONES = ("UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
PROBE = Path(__file__).with_name("probe.py")
Probe = Callable[..., Any]


@pytest.fixture(autouse=True, scope="session")
def _home_of_its_own() -> Iterator[None]:
    """Importing airflow.sdk in this process must not touch anybody's ~/airflow."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", folder)
        yield


@pytest.fixture(autouse=True, scope="module")
def _samples_settings() -> Iterator[None]:
    """The DAG files read their settings when they are imported; other tests in this process have their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSIT_LEDGER_CONFIG", str(SAMPLES / "config.toml"))
        yield


def settings_for_one_language(path: Path, smtp_port: int) -> None:
    """The samples' settings, but everybody gets the same report: rendering a second and a third costs ten seconds."""
    write_config(path, smtp_port)
    text = path.read_text(encoding="utf-8").replace('languages = ["en", "sv"]', 'languages = ["en"]')
    text, count = re.subn(r'(?m)^language = "sv"\nconnectors = .*\n', "", text)
    assert count == 1
    path.write_text(text, encoding="utf-8")


def lay_out(folder: Path, days: Sequence[str] = DAYS, **options: int) -> LocalAirflow:
    """A folder with the samples' settings and some days' exports, and an Airflow for it that is not started."""
    airflow = LocalAirflow(folder, folder / "config.toml", **{"retry_seconds": 15} | options)
    exports = folder / "exports"
    exports.mkdir(parents=True)
    settings_for_one_language(airflow.config, airflow.smtp_port)
    place([SAMPLES / "exports" / f"connector-{day}.csv.gz" for day in days], exports)
    return airflow


@pytest.fixture(scope="session")
def airflow_folder(tmp_path_factory: pytest.TempPathFactory) -> LocalAirflow:
    """An Airflow with a migrated SQLite database; nothing runs."""
    airflow = lay_out(tmp_path_factory.mktemp("airflow") / "run")
    airflow.fresh_database()
    return airflow


def _with_database(airflow: LocalAirflow, template: LocalAirflow) -> LocalAirflow:
    """`airflow` with a copy of the empty database that `template` has migrated already."""
    airflow.home.mkdir(parents=True)
    for found in template.home.glob("empty-*.db"):
        shutil.copyfile(found, airflow.home / found.name)
    airflow.fresh_database()
    return airflow


@contextmanager
def started(airflow: LocalAirflow, template: LocalAirflow) -> Iterator[LocalAirflow]:
    """`airflow` running over a copy of `template`'s empty database; in the end all its processes have ended."""
    _with_database(airflow, template).sessions.watch()
    try:
        airflow.start(print)
        yield airflow
    finally:
        airflow.sessions.stop()


@pytest.fixture(scope="session")
def probe(airflow_folder: LocalAirflow) -> Probe:
    """Runs probe.py in a process of its own under that Airflow and returns the JSON on its last line."""

    def run(what: str, *args: Any) -> Any:
        done = subprocess.run(
            [sys.executable, str(PROBE), what, *map(json.dumps, args)],
            env=airflow_folder.env | {"TRANSIT_LEDGER_START_DATE": "2020-01-01T00:00:00+00:00"},
            cwd=PROBE.parent.parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
