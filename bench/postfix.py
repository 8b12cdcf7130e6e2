"""A Postfix log of a million lines, from landing to facts, beside pflogsumm on the same log in the same run.

`python -m bench.postfix [LINES]`. The log is the real sample, repeated over a day: each repetition with queue ids and
process ids of its own, interleaved with the next. Servers on the internet see more that comes to nothing than the
sample does: its sessions without mail stand `IDLE` times in each repetition. So 34 % of what clients tried is rejected
(in the sample alone 18 %, in postfix-logwatch's example of a server 32 %). Lines of other programs (dovecot, opendkim)
and of postscreen are not in it: how many a server has depends on the server. Needs Debian's package pflogsumm.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl import facts, landing, staging
from etl import settings as settings_module

SAMPLES = Path(__file__).parents[1] / "tests" / "data" / "postfix"
FIRST = (2 * 60 + 52) * 60 + 33
"""The second of the day at which the sample begins."""
IDLE = 4
"""How often a session of the sample that brought no mail stands in each repetition."""
_SESSION = re.compile(r"(smtpd\[\d+\]): (connect from|disconnect from|\w+: client=|)")
_QUEUE = re.compile(r"\b(?:[0-9A-F]{10,11}|4jYS[0-9A-Za-z]{11})\b")
_PROCESS = re.compile(r"\[(\d+)\]: ")


def write_log(path: Path, lines: int) -> int:
    """Writes about `lines` lines of log to `path`; returns how many."""
    sample = [
        line
        for name in ("mail.log.1.gz", "mail.log.gz")
        for line in gzip.decompress((SAMPLES / name).read_bytes()).decode("utf-8").splitlines(keepends=True)
    ]
    seconds = [(int(line[7:9]) * 60 + int(line[10:12])) * 60 + int(line[13:15]) - FIRST for line in sample]
    idle = _idle(sample)
    copies = max(lines // (len(sample) + (IDLE - 1) * len(idle)), 1)
    step = min(310, 86_000 // copies)
    order = sorted(
        (seconds[number] + copy * step, copy, again, number)
        for copy in range(copies)
        for again in range(IDLE)
        for number in (idle if again else range(len(sample)))
    )
    start = datetime(2026, 11, 23, 0, 2, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as file:
        for second, copy, again, number in order:
            said = _renamed(sample[number][15:], copy, again)
            file.write(f"{start + timedelta(seconds=second):%b %d %H:%M:%S}{said}")
    return len(order)


def _idle(sample: list[str]) -> list[int]:
    """The places in the sample of the lines of sessions that brought no mail."""
    found: list[int] = []
    open_sessions: dict[str, list[int]] = {}
    for number, line in enumerate(sample):
        match = _SESSION.search(line)
        if not match:
            continue
        process, said = match[1], match[2]
        if said == "connect from":
            open_sessions[process] = [number]
        elif said.endswith("client="):
            open_sessions.pop(process, None)
        elif process in open_sessions:
            open_sessions[process].append(number)
            if said == "disconnect from":
                found += open_sessions.pop(process)
    return sorted(found)


def _renamed(said: str, copy: int, again: int) -> str:
    """The line with queue ids and process id of the repetition `copy`, and of its session's repetition `again`."""

    def queue(match: re.Match[str]) -> str:
        mark = f"{copy:03X}"
        return f"4{mark}{match[0][4:]}" if match[0].startswith("4jYS") else mark + match[0][3:]

    return _PROCESS.sub(
        lambda match: f"[{int(match[1]) + (copy % 8 + again * 8) * 40_000}]: ", _QUEUE.sub(queue, said), count=1
    )


def ours(log: Path, folder: Path) -> float:
    """Seconds from landing to the facts of the day."""
    raw = {
        "organisation": {"name": "Contoso", "domains": ["contoso.example", "contoso-research.example"]},
        "report": {"time_zone": "UTC"},
        "storage": {"root": "data"},
        "sources": [{"name": "mx", "format": "postfix_log", "location": "exports", "pattern": "*"}],
    }
    settings = settings_module.parse(raw, folder / "config.toml", {})
    start = time.perf_counter()
    landing.collect(settings, source="mx", files=[log])
    staging.stage_all(settings)
    for day in facts.dirty_days(settings):
        facts.rebuild_day(settings, day)
    return time.perf_counter() - start


def theirs(log: Path) -> float:
    """Seconds that pflogsumm needs for the same log."""
    start = time.perf_counter()
    subprocess.run(["pflogsumm", str(log)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def rates(lines: int = 1_000_000) -> tuple[float, float]:
    """Lines a second, ours and pflogsumm's, on the same log in the same run; of each the best of three."""
    if shutil.which("pflogsumm") is None:
        sys.exit("pflogsumm is not installed (Debian: apt-get install pflogsumm)")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "exports").mkdir()
        log = folder / "exports" / "mail.log"
        count = write_log(log, lines)
        best = min(ours(log, _fresh(folder, number)) for number in range(3))
        other = min(theirs(log) for _ in range(3))
    return count / best, count / other


def _fresh(folder: Path, number: int) -> Path:
    place = folder / str(number)
    (place / "exports").mkdir(parents=True)
    return place


if __name__ == "__main__":
    our_rate, other_rate = rates(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(f"{our_rate:,.0f} lines per second, pflogsumm {other_rate:,.0f}: {our_rate / other_rate:.1f} times")
