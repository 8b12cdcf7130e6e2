"""What collectors, containers and syslog daemons put around a log's own lines, found out and taken off by the chunk.

Some heads are seen line by line (priorities, RFC 5424, fractions of a second). A *layer* is recognised by the file's
first lines, most of which must have it, and taken off each line that has it; layers may lie in one another. JSON around
lines (docker's json-file driver, `journalctl -o json`) is read by SQL. What can't be taken off is refused by its name,
with the command that avoids it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from etl.common import database
from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Job

_STRUCTURED = rb"(?:-|(?:\[(?:[^\]\\\n]|\\.)*\])+)"
_RFC5424 = re.compile(
    rb"^(?:<\d{1,3}>)?1 (\d{4}-\S+) (\S+) (\S+) (\S+) \S+ " + _STRUCTURED + rb" (?:\xef\xbb\xbf)? ?", re.MULTILINE
)
_PRIORITY = re.compile(rb"^<\d{1,3}>", re.MULTILINE)
_FRACTION = re.compile(rb"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)[.,]\d{1,9} ", re.MULTILINE)

_ISO = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_BSD = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_STAMP = rb"(?:" + _ISO + rb"|" + _BSD + rb")"
_OWN_LINE = rb"(?=(?:<\d{1,3}>)?(?:1 )?" + _STAMP + rb" \S)"
"""Where a line with a time stamp of its own begins."""
_FACILITY = (
    rb"<?(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7])"
    rb"\.(?:debug|info|notice|warn(?:ing)?|err(?:or)?|crit|alert|emerg|panic)>?"
)
_NUMBERED = rb"<(?:\d{1,2}|[a-z]\w*)\.(?:\d|[a-z]+)>"
"""The same as FreeBSD's syslogd writes it, `<2.6>` or `<mail.info>`."""
_SEVERITY = rb"(?i:DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|CRIT|CRITICAL|ALERT|EMERG|PANIC|FATAL)"
_TAG = rb"(?=[\w.@/-]+\[\d+\]: )"


@dataclass(frozen=True)
class Layer:
    """Something around a line: what it looks like, and what stays in its place."""

    name: str
    pattern: re.Pattern[bytes]
    stays: bytes = b""

    def is_around(self, line: bytes) -> bool:
        """Whether a line has it."""
        return self.pattern.search(line) is not None

    def off(self, raw: bytes) -> bytes:
        """Whole lines without it."""
        return self.pattern.sub(self.stays, raw)


def _layer(name: str, pattern: bytes, stays: bytes = b"") -> Layer:
    return Layer(name, re.compile(pattern, re.MULTILINE), stays)


LAYERS = (
    _layer("colours", rb"\x1b\[[\d;]*m"),
    _layer("the name of a container", rb"^[A-Za-z0-9][\w./-]{0,127} +\| +" + _OWN_LINE),
    _layer("a second time stamp", rb"^" + _STAMP + rb"[ \t]+(?:(?:stdout|stderr) [FP] )?" + _OWN_LINE),
    _layer("a second head", rb"^" + _STAMP + rb" \S{1,255} (?:\S{1,128}: )?" + _OWN_LINE),
    _layer("a collector's columns", rb"^" + _STAMP + rb"(?:\t[^\t\n]{1,255}){1,4}\t" + _OWN_LINE),
    _layer(
        "a weekday and a zone",
        rb"^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) UTC ", rb"\1T\2+00:00 ",
    ),
    _layer("a severity for a host", rb"^(" + _STAMP + rb") " + _SEVERITY + rb"[ \t]+" + _TAG, rb"\1 - "),
    _layer("facility and severity for a host", rb"^(" + _STAMP + rb") " + _FACILITY + rb" " + _TAG, rb"\1 - "),
    _layer(
        "facility and severity", rb"^(" + _STAMP + rb"(?: \S+)?) (?:" + _FACILITY + rb"|" + _NUMBERED + rb") ", rb"\1 "
    ),
    _layer("a message number", rb"^(" + _STAMP + rb" \S+ \S+: )\[ID \d+ \w+\.\w+\] ", rb"\1"),
    _layer("words in front", rb"^(?!" + _STAMP + rb"[ \t])[^\n\"{]{1,200}?(?<![\w.-])" + _OWN_LINE),
)  # fmt: skip
"""Tried in this order, each time over what the ones before have left."""
_MOST_LAYERS = 5
_SAMPLED = 200

_LINE = re.compile(rb"[^\n]*\S[^\n]*")
_DAY = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* "
_JOURNAL = "export it by `journalctl -o short-iso --utc`, and see docs/formats.md"
_REFUSED = (
    (
        re.compile(rb"\A(?:__CURSOR=[^\n]*\n|[A-Z_]+=[^\n]*\n)*__REALTIME_TIMESTAMP=\d"),
        "the journal's export format (`journalctl -o export`)", _JOURNAL,
    ),
    (
        re.compile(rb"\A" + _DAY + rb"\S+ \[s="),
        "the journal's records, field by field (`journalctl -o verbose`)", _JOURNAL,
    ),
    (
        re.compile(rb"\A" + _DAY + rb"(?!UTC )[A-Z+-][\w+-]* "),
        "the journal with stamps of a zone that is only abbreviated (`journalctl -o short-full`)", _JOURNAL,
    ),
    (
        re.compile(rb"\A\d{9,11}\.\d{6} \S+ \S+\[\d+\]: "),
        "the journal with seconds since 1970 for stamps (`journalctl -o short-unix`)", _JOURNAL,
    ),
    (
        re.compile(rb"\A\[ *\d+\.\d{6}\] \S+ \S+\[\d+\]: "),
        "the journal with seconds since the start for stamps (`journalctl -o short-monotonic`)", _JOURNAL,
    ),
    (
        re.compile(rb"\A(?:(?:dis)?connect from \S+\[[\da-f.:]+\]|\w+: (?:client=|uid=|message-id=|from=<|to=<))"),
        "a log without stamps and daemons' names (`journalctl -o cat`)", _JOURNAL,
    ),
    (
        re.compile(rb"\A(?:data: |\x1e)?\{[ \t]*\r?\n|\A(?:data: |\x1e)\{|\A\[\s*[{\]]"),
        "JSON that is not an object a line",
        "export it by `journalctl -o short-iso --utc` (or `-o json`), or as JSON with a line for each entry",
    ),
    (
        re.compile(rb"\A" + _BSD + rb" \[[\w./-]+\] (?!\S+\[\d+\]: )"),
        "metalog's form, without the numbers of the processes, by which sessions and messages are told apart",
        "let another syslog daemon write the mail log, or Postfix itself (`maillog_file`)",
    ),
    (
        re.compile(rb"\A(?:\"|[\w@. -]+[,;\t](?:[\w@. -]+[,;\t])*(?:message|Message|log|Log|msg)\b)"),
        "a table, or lines in quotes, as collectors export them",
        "export the lines alone, as they were sent, without a header and without quotes",
    ),
)  # fmt: skip
"""How a log begins that can't be used, what it is, and the way round it."""
_IN_JSON = re.compile(rb"\s*(?:[^\t\n{]*\t){0,3}\{\"")
"""Whether a log begins with an object of JSON, perhaps behind columns of its own as Fluentd writes them."""
_JSON_KEYS = ("log", "MESSAGE", "message")
"""Where docker, the journal, and collectors after their example put a line."""


def heads_off(raw: bytes) -> bytes:
    """Whole lines as a classic syslog file has them, `STAMP HOST PROGRAM[PID]: …`; what is so already stays."""
    plain = _RFC5424.sub(rb"\1 \2 \3[\4]: ", raw)
    return _FRACTION.sub(rb"\1 ", _PRIORITY.sub(b"", plain))


def layers(head: bytes) -> tuple[Layer, ...]:
    """The layers around the first lines of a log, outermost first."""
    chosen: list[Layer] = []
    head = heads_off(head)
    while len(chosen) < _MOST_LAYERS:
        lines = [line for line in _LINE.findall(head) if not _is_note(line)][:_SAMPLED]
        most = len(lines) / 2
        layer = next((item for item in LAYERS if sum(item.is_around(line) for line in lines) > most), None)
        if layer is None:
            break
        chosen.append(layer)
        head = heads_off(layer.off(head))
    return tuple(chosen)


def _is_note(line: bytes) -> bool:
    """Whether a line is the journal's own, such as `-- No entries --`."""
    return line.startswith(b"-- ") and line.rstrip().endswith(b"--")


def unwrap(head: bytes) -> bytes:
    """The first lines of a log, or one of them, without what lies around them."""
    if _IN_JSON.match(head):
        head = b"\n".join(_json_text(line) for line in head.splitlines()[:_SAMPLED])
    head = heads_off(head)
    for layer in layers(head):
        head = heads_off(layer.off(head))
    return head


def _json_text(line: bytes) -> bytes:
    """What a line of JSON has around it, in the shape that envelope_json.sql gives it."""
    try:
        entry: Any = json.loads(line[line.find(b"{") :])
    except ValueError:
        return line
    if not isinstance(entry, dict):
        return line
    said = next((entry[key] for key in _JSON_KEYS if isinstance(entry.get(key), str)), "")
    if "__REALTIME_TIMESTAMP" in entry:
        said = f"1970-01-01T00:00:00+00:00 {entry.get('_HOSTNAME')} {entry.get('SYSLOG_IDENTIFIER')}[1]: {said}"
    return str(said).rstrip("\n").encode()


def refuse_what_stays(head: bytes) -> None:
    """Raises `ExportUnreadable` for a log in an envelope that can't be taken off, named with the way round it."""
    for pattern, name, way in _REFUSED:
        if pattern.search(head):
            raise ExportUnreadable(
                f"this is {name}", "lines such as `2026-11-24T10:00:00+00:00 mx1 postfix/smtpd[101]: …`", way
            )


def unwrapped(job: Job, own: Callable[[bytes], bytes] = bytes) -> Job:
    """The job over a copy with its lines unwrapped, none more and none less; itself where the head needs none.

    `own` is what a format takes off besides. Raises `ExportUnreadable` for an envelope that can't be taken off.
    """
    head = text.head(job.path)
    refuse_what_stays(head)
    if _IN_JSON.match(head):
        job = _out_of_json(job)
        head = text.head(job.path)
    around = layers(head)
    refuse_what_stays(_off(head, around, bytes))
    if not around and own(heads_off(head)) == head:
        return job
    plain = text.plain(job.path, job.work / "wrapped.log", job.expanded_size, may_be_empty=True)
    copy_path = job.work / "unwrapped.log"
    with plain.path.open("rb") as file, disk_errors(copy_path), copy_path.open("wb") as copy:
        held = b""
        while chunk := file.read(text.CHUNK):
            lines, _, held = (held + chunk).rpartition(b"\n")
            copy.write(_off(lines + b"\n", around, own) if lines else b"")
        copy.write(_off(held, around, own))
    return replace(job, path=copy_path)


def _off(raw: bytes, around: tuple[Layer, ...], own: Callable[[bytes], bytes]) -> bytes:
    raw = heads_off(raw)
    for layer in around:
        raw = heads_off(layer.off(raw))
    return own(raw)


def _out_of_json(job: Job) -> Job:
    """The job over the lines that stand in JSON, one object a line."""
    plain = text.plain(job.path, job.work / "wrapped.json", job.expanded_size, may_be_empty=True)
    lines = job.work / "lines.log"
    database.set_variables(job.con, {"json_file": str(plain.path), "lines_file": str(lines)})
    job.con.execute("set preserve_insertion_order = true")
    job.con.execute(database.sql("formats/lines", "envelope_json"))
    return replace(job, path=lines)
