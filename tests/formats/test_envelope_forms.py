"""A log says the same whatever a container, a collector, a syslog daemon or an editor put around its lines, or is
refused by the name of what is around it: never counted otherwise."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl import formats
from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Job, Reader, Reading, Sample
from etl.formats.lines.log_file import Log
from tests.formats.envelopes import OF_ANY, OF_SYSLOG
from tests.formats.log_site import DATA, FORMATS
from tests.formats.test_envelopes import facts_of

REFUSED = {
    "quoted": "in quotes",
    "metalog": "metalog",
    "journalctl -o short-full, another zone": "short-full",
    "journalctl -o with-unit": "daemons' names",
    "journalctl -o short-unix": "short-unix",
    "journalctl -o short-monotonic": "short-monotonic",
    "journalctl -o cat": "journalctl -o cat",
    "journalctl -o export": "journalctl -o export",
    "journalctl -o verbose": "journalctl -o verbose",
    "journalctl -o json-pretty": "not an object a line",
    "JSON in one list": "not an object a line",
}
"""What is refused, and the word that names it."""
CONTROL = DATA / "cases" / "mta" / "a01-control-bsd" / "mail.log"
LOGS = sorted(
    [*(path for path in DATA.glob("*/*log*.gz") if "truth" not in path.name), CONTROL,
     FORMATS / "postfix_log" / "hostile" / "good.log", FORMATS / "exim_log" / "hostile" / "good.log"]
)  # fmt: skip
STACKS: dict[str, tuple[str, ...]] = {
    "docker in docker compose": ("docker logs -t", "docker compose"),
    "CRI behind a collector": ("CRI", "another syslog's head"),
    "JSON of a container with colours": ("colours by severity", "docker's json-file"),
    "carriage returns in a JSON export, packed": ("carriage returns", "Filebeat", "xz"),
    "a container's stamp behind kubectl's": ("CRI", "kubectl --prefix", "carriage returns"),
}
"""Envelopes in envelopes, innermost first."""


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        yield con


def reader_of(path: Path) -> Reader:
    return formats.reader("exim_log" if "exim" in str(path) else "postfix_log")


def lines_of(path: Path, most: int | None) -> bytes:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return b"".join(raw.splitlines(keepends=True)[:most])


def unwrapped(con: duckdb.DuckDBPyConnection, folder: Path, reader: Reader, content: bytes) -> list[bytes]:
    """The log's lines as the format's SQL gets them."""
    folder.mkdir()
    path = folder / "log"
    path.write_bytes(content)
    reading = Reading(reader.name, "UTC", "UTC")
    job = Job(con, path, "log", None, "2026-11-25T00:00:00Z", reading, b"", 1 << 30, folder, folder)
    assert isinstance(reader, Log)
    ready = reader.prepare(job)
    plain = text.plain(ready.path, folder / "plain.log", 1 << 30)
    return [line.rstrip(b" \t\r") for line in plain.path.read_bytes().splitlines() if line.strip()]


def check_lines(con: duckdb.DuckDBPyConnection, folder: Path, path: Path, most: int | None) -> None:
    reader, log = reader_of(path), lines_of(path, most)
    own = unwrapped(con, folder / "own", reader, log)
    for number, (name, wrap) in enumerate(OF_ANY.items()):
        wrapped = wrap(log)
        if name in REFUSED:
            with pytest.raises(ExportUnreadable, match=REFUSED[name]):
                unwrapped(con, folder / str(number), reader, wrapped)
            continue
        assert unwrapped(con, folder / str(number), reader, wrapped) == own, name
        (folder / "head").write_bytes(wrapped)
        assert formats.recognise(Sample("x", text.head(folder / "head"))) == reader.name, name


@pytest.mark.parametrize("path", LOGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_lines_are_the_same_in_any_envelope(con: duckdb.DuckDBPyConnection, tmp_path: Path, path: Path) -> None:
    check_lines(con, tmp_path, path, 60)


@pytest.mark.long
@pytest.mark.parametrize("path", LOGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_whole_logs_are_the_same_in_any_envelope(con: duckdb.DuckDBPyConnection, tmp_path: Path, path: Path) -> None:
    check_lines(con, tmp_path, path, None)


def stacked(log: bytes, stack: tuple[str, ...]) -> bytes:
    for name in stack:
        log = OF_ANY[name](log)
    return log


def test_facts_are_the_same_in_any_form_of_syslog(tmp_path: Path) -> None:
    log = CONTROL.read_bytes()
    wrapped = {"as it is": log} | {name: stacked(log, stack) for name, stack in STACKS.items()}
    wrapped |= {name: wrap(log) for name, wrap in OF_SYSLOG.items() if name not in REFUSED}
    found = facts_of(tmp_path, "postfix_log", wrapped)
    assert found["as it is"]
    assert {name: facts for name, facts in found.items() if facts != found["as it is"]} == {}


@pytest.mark.parametrize("name", [name for name in OF_SYSLOG if name in REFUSED])
def test_form_that_can_t_be_read_is_refused_by_its_name(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ExportUnreadable, match=REFUSED[name]):
        unwrapped(con, tmp_path / "log", formats.reader("postfix_log"), OF_SYSLOG[name](CONTROL.read_bytes()))
