"""`make run`, killed and run again, comes to the same end and mails nobody twice; `make up` and `make down`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tools import sessions
from tools.local_airflow import ROOT
from tools.run_samples import SAMPLES, place, write_config

pytestmark = [pytest.mark.airflow, pytest.mark.long]
FIVE_MINUTES = 300


class Run:
    """A `make run` in a folder of its own, whose lines can be waited for."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "processes.json"
        command = [sys.executable, "-m", "tools.run_samples", "--folder", str(folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []

    def _read(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            yield line

    def until(self, text: str) -> None:
        """Reads on until a line holds `text`."""
        assert any(text in line for line in self._read()), "\n".join(self.lines)

    def end(self) -> int:
        """Reads all that is left; the exit code."""
        for _ in self._read():
            pass
        return self.process.wait(60)

    def members(self, name: str) -> list[int]:
        """The processes of one recorded session, its leader first."""
        (leader,) = [item.pid for item in sessions.recorded(self.record) if item.name == name]
        return [leader, *(pid for pid in sessions.members(leader) if pid != leader)]

    def everything(self) -> list[int]:
        """All processes that belong to the run, the one that watches over it included."""
        started = [pid for item in sessions.recorded(self.record) for pid in sessions.members(item.pid)]
        return [*children(self.process.pid), self.process.pid, *started]


def children(pid: int) -> list[int]:
    """The processes that `pid` started itself."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_everything(run: Run) -> None:
    kill(run.everything())
    run.process.wait(10)


def kill_runner(run: Run) -> None:
    """The runner alone: what it started has to end all the same."""
    kill([run.process.pid])
    run.process.wait(10)
    deadline = time.monotonic() + 60
    while sessions.recorded(run.record):
        assert time.monotonic() < deadline, "left running"


def kill_scheduler(run: Run) -> None:
    """The scheduler alone: the runner says so and ends what else it started."""
    kill(run.members("scheduler")[:1])
    assert run.end() == 1
    assert any("scheduler ended by itself" in line for line in run.lines)
    assert sessions.recorded(run.record) == []


def kill_a_task(run: Run) -> None:
    """A process two below the scheduler is a task's: it is run again, and the run goes on."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError):
            workers = children(run.members("scheduler")[0])
            tasks = [task for worker in workers for task in children(worker)]
            if tasks:
                kill(tasks[:1])
                return
    raise AssertionError("no task was seen")


def command(config: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "etl", "--config", str(config), *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def summaries(archive: Path) -> dict[str, bytes]:
    return {str(path.relative_to(archive)): path.read_bytes() for path in archive.glob("*/*/*/data/summary.json")}


def mails(folder: Path) -> Counter[tuple[str, str]]:
    """How many mails each recipient got of each edition."""
    found: Counter[tuple[str, str]] = Counter()
    for path in (folder / "mail").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if mail["X-Transit-Ledger-Edition"]:
            found[str(mail["X-Transit-Ledger-Edition"]), str(mail["To"])] += 1
    return found


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by the command line, never killed."""
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "exports").mkdir()
    config = folder / "config.toml"
    write_config(config, 25)
    place(sorted((SAMPLES / "exports").iterdir()), folder / "exports")
    command(config, "ingest")
    command(config, "publish", "2026-W46")
    command(config, "publish", "2026-W47")
    place(sorted((SAMPLES / "late").iterdir()), folder / "exports")
    command(config, "ingest")
    command(config, "publish", "2026-W46")
    return folder


@pytest.mark.timeout(3000)
def test_killed_at_any_time_it_comes_to_the_same_end(by_hand: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    history: list[tuple[str, Callable[[Run], None]]] = [
        ("waiting for Airflow", kill_everything),
        ("2026-10-27 ingested", kill_everything),
        ("settle: done", kill_runner),
        ("reporting 2026-W47", kill_scheduler),
        ("ingested again", kill_everything),
        ("arrive", kill_everything),
    ]
    for text, killed in history:
        run = Run(folder)
        run.until(text)
        killed(run)
    run = Run(folder)
    run.until("day(s) to run")
    kill_a_task(run)
    assert run.end() == 0, "\n".join(run.lines)
    assert command(folder / "config.toml", "digest") == command(by_hand / "config.toml", "digest")
    assert summaries(folder / "archive") == summaries(by_hand / "archive")
    assert "the archive holds what its ledger says" in command(folder / "config.toml", "verify")
    sent = mails(folder)
    doubtful = json.loads(command(folder / "config.toml", "status", "--json"))["deliveries"]
    assert set(sent.values()) == {1}
    assert len(sent) + len(doubtful) >= 9
    assert not doubtful or any("python -m etl send" in line for line in run.lines)

    before = sorted(path.name for path in (folder / "mail").iterdir())
    again = Run(folder)
    assert again.end() == 0
    assert sorted(path.name for path in (folder / "mail").iterdir()) == before
    assert summaries(folder / "archive") == summaries(by_hand / "archive")
    assert sessions.recorded(again.record) == []


@pytest.mark.timeout(600)
def test_up_serves_its_pages_and_down_ends_all(tmp_path: Path) -> None:
    up = subprocess.run(
        [sys.executable, "-m", "tools.up", "--folder", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=FIVE_MINUTES, check=False,
    )  # fmt: skip
    try:
        assert up.returncode == 0, up.stderr
        (page,) = re.findall(r"^Airflow: +(\S+)", up.stdout, re.MULTILINE)
        with urllib.request.urlopen(f"{page}/api/v2/monitor/health", timeout=10) as answer:  # noqa: S310  the address that make up printed
            assert json.load(answer)["scheduler"]["status"] == "healthy"
        running = {item.name for item in sessions.recorded(tmp_path / "processes.json")}
        assert running == {"archive-page", "mail-catcher", "api-server", "dag-processor", "scheduler"}
        second = subprocess.run(
            [sys.executable, "-m", "tools.up", "--folder", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert "running already" in second.stderr
    finally:
        down = [sys.executable, "-m", "tools.down", "--folder", str(tmp_path)]
        done = subprocess.run(down, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "scheduler" in done.stdout
    assert sessions.recorded(tmp_path / "processes.json") == []
    again = subprocess.run(down, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert again.stdout == "Nothing was running.\n"
