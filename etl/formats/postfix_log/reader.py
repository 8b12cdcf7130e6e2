"""Postfix, as syslog wrote it (BSD, RFC 3339 or RFC 5424) or its own `maillog_file`; plain or gzip, rotated or not.

TLS belongs to a session of a process, messages to queue ids: trace.sql joins them. NOTES.md says what a used line is,
what the log can't say, and where that shows against the truth of the samples.
"""

import re
from dataclasses import dataclass

from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Job
from etl.formats.lines import envelope
from etl.formats.lines.log_file import Log

_TAGGED = rb"^(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\d[T ]\S+) (?:\S+ )?postfix[^/\s\[]*"
"""Where a line's tag begins, at its own place: what others write stands behind it, and refuses no log."""
_TALK = rb"(?:(?:dis)?connect from |\w+: (?:client=|to=<|from=<))"
_NAMELESS = re.compile(_TAGGED + rb"\[\d+\]: " + _TALK, re.MULTILINE)
_NUMBERLESS = re.compile(_TAGGED + rb"/[\w/-]+(?:: |\[\d+\] )" + _TALK, re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _Postfix(Log):
    def unwrap(self, head: bytes) -> bytes:
        """First lines without what syslog daemons, collectors and containers put around them."""
        return envelope.unwrap(head)

    def prepare(self, job: Job) -> Job:
        """The log with classic syslog lines; one without the daemons' names or numbers is refused."""
        classic = envelope.unwrapped(job)
        head = text.head(classic.path)
        if _NAMELESS.search(head):
            raise ExportUnreadable(
                "the daemons' names are cut off (`postfix` for `postfix/smtpd`)",
                "lines of postfix/smtpd, postfix/smtp and so on",
                "set `parser.permitSlashInProgramName` in rsyslog, or let it write its traditional format",
            )
        if _NUMBERLESS.search(head):
            raise ExportUnreadable(
                "the daemons' tags are not whole (`postfix/smtpd: …` or `postfix/smtpd[101] …`)",
                "`postfix/smtpd[101]: …`: sessions and messages are told apart by the numbers of the processes",
                "let the collector write the tag as it came (in rsyslog `%syslogtag%`, in syslog-ng `$MSGHDR`)",
            )
        return classic


READER = _Postfix(
    undated=(b" ", b"T"),
    name="postfix_log",
    version=11,
    before_trace=(("formats/lines", "log_window"), ("formats/postfix_log", "handshake")),
    said_scripts=(("formats/postfix_log", "handshake"), ("formats/postfix_log", "said")),
    marks=(b"/smtpd[", b"/qmgr[", b"/smtp[", b"/cleanup[", b"/postfix-script[", b"/master[", b"/pickup[", b"/nqmgr["),
)
