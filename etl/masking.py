"""No traced address in a log line, a message or a report: what could be one is masked."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@<>,;:\"'()\[\]]+@([^\s@<>,;:\"'()\[\]]*)")


def mask(text: str) -> str:
    """`text` with the local part of everything that looks like a mail address or message id replaced by `***`."""
    return _ADDRESS.sub(r"***@\1", text)
