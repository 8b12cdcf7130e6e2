"""Processes that are all stopped, whatever happens: each in a session of its own, written down, watched over.

A session holds a process and all that it starts. Who is in it is read from /proc, so nothing that belongs to it is
left, and nothing else is ever touched. A watchdog ends all sessions when the process that started them dies without
having done so; a later call of `stop_recorded` does it where even the watchdog is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Started:
    """A session's leader: its process id, when it started (clock ticks since boot), on which boot, where it logs."""

    name: str
    pid: int
    started_at: int
    boot: str
    log: str

    @property
    def is_ours(self) -> bool:
        """Whether the session can still be the one that was written down."""
        if BOOT_ID.read_text().strip() != self.boot:
            return False
        found = _stat(self.pid)
        return found is None or found.started_at == self.started_at


@dataclass(frozen=True)
class _Stat:
    state: str
    session: int
    started_at: int


def _stat(pid: int) -> _Stat | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return _Stat(fields[0], int(fields[3]), int(fields[19]))


def members(session: int) -> list[int]:
    """The living processes of a session."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if (stat := _stat(pid)) and stat.session == session and stat.state != "Z"]


def processor_seconds(record: Path) -> float:
    """What the recorded sessions have cost so far, ended children of theirs included."""
    ticks = 0
    for session in recorded(record):
        for pid in members(session.pid):
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Sessions:
    """What one run has started. `record` is the file that a later run finds them by."""

    def __init__(self, record: Path, logs: Path) -> None:
        self.record, self.logs = record, logs
        self._running: dict[str, tuple[Started, subprocess.Popen[bytes]]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str]) -> None:
        """Starts `command` in a session of its own; what it prints goes to `<logs>/<name>.log`."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  the callers' own commands, no shell
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
            )
        stat = _stat(process.pid)
        started = Started(name, process.pid, stat.started_at if stat else 0, BOOT_ID.read_text().strip(), str(log))
        self._running[name] = (started, process)
        _write(self.record, [item for item, _ in self._running.values()])

    def dead(self) -> Started | None:
        """The first of them that has ended by itself, if any has."""
        return next((item for item, process in self._running.values() if process.poll() is not None), None)

    def kill(self, name: str) -> None:
        """Ends one of them at once, as a crash does, with all that it started."""
        started, process = self._running.pop(name)
        while left := members(started.pid):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Ends them all and forgets them."""
        end(item.pid for item, _ in self._running.values())
        for _, process in self._running.values():
            process.wait()
        self._running.clear()
        self.record.unlink(missing_ok=True)

    def watch(self) -> None:
        """Starts the watchdog: it ends all recorded sessions as soon as this process is no more."""
        reading, writing = os.pipe()
        self._alive = writing  # held open for as long as this process lives; close-on-exec, so nobody else holds it
        if os.fork():
            os.close(reading)
            return
        os.close(writing)
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with suppress(OSError):
            os.read(reading, 1)
        stop_recorded(self.record)
        os._exit(0)


def end(pids: Iterable[int], patience: float = 8) -> None:
    """Asks the sessions' processes to end, and makes those end that do not within `patience` seconds."""
    sessions = list(pids)
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        for session in sessions:
            for pid in [session] if number == signal.SIGTERM and session in members(session) else members(session):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(members(session) for session in sessions):
            time.sleep(0.05)


def recorded(record: Path) -> list[Started]:
    """The sessions that an earlier run wrote down and that still have a living process."""
    try:
        items = [Started(**item) for item in json.loads(record.read_text())]
    except (OSError, ValueError, TypeError):
        return []
    return [item for item in items if item.is_ours and members(item.pid)]


def stop_recorded(record: Path) -> list[str]:
    """Ends what an earlier run left; their names."""
    left = recorded(record)
    end(item.pid for item in left)
    record.unlink(missing_ok=True)
    return [item.name for item in left]


def _write(record: Path, items: Sequence[Started]) -> None:
    temporary = record.with_suffix(".new")
    temporary.write_text(json.dumps([asdict(item) for item in items], indent=1))
    temporary.replace(record)
