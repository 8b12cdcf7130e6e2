"""Postfix, as syslog wrote it (BSD or RFC 3339 time stamps) or its own `maillog_file`; plain or gzip, rotated or not.

TLS belongs to a session of a process, messages to queue ids: trace.sql joins them. NOTES.md says what a used line is,
what the log can't say, and where that shows against the truth of the samples.
"""

from etl.formats.log_file import Log

READER = Log(
    name="postfix_log",
    version=3,
    marks=(b"/smtpd[", b"/qmgr[", b"/smtp[", b"/cleanup[", b"/postfix-script[", b"/master[", b"/pickup[", b"/nqmgr["),
)
