"""Hostile and damaged exports, through the real command line: a clear message, quarantine or rejects, the rest done."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import landing
from tests.helpers import HEADER, export, row, site, unprivileged

CONFIG = """
[organisation]
name = "Contoso"
domains = ["contoso.example"]
[report]
time_zone = "Europe/Stockholm"
[storage]
root = "data"
[limits]
memory = "512MiB"
threads = 2
expanded_size = "2MB"
[[sources]]
name = "m365"
format = "m365_connector_report"
location = "exports"
pattern = "connector-{date}*"
"""
GOOD = export([row(number) for number in range(1, 4)])
LINE = 1


def lines(rows: list[str]) -> bytes:
    """A CSV with the usual header and these raw records."""
    return ("\n".join([",".join(HEADER), *rows]) + "\n").encode()


def record(number: int, **values: str) -> str:
    """One raw record, as a line."""
    return export([row(number, **values)]).decode().splitlines()[LINE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with settings and an empty folder of exports."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "exports").mkdir()
    return tmp_path


def run(folder: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """`python -m etl …`; never may a stack trace be seen."""
    command = [sys.executable, "-m", "etl", "--config", str(folder / "config.toml"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def ingest(folder: Path, files: dict[str, bytes], *arguments: str, **options: Any) -> dict[str, Any]:
    """Drops `files` among the exports, ingests, and gives what is said of each by its name, and all else."""
    for name, content in files.items():
        (folder / "exports" / name).write_bytes(content)
    done = run(folder, "ingest", "--json", *arguments, **options)
    assert done.returncode in (0, 1), done.stderr
    said = json.loads(done.stdout)
    return {"files": {item["name"]: item for item in said["files"]}, "code": done.returncode, "said": done.stderr}


def asked(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What the published warehouse answers."""
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def messages(folder: Path) -> int:
    """All messages in the facts."""
    return int(asked(folder, "select coalesce(sum(messages), 0) from facts")[0][0])


def zipped(*members: tuple[str, bytes]) -> bytes:
    """A zip with these members, named as they are."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "wrong header": (b"when,who,what\n1,2,3\n", "no column for date_time, direction, tls_version"),
    "no header": (lines([record(1)]).split(b"\n", 1)[1], "the first line holds data"),
    "binary": (bytes(range(256)) * 64, "no column for"),
    "truncated gzip": (gzip.compress(GOOD * 20)[:-40], "ends before its end mark"),
    "damaged gzip": (gzip.compress(GOOD, mtime=0)[:30] + b"\xff" * 60, "compressed data"),
    "empty gzip": (gzip.compress(b""), "the file is empty"),
    "climbing zip": (zipped(("../../etc/connector.csv", GOOD)), "climbs out"),
    "absolute zip": (zipped(("/etc/connector.csv", GOOD)), "climbs out"),
    "zip of two": (zipped(("in/a.csv", GOOD), ("b.csv", GOOD)), "holds 2 files ('a.csv', 'b.csv'). Expected"),
    "zip of none": (zipped(("folder/", b"")), "holds no file"),
    "gzip in gzip": (gzip.compress(gzip.compress(GOOD)), "compressed once more"),
    "gzip in zip": (zipped(("a.csv.gz", gzip.compress(GOOD))), "hand in the file that comes out"),
    "swelling zip": (zipped(("a.csv", GOOD + b"x" * 4_000_000)), "larger than 2,000,000 bytes"),
    "swelling gzip": (gzip.compress(GOOD + b"x" * 4_000_000), "larger than 2,000,000 bytes"),
    "cut zip": (zipped(("a.csv", GOOD * 50))[:-60], "compressed data"),
    "quote left open": (lines([record(1), '2026-11-16T10:00:00Z,Received,"open,,,,,,,,,,,', record(2)]), "quote"),
    "days or months first": (export([row(1, date_time_utc="05/11/2026 10:00")]), "date_format"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """All files that are no export, and a good one between them, in one run."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "exports").mkdir()
    files = {f"connector-2026-11-16 {name}": content for name, (content, _) in REFUSED.items()}
    return folder, ingest(folder, {**files, "connector-2026-11-16 good": GOOD})


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_export_is_quarantined(refused: tuple[Path, dict[str, Any]], name: str) -> None:
    folder, said = refused
    file = said["files"][f"connector-2026-11-16 {name}"]
    assert (file["state"], file["used"]) == ("quarantined", 0)
    assert REFUSED[name][1].lower() in file["reason"].lower()
    told = asked(folder, "select sha256, state, used, reason from files")
    assert (file["sha256"], "quarantined", 0, file["reason"]) in told


def test_the_rest_of_the_work_is_done_and_ops_are_told(refused: tuple[Path, dict[str, Any]]) -> None:
    folder, said = refused
    assert said["code"] == 1
    assert said["files"]["connector-2026-11-16 good"]["used"] == 3
    assert messages(folder) == 3


def test_a_message_about_a_file_quotes_no_traced_data(refused: tuple[Path, dict[str, Any]]) -> None:
    _, said = refused
    everything = json.dumps(said)
    assert "user1@" not in everything
    assert "Subject 1" not in everything


def test_a_header_alone_is_an_export_of_nothing(folder: Path) -> None:
    said = ingest(folder, {"connector-2026-11-15": export([]), "connector-2026-11-16": GOOD})
    assert said["code"] == 0
    file = said["files"]["connector-2026-11-15"]
    assert (file["state"], file["records"], file["used"]) == ("counted", 0, 0)
    assert messages(folder) == 3


REJECTED: dict[str, tuple[str, str]] = {
    "too few fields": ("2026-11-16T10:00:00Z,Received", "too few fields"),
    "too many fields": (record(50) + ",more", "too many fields"),
    "no date": (record(51, date_time_utc="2026-02-30T10:00:00Z"), "not a date"),
    "epoch": (record(52, date_time_utc="epoch"), "not a date"),
    "infinity": (record(53, date_time_utc="infinity"), "not a date"),
    "afternoon": (record(54, date_time_utc="2026-11-16 01:00:00 PM"), "not a date"),
    "far future": (record(56, date_time_utc="294000-01-01T00:00:00Z"), "a date outside"),
    "no direction": (record(57, directionality="Sideways"), "an unknown direction"),
    "NUL": (record(58, connector_name="Fabri\0kam"), "a NUL byte"),
    "10 MB": (record(59, message_subject="x" * 10_000_000), "longer than 4 MiB"),
    "no direction, after these": (record(61, directionality="Sideways"), "an unknown direction"),
    "a stray quote": (record(60).replace("Fabrikam", '"Fab"rikam'), "a quote that is not closed"),
}


def test_a_bad_record_is_rejected_by_number_and_the_rest_counts(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG.replace('"2MB"', '"20MB"'))
    raw = [record(1)]
    for bad, _ in REJECTED.values():
        raw += [bad, record(len(raw) + 1)]
    said = ingest(folder, {"connector-2026-11-16": gzip.compress(lines(raw))})
    file = said["files"]["connector-2026-11-16"]
    assert (file["state"], file["records"], file["used"]) == ("counted", len(raw), len(REJECTED) + 1)
    told = asked(folder, "select record, reason from rejects order by record")
    expected = [(2 * place + 2, reason) for place, (_, reason) in enumerate(REJECTED.values())]
    assert [
        (number, reason[: len(short)]) for (number, reason), (_, short) in zip(told, expected, strict=True)
    ] == expected
    assert messages(folder) == len(REJECTED) + 1
    named = [
        (item["record"], item["reason"][: len(short)])
        for item, (_, short) in zip(file["rejects"], expected, strict=False)
    ]
    assert named == expected[:5]
    shown = run(folder, "ingest")
    assert [line for line in shown.stderr.splitlines() if "record" in line][0::5] == [
        f"connector-2026-11-16: record {expected[0][0]}: {file['rejects'][0]['reason']}",
        f"connector-2026-11-16: and {len(REJECTED) - 5} more rejected records",
    ]


def test_an_unknown_tls_word_counts_as_unknown_and_is_listed(folder: Path) -> None:
    rows = [row(1), row(2, tls_version="Quantum9"), row(3, tls_version="TLS 9.9"), row(4, tls_version="")]
    ingest(folder, {"connector-2026-11-16": export(rows)})
    told = asked(folder, "select tls_version, sum(messages) from facts group by 1 order by 1")
    assert told == [("TLS 1.2", 1), ("TLS unknown", 1), ("Unknown", 2)]
    words = asked(folder, "select word, records from unknown_words where field = 'tls_version' order by word")
    assert words == [("Quantum9", 1), ("TLS 9.9", 1)]


def test_a_connector_may_have_any_name(folder: Path) -> None:
    names = ["<script>alert(1)</script>", "=cmd()", 'Å,"ö', "x" * 300, "a\nb", "'; drop table facts; --"]
    ingest(folder, {"connector-2026-11-16": export([row(n, connector_name=name) for n, name in enumerate(names)])})
    assert asked(folder, "select connector, sum(messages) from facts group by 1 order by 1") == [
        (name, 1) for name in sorted(names)
    ]
    shown = run(folder, "facts", "--from", "2026-11-16", "--to", "2026-11-16", "--by", "connector", "--format", "csv")
    cells = {cells[0] for cells in csv.reader(io.StringIO(shown.stdout, newline=""))}
    assert cells == {"connector", "'=cmd()", *names} - {"=cmd()"}


def test_sums_do_not_overflow_on_absurd_sizes(folder: Path) -> None:
    huge = str(2**63 - 1)
    rows = [row(1, total_bytes=huge), row(2, total_bytes=huge), row(3, total_bytes="-5"), row(4, total_bytes="7")]
    ingest(folder, {"connector-2026-11-16": export(rows)})
    assert asked(folder, "select sum(messages), sum(bytes) from facts") == [(4, 7)]


def test_a_growing_file_is_taken_at_the_next_run(folder: Path) -> None:
    path = folder / "exports" / "connector-2026-11-16"
    path.write_bytes(GOOD)
    finished = threading.Event()

    def write() -> None:
        number = 100
        with path.open("ab", buffering=0) as file:
            while not finished.wait(0.01):
                number += 1
                file.write(record(number).encode() + b"\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        said = ingest(folder, {})
    finally:
        finished.set()
        writer.join()
    assert (said["code"], said["files"]["connector-2026-11-16"]["state"]) == (1, "growing")
    assert messages(folder) == 0
    again = ingest(folder, {})
    assert again["code"] == 0
    assert messages(folder) == path.read_bytes().count(b"\n") - 1


def test_a_file_may_have_any_name(folder: Path) -> None:
    """Names that are no UTF-8, break a line, or would move a terminal's cursor."""
    for number, name in enumerate((b"\xff.csv", b"a\nb", b"\x1b[2J", "Å\u202e".encode())):
        path = folder / "exports" / os.fsdecode(b"connector-2026-11-16" + name)
        path.write_bytes(export([row(number)]))
    said = ingest(folder, {})
    assert (said["code"], {item["state"] for item in said["files"].values()}) == (0, {"counted"})
    names = ["\\udcff.csv", "\\x1b[2J", "a\\nb", "Å\\u202e"]
    assert sorted(said["files"]) == [f"connector-2026-11-16{name}" for name in names]
    assert messages(folder) == 4
    assert "\x1b" not in run(folder, "ingest").stdout


VANISHING = """
from etl.cli import app
from etl.landing.inbox import Folder
real = Folder.copy

def copy(self, name, *rest):
    done = real(self, name, *rest)
    if name.endswith("15"):
        (self.path / name).unlink()
    return done

Folder.copy = copy
app.run()
"""


def test_a_file_that_vanishes_while_it_is_read_is_reported_and_the_rest_done(folder: Path) -> None:
    for day in (15, 16):
        (folder / "exports" / f"connector-2026-11-{day}").write_bytes(GOOD)
    command = [sys.executable, "-c", VANISHING, "--config", str(folder / "config.toml"), "ingest", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    states = {item["name"]: item["state"] for item in json.loads(done.stdout)["files"]}
    assert states == {"connector-2026-11-15": "vanished", "connector-2026-11-16": "counted"}
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert messages(folder) == 3
    assert [path.name for path in (folder / "data" / "landed" / "m365").iterdir()] == [
        item[0] for item in asked(folder, "select sha256 from files")
    ], "nothing of it stays"


def test_a_vanished_file_is_reported_and_the_rest_done(folder: Path) -> None:
    (folder / "exports" / "connector-2026-11-16").write_bytes(GOOD)
    gone, there = folder / "exports" / "connector-2026-11-15", folder / "exports" / "connector-2026-11-16"
    said = ingest(folder, {}, str(gone), str(there))
    assert (said["code"], said["files"]["connector-2026-11-15"]["state"]) == (1, "vanished")
    assert messages(folder) == 3


def _no_larger_than(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 5_000, 300_000])
def test_no_space_left_is_said_and_nothing_half_written_stays(folder: Path, size: int) -> None:
    (folder / "exports" / "connector-2026-11-16").write_bytes(export([row(number) for number in range(2_000)]))
    full = run(folder, "ingest", preexec_fn=_no_larger_than(size))
    assert full.returncode == 74, full.stderr
    assert "room" in full.stderr
    assert not [path for path in (folder / "data").rglob(".partial-*") if path.is_file()]
    assert ingest(folder, {})["code"] == 0
    assert messages(folder) == 2_000


def test_an_export_that_may_not_be_read_is_left_for_the_next_run(tmp_path: Path) -> None:
    settings = site(tmp_path)
    closed, there = tmp_path / "exports" / "connector-2026-11-15", tmp_path / "exports" / "connector-2026-11-16"
    for path in (closed, there):
        path.write_bytes(export([row(1, connector_name=path.name)]))
    closed.chmod(0)
    with unprivileged(tmp_path):
        collected = landing.collect(settings)
    assert [(item.name, item.result) for item in collected.files] == [
        (closed.name, "unreadable"),
        (there.name, "landed"),
    ]
