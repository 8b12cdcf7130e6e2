"""Exim's mainlog (`log_file_path`), as a file or through syslog, plain or gzip, rotated or not, with OpenSSL or GnuTLS.

A line tells its own TLS (`X=`); trace.sql adds size and receivers from the arrival. NOTES.md says what a used line is,
what the log can't say, and where that shows against the truth of the samples.
"""

import re
from dataclasses import dataclass

from etl.formats.base import Job
from etl.formats.lines import envelope
from etl.formats.lines.log_file import Log

_TAG = rb" \S+ exim[^ :\[]*(?:\[\d+\])?: "
_BSD = rb"[A-Z][a-z]{2} [ \d]\d [\d:]{8}"
_HEAD = rb"(?:" + _BSD + rb"|\d{4}-\d\d-\d\dT\S+)" + _TAG
_CUT_LIST = re.compile(rb"^(" + _HEAD + rb"\[1[/\\]\d+\] [^\n]* <= [^\n]*) for [^\n]*$", re.MULTILINE)
_FIRST_PIECE = re.compile(rb"^(" + _HEAD + rb")\[1[/\\]\d+\] ", re.MULTILINE)
_STAMPED_TWICE = re.compile(rb"^" + _HEAD + rb"(?=\d{4}-\d\d-\d\d [\d:]{8})", re.MULTILINE)
_ZULU = re.compile(rb"^(\d{4}-\d\d-\d\dT[\d:.]+)Z ", re.MULTILINE)
_STAMPED_ONCE = re.compile(rb"^(\d{4}-\d\d-\d\d)T([\d:.]+)([+-]\d\d):?(\d\d)" + _TAG, re.MULTILINE)
_BSD_ONCE = re.compile(rb"^(" + _BSD + rb")" + _TAG, re.MULTILINE)


def _unwrap(raw: bytes) -> bytes:
    """Lines as they stand in a mainlog: Exim's own stamp first; without it (`syslog_timestamp = no`) that of syslog.

    A BSD stamp stays one, `Dec  3 10:00:00 exim: …`. Of a line that Exim cut in pieces (`[1/2]`) the first
    loses its mark, and its list of recipients, which may go on in the next.
    """
    if b": [1" in raw:
        raw = _FIRST_PIECE.sub(rb"\1", _CUT_LIST.sub(rb"\1", raw))
    mainlog = _STAMPED_TWICE.sub(b"", raw)
    return _BSD_ONCE.sub(rb"\1 exim: ", _STAMPED_ONCE.sub(rb"\1 \2 \3\4 ", _ZULU.sub(rb"\1+00:00 ", mainlog)))


@dataclass(frozen=True, kw_only=True)
class _Exim(Log):
    def is_line(self, line: bytes) -> bool:
        """Whether a line of the mainlog: its own time stamp, then a message id and a flag, or a daemon's word."""
        stamped = line[4:5] == b"-" and line[7:8] == b"-" and line[10:11] == b" " and line[13:14] == b":"
        return (stamped or line[15:22] == b" exim: ") and any(mark in line for mark in self.marks)

    def unwrap(self, head: bytes) -> bytes:
        """First lines as they stand in a mainlog."""
        return _unwrap(envelope.unwrap(head))

    def prepare(self, job: Job) -> Job:
        """The log as a mainlog, without what syslog daemons, collectors and containers put around its lines."""
        return envelope.unwrapped(job, _unwrap)


READER = _Exim(
    undated=(b" exim: ", b" "),
    in_parts=(("formats/exim_log", "trace"),),
    name="exim_log",
    version=6,
    marks=(
        b" <= ",
        b" => ",
        b" -> ",
        b" == ",
        b" ** ",
        b" Completed",
        b" exim 4.",
        b"queue run: pid=",
        b" SMTP connection from ",
    ),
    before_trace=(("formats/lines", "log_window"), ("formats/exim_log", "trace_begin")),
)
