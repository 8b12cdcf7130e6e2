"""What is put around a log's lines comes off again, or the log is refused and the envelope named."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import lzma
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from etl import landing, staging
from etl import settings as settings_module
from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.lines import envelope
from tests.formats.log_site import DATA, bring, rows

Facts = dict[str, list[object]]
CASES = DATA / "cases" / "mta"
EXPORTED = 1795565400
STAMP = b"2026-11-24T10:00:01.101000303Z"


def each(around: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """What is done to each line, done to a log."""
    return lambda raw: b"".join(around(line) + b"\n" for line in raw.splitlines())


def docker_json(line: bytes) -> bytes:
    return json.dumps({"log": line.decode() + "\n", "stream": "stdout", "time": STAMP.decode()}).encode()


LAYERS: dict[str, Callable[[bytes], bytes]] = {
    "CR": lambda raw: raw.replace(b"\n", b"\r\n"),
    "blanks": each(lambda line: line + b"  "),
    "docker -t": each(lambda line: STAMP + b" " + line),
    "CRI": each(lambda line: STAMP + b" stdout F " + line),
    "CloudWatch": each(lambda line: b"2026-11-24T10:00:01.101Z\t" + line),
    "docker compose": each(lambda line: b"mail-postfix-1  | " + line),
    "colours": each(lambda line: b"\x1b[32m" + line[:10] + b"\x1b[0m" + line[10:]),
    "a collector": each(lambda line: b"Nov 24 10:00:01 collector " + line),
    "docker's syslog driver": each(lambda line: b"Nov 24 10:00:01 dockerhost docker[32360]: " + line),
    "RFC 5424": each(lambda line: b"<22>1 2026-11-24T10:00:01Z collector app 12 - - " + line),
    "docker's JSON": each(docker_json),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda raw: gzip.compress(raw, mtime=0),
    "two gzip members": lambda raw: gzip.compress(raw[:500], mtime=0) + gzip.compress(raw[500:], mtime=0),
    "xz": lzma.compress,
    "two xz members": lambda raw: lzma.compress(raw[:500]) + lzma.compress(raw[500:]),
    "bzip2": bz2.compress,
}


def facts_of(
    folder: Path, format_name: str, logs: dict[str, bytes], exported: int = EXPORTED
) -> dict[str, list[object]]:
    """Facts (but the source's name) by the log's name, each a source of one site."""
    names = {f"s{number}": name for number, name in enumerate(logs)}
    sources = []
    for source, name in names.items():
        (folder / source).mkdir(parents=True)
        path = folder / source / "mail.log"
        path.write_bytes(logs[name])
        os.utime(path, (exported, exported))
        sources.append({"name": source, "format": format_name, "location": source, "pattern": "*"})
    raw = {
        "organisation": {"name": "Our", "domains": ["our.test", "contoso.example", "contoso-research.example"]},
        "report": {"time_zone": "UTC"},
        "storage": {"root": "data"},
        "sources": sources,
    }
    settings = settings_module.parse(raw, folder / "config.toml", {"TRANSIT_LEDGER_KEY": "test"})
    landing.collect(settings)
    bring(settings)
    for item in staging.stage_all(settings):
        assert item.state == "staged", (names[item.source], item.reason)
    found: dict[str, list[object]] = {name: [] for name in logs}
    for row in rows(settings):
        found[names[row.pop("source")]].append(row)
    return found


def wrapped(raw: bytes, around: Iterable[str]) -> bytes:
    for name in around:
        raw = (LAYERS | PACKED)[name](raw)
    return raw


PAIRS = [
    ("CR", "docker -t"), ("docker -t", "colours"), ("a collector", "docker's JSON"), ("RFC 5424", "CRI"),
    ("docker compose", "colours"), ("docker's syslog driver", "xz"), ("docker's JSON", "bzip2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("format_name", "case"), [("postfix_log", "a01-control-bsd/mail.log"), ("exim_log", "c12-exim-docker-t/mainlog")]
)
def test_a_log_says_the_same_in_any_envelope(tmp_path: Path, format_name: str, case: str) -> None:
    raw = (CASES / case).read_bytes()
    if format_name == "exim_log":
        raw = b"".join(line.partition(b" ")[2] for line in raw.splitlines(keepends=True))  # docker's stamp
    ways = {
        "plain": (),
        **{name: (name,) for name in (*LAYERS, *PACKED)},
        **{" in ".join(pair): pair for pair in PAIRS},
    }
    found = facts_of(tmp_path, format_name, {name: wrapped(raw, way) for name, way in ways.items()})
    assert len(found["plain"]) == 5
    assert {name: facts for name, facts in found.items() if facts != found["plain"]} == {}


@pytest.mark.long
@pytest.mark.parametrize("path", sorted(DATA.glob("postfix/*.log.gz")) + sorted(DATA.glob("exim/*log.gz")), ids=str)
def test_each_log_there_is_says_the_same_in_any_two_envelopes(tmp_path: Path, path: Path) -> None:
    raw = gzip.decompress(path.read_bytes())
    ways: dict[str, tuple[str, ...]] = {"plain": ()}
    ways |= {" in ".join(pair): pair for pair in itertools.permutations(LAYERS, 2) if pair[0] != "docker's JSON"}
    found = facts_of(tmp_path, f"{path.parent.name}_log", {name: wrapped(raw, way) for name, way in ways.items()})
    assert found["plain"]
    assert {name for name, facts in found.items() if facts != found["plain"]} == set()


CLASSIC = b"Nov 24 10:00:01 mx1 postfix/smtpd[101]: connect"
HEADS = {
    b"2026-11-24T10:00:01.1+00:00 INFO    postfix/smtpd[1]: x": b"2026-11-24T10:00:01.1+00:00 - postfix/smtpd[1]: x",
    b"Nov 24 10:00:01 mx1 mail.info postfix/smtpd[101]: connect": CLASSIC,
    b"Nov 24 10:00:01 <mail.info> mx1 postfix/smtpd[101]: connect": CLASSIC,
    b"Nov 24 10:00:01 mx1 postfix/smtpd[101]: [ID 197553 mail.info] connect": CLASSIC,
    b"Nov 24 10:00:01 mail.info postfix/smtpd[1]: x": b"Nov 24 10:00:01 - postfix/smtpd[1]: x",
    b"Tue 2026-11-24 10:00:01 UTC mx1 postfix/smtpd[1]: x": b"2026-11-24T10:00:01+00:00 mx1 postfix/smtpd[1]: x",
}


@pytest.mark.parametrize("line", HEADS, ids=lambda line: line.decode()[:40])
def test_a_head_of_another_kind_becomes_a_classic_one(line: bytes) -> None:
    assert envelope.unwrap(line) == HEADS[line]


FORGED = [
    b"Nov 24 10:00:01 mx1 postfix/cleanup[1]: 4b5: warning: header Subject: Nov 24 10:00:02 mx1 postfix/smtpd[9]: x",
    b"Nov 24 10:00:01 mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[1.2.3.4]: 554 <Nov 24 10:00:02 mx1 a/b[9]: x>",
    b'2026-11-24 10:00:01 1vNab1-00000001Abc-1mPq <= a@x.example H=x [1.2.3.4] T="2026-11-24 10:00:02 forged"',
]


@pytest.mark.parametrize("line", FORGED, ids=["postfix header", "postfix reject", "exim subject"])
def test_what_others_write_into_a_line_is_no_envelope(line: bytes) -> None:
    assert envelope.layers(b"\n".join([line] * 20)) == ()
    assert envelope.unwrap(line) == line


REFUSED = {
    "journalctl -o export": b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795514401000000\nMESSAGE=connect from x\n\n",
    "journalctl -o short-full": b"Tue 2026-11-24 11:00:01 CET mx1 postfix/smtpd[101]: connect from x[1.2.3.4]\n",
    "journalctl -o verbose": b"Tue 2026-11-24 10:00:01.101 UTC [s=5;i=1;b=2]\n    MESSAGE=connect from x\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_envelope_that_can_t_be_taken_off_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "log").write_bytes(REFUSED[name])
    head = text.head(tmp_path / "log")
    with pytest.raises(ExportUnreadable, match=f"{name}.*journalctl -o short-iso"):
        envelope.refuse_what_stays(head)


def test_xz_takes_no_more_memory_than_is_stated(tmp_path: Path) -> None:
    """A header may ask for a dictionary of gigabytes: such a file is refused before anything is unpacked."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}]
    (tmp_path / "log.xz").write_bytes(lzma.compress(b"Nov 24 10:00:01 mx1 x\n", filters=filters))
    with pytest.raises(ExportUnreadable, match="emory"):
        text.plain(tmp_path / "log.xz", tmp_path / "plain", 1 << 20)
