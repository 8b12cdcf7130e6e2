"""Exim's mainlog (`log_file_path`), plain or gzip, rotated or not, with OpenSSL or GnuTLS.

A line tells its own TLS (`X=`); trace.sql adds size and receivers from the arrival. NOTES.md says what a used line is,
what the log can't say, and where that shows against the truth of the samples.
"""

from dataclasses import dataclass

from etl.formats.log_file import Log


@dataclass(frozen=True)
class _Exim(Log):
    def is_line(self, line: bytes) -> bool:
        """Whether a line of the mainlog: its own time stamp, then a message id and a flag, or a daemon's word."""
        stamped = line[4:5] == b"-" and line[7:8] == b"-" and line[10:11] == b" " and line[13:14] == b":"
        return stamped and any(mark in line for mark in self.marks)


READER = _Exim(
    name="exim_log",
    version=3,
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
)
