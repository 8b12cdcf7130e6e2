"""No traced address in a log line, a message or a report, and no text that a terminal would act on."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@<>,;:\"'()\[\]]+@([^\s@<>,;:\"'()\[\]]*)")


def mask(text: str) -> str:
    """`text` with the local part of everything that looks like a mail address or message id replaced by `***`."""
    return _ADDRESS.sub(r"***@\1", text)


def printable(text: str) -> str:
    """`text`, such as a file's name, with everything escaped that is more than text to a terminal, or is no text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
