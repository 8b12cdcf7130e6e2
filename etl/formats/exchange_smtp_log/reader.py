"""SMTP protocol logs of Exchange Server (RECV*.LOG, SEND*.LOG), 2010 to Subscription Edition; plain or gzip.

TLS belongs to a session, messages to transactions in it: sessions.sql puts a session's lines in order and pairs
commands with answers, trace.sql tells what was transferred. NOTES.md says what a used line is, and what the log can't
say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from etl.common import database
from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Job, Sample, Staged
from etl.formats.lines import exchange_headers
from etl.formats.lines.log_file import Log

FIELDS = (
    "date-time", "connector-id", "session-id", "sequence-number", "local-endpoint", "remote-endpoint", "event", "data",
    "context",
)  # fmt: skip
"""The fields of all versions so far, in their order: what a log says that was cut off from its header."""

_SIDES = {"SMTP Receive Protocol Log": "receive", "SMTP Send Protocol Log": "send"}
_LINE = re.compile(rb'\d{4}-\d\d-\d\dT[\d:.]+Z?,(?:"[^"]*"|[^,]*),[0-9A-Fa-f]{8,},\d+,[^,]*,[^,]*,[-+<>*],')


@dataclass(frozen=True, kw_only=True)
class _ProtocolLog(Log):
    def recognise(self, sample: Sample) -> bool:
        """Whether the header says so; of a piece without one, whether a line is of such a log."""
        told = re.search(rb"^\W{0,3}#Log-type: *(.*?)\s*$", sample.head, re.MULTILINE)
        if told:
            return told[1].decode("utf-8", errors="replace") in _SIDES
        return super().recognise(sample)

    def is_line(self, line: bytes) -> bool:
        """Whether a line has time, session, sequence number and event where they belong."""
        return _LINE.match(line) is not None

    def stage(self, job: Job) -> Staged:
        """As every log; one of which no line could be used is refused, and what only other logs tell is listed."""
        staged = super().stage(job)
        exchange_headers.refuse_unusable(job.con, staged, job.out / "rejects.parquet")
        elsewhere = database.rows(job.con, database.sql(f"formats/{self.name}", "handed_on"))
        return replace(staged, unknown_words=[*staged.unknown_words, *elsewhere])

    def variables(self, job: Job, plain: text.Plain) -> dict[str, Any]:
        """Which field is where, for each stretch of the file under one header."""
        pieces = exchange_headers.cut(exchange_headers.parts(plain.path), job.work)
        for piece in pieces:
            if piece.log_type not in ("", *_SIDES):
                raise ExportUnreadable(
                    f"the header says '{piece.log_type[:100]}'",
                    " or ".join(_SIDES),
                    "check what the source's pattern takes, and its format",
                )
            if piece.fields:
                exchange_headers.require(piece, FIELDS[:-1])
        listed = [piece.fields or FIELDS for piece in pieces]
        return {
            "path": [str(piece.path) for piece in pieces],
            "places": [[fields.index(name) + 1 if name in fields else 0 for name in FIELDS] for fields in listed],
            "widths": [len(fields) for fields in listed],
            "sides": [_SIDES.get(piece.log_type, "") for piece in pieces],
        }


READER = _ProtocolLog(
    in_parts=(("formats/exchange_smtp_log", "sessions"),),
    name="exchange_smtp_log",
    version=5,
    before_trace=tuple(
        ("formats/exchange_smtp_log", name) for name in ("own_files", "sessions_begin", "sessions", "proxied")
    ),
)
