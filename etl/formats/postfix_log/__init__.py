"""Postfix, as syslog wrote it (BSD, RFC 3339 or RFC 5424) or its own `maillog_file`; plain or gzip, rotated or not.

TLS belongs to a session of a process, messages to queue ids: trace.sql joins them. NOTES.md says what a used line is,
what the log can't say, and where that shows against the truth of the samples.
"""

import re
from dataclasses import dataclass

from pydantic import Field

from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import Job
from etl.formats.lines import envelope
from etl.formats.lines.log_file import Log
from etl.formats.options import Options, SwitchOrNames

_NAMELESS = re.compile(rb" postfix[^/\s]*\[\d+\]: (?:connect from |\w+: (?:client=|to=<|from=<))")


class _Options(Options):
    logs_tls: SwitchOrNames | None = Field(
        None,
        description="whether silence about TLS means that there was none: of all services, or of those listed; unless "
        "said, of a service that logged TLS on that day",
    )


@dataclass(frozen=True, kw_only=True)
class _Postfix(Log):
    def unwrap(self, head: bytes) -> bytes:
        """First lines without what syslog daemons, collectors and containers put around them."""
        return envelope.unwrap(head)

    def prepare(self, job: Job) -> Job:
        """The log with classic syslog lines. One without the daemons' names is refused: they tell who spoke."""
        classic = envelope.unwrapped(job)
        if _NAMELESS.search(text.head(classic.path)):
            raise ExportUnreadable(
                "the daemons' names are cut off (`postfix` for `postfix/smtpd`)",
                "lines of postfix/smtpd, postfix/smtp and so on",
                "set `parser.permitSlashInProgramName` in rsyslog, or let it write its traditional format",
            )
        return classic


READER = _Postfix(
    options=_Options,
    undated=(b" ", b"T"),
    name="postfix_log",
    version=10,
    before_trace=(("formats/lines", "log_window"), ("formats/postfix_log", "handshake")),
    said_scripts=(("formats/postfix_log", "handshake"), ("formats/postfix_log", "said")),
    marks=(b"/smtpd[", b"/qmgr[", b"/smtp[", b"/cleanup[", b"/postfix-script[", b"/master[", b"/pickup[", b"/nqmgr["),
)
