"""No traced address in a log line, a message or a report, and no text that a terminal would act on."""

from __future__ import annotations

import re

_AT = r"(?:[@\uff20]|&#(?:64|x40)\b;?|\+AEA-|\\u0040|[=%]40(?=[\w.-]*[^\W\d]))"
"""The sign itself, its full-width twin, and what HTML, UTF-7, JSON, quoted-printable and URLs make of it; `SIZE=4096`
is none."""
_PLAIN = r"(?:[^\s<>,;:\"'()\[\]]|(?<=\w)'(?=\w)){1,256}"
_QUOTED = r"\"{1,3}(?:\\.|[^\"\\\r\n]){1,128}\"{1,3}"
_COMMENT = r"(?:\([^()\r\n]{0,128}\))?"
_ADDRESS = re.compile(rf"(?:{_QUOTED}|{_PLAIN}){_COMMENT}(?: (?={_AT}[\w-]+\.))?({_AT}[^\s@<>,;:\"'()\[\]]*)")


def mask(text: str) -> str:
    """`text` with the local part of everything that looks like a mail address or message id replaced by `***`, also
    where it is quoted, holds an apostrophe or a comment, or has its at sign encoded."""
    return _ADDRESS.sub(r"***\1", text)


def printable(text: str) -> str:
    """`text`, such as a file's name, with everything escaped that is more than text to a terminal, or is no text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
