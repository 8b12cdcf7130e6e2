"""What syslog daemons put around a line, taken off by the chunk: priorities, RFC 5424's head, fractions of a second."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from etl.common.disk import disk_errors
from etl.formats import text
from etl.formats.base import Job

_STRUCTURED = rb"(?:-|(?:\[(?:[^\]\\\n]|\\.)*\])+)"
_RFC5424 = re.compile(
    rb"^(?:<\d{1,3}>)?1 (\d{4}-\S+) (\S+) (\S+) (\S+) \S+ " + _STRUCTURED + rb" (?:\xef\xbb\xbf)? ?", re.MULTILINE
)
_PRIORITY = re.compile(rb"^<\d{1,3}>", re.MULTILINE)
_FRACTION = re.compile(rb"^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)[.,]\d{1,9} ", re.MULTILINE)


def unwrap(raw: bytes) -> bytes:
    """Whole lines as a classic syslog file has them, `STAMP HOST PROGRAM[PID]: …`; what is so already stays."""
    plain = _RFC5424.sub(rb"\1 \2 \3[\4]: ", raw)
    return _FRACTION.sub(rb"\1 ", _PRIORITY.sub(b"", plain))


def unwrapped(job: Job, unwrap: Callable[[bytes], bytes] = unwrap) -> Job:
    """The job over a copy with its lines unwrapped, none more and none less; itself where the head needs none."""
    head = text.head(job.path)
    if unwrap(head) == head:
        return job
    plain = text.plain(job.path, job.work / "wrapped.log", job.expanded_size)
    copy_path = job.work / "unwrapped.log"
    with plain.path.open("rb") as file, disk_errors(copy_path), copy_path.open("wb") as copy:
        held = b""
        while chunk := file.read(text.CHUNK):
            lines, _, held = (held + chunk).rpartition(b"\n")
            copy.write(unwrap(lines + b"\n") if lines else b"")
        copy.write(unwrap(held))
    return replace(job, path=copy_path)
