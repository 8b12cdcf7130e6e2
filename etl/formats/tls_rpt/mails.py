"""TLS reports out of mails: one mail, or a mailbox of them in one file (mbox), with what else such mails hold.

A part counts where a report comes of it, whatever it is called; signatures, banners, reports of other kinds and texts
that only begin like JSON are passed over. A mail that ought to hold a report, and from which none can be read, is a
*broken* one: it is named, and the other mails of the box count.
"""

from __future__ import annotations

import email
import email.header
import email.policy
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from etl.common.errors import LimitExceeded
from etl.formats import text

Parse = Callable[[bytes], list[dict[str, Any]]]
"""From the bytes of a document to the reports in it; raises `NoReportError` where it holds something else."""


class NoReportError(Exception):
    """A document is no report; `args[0]` says what is wrong with it. `is_json`: it is whole, and something else."""

    def __init__(self, what: str, *, is_json: bool = False) -> None:
        super().__init__(what)
        self.is_json = is_json


@dataclass
class Mail:
    """What one mail held: its reports, each with the domain that name, header or subject tell, and what was wrong."""

    number: int
    reports: list[tuple[dict[str, Any], str | None]] = field(default_factory=list)
    broken: str | None = None
    """What is wrong with a part that ought to be a report."""
    other: str | None = None
    """What else begins like JSON, and is no report."""


_START = re.compile(rb"\A(?:From |[A-Za-z][A-Za-z0-9-]*:)")
_MBOX = re.compile(rb"(?:\A|\n\r?\n)From \S+ [^\n]*\n")
"""What stands between the mails of a mailbox in one file."""
_NAMED = re.compile(r"[^!]+!([^!]+)!\d{9,}!\d{9,}")
_SUBJECT = re.compile(r"\bReport[ -]Domain:\s*<?([^\s<>;,]+)", re.IGNORECASE)
_DEPTH = 2
"""So often may an attachment be compressed: gateways pack what is packed once more."""


def is_mail(raw: bytes) -> bool:
    """Whether a text begins as a mail, or as a mailbox of mails."""
    return _START.match(raw) is not None


def named_domain(name: str) -> str | None:
    """The policy domain in a name as RFC 8460 asks for it (section 5.1): `reporter!domain!begin!end`."""
    found = _NAMED.search(name)
    return found[1] if found else None


def read(raw: bytes, limit: int, parse: Parse) -> Iterator[Mail]:
    """The mails in `raw`, whose attachments may unpack to `limit` bytes together. Raises `LimitExceeded` beyond."""
    budget = _Budget(limit)
    pieces = [piece for piece in _MBOX.split(raw) if piece.strip()]
    for number, piece in enumerate(pieces, start=1):
        mail = Mail(number)
        try:
            whole = email.message_from_bytes(piece, policy=email.policy.compat32)
            parts = list(whole.walk())
        except RecursionError:
            mail.broken = "a mail nested too deep"
        else:
            _look_through(mail, parts, budget, parse)
        yield mail


@dataclass
class _Budget:
    """How many bytes may still be unpacked."""

    left: int

    def take(self, unpacked: bytes) -> bytes:
        self.left -= len(unpacked)
        if self.left < 0:
            raise LimitExceeded(
                "expanded_size",
                "the attachments unpack to more than is allowed",
                "reports, which have some kilobytes each",
                "look at the file; if it is genuine, raise [limits] expanded_size",
            )
        return unpacked


def _look_through(mail: Mail, parts: list[Message], budget: _Budget, parse: Parse) -> None:
    claims = any(_claims(part) for part in parts)
    told, vague = _told_domain(parts), None
    for part in parts:
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes) or part.is_multipart():
            continue
        name = _name(part)
        try:
            for inner, document in _documents(name, payload, budget, _DEPTH):
                domain = named_domain(inner) or named_domain(name) or told
                mail.reports += [(report, domain) for report in parse(document)]
        except NoReportError as problem:
            named = "tlsrpt" in part.get_content_type() or ".json" in name.lower()
            if named and not problem.is_json:
                mail.broken = mail.broken or str(problem)
            elif claims and not problem.is_json and part.get_content_maintype() != "text":
                vague = vague or str(problem)
            mail.other = mail.other or str(problem)
    if not mail.reports:
        mail.broken = mail.broken or vague


def _claims(part: Message) -> bool:
    """Whether a mail, or a part of one, says of itself that it is a TLS report (RFC 8460, section 5.3)."""
    return (
        "tlsrpt" in part.get_content_type()
        or str(part.get_param("report-type", "")).lower() == "tlsrpt"
        or part.get("TLS-Report-Domain") is not None
    )


def _documents(name: str, payload: bytes, budget: _Budget, depth: int) -> Iterator[tuple[str, bytes]]:
    """What begins like JSON in an attachment, out of gzip or zip where it is packed, each with its name."""
    is_gzip, is_zip = payload[:2] == text.GZIP, payload[:4] == text.ZIP
    if not is_gzip and not is_zip:
        if payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
            yield name, payload if depth < _DEPTH else budget.take(payload)
        return
    if not depth:
        raise NoReportError("what is compressed in the attachment is compressed again and again")
    for inner, unpacked in [(name, _unzipped(payload, budget))] if is_gzip else _members(payload, budget):
        yield from _documents(inner, unpacked, budget, depth - 1)


def _unzipped(payload: bytes, budget: _Budget) -> bytes:
    """All members of a gzip file (RFC 1952, section 2.2), one behind the other."""
    unpacked = b""
    while payload[:2] == text.GZIP:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            unpacked += budget.take(unpacker.decompress(payload, budget.left + 1))
        except zlib.error as error:
            raise NoReportError(f"the attachment is damaged ({error})") from None
        if not unpacker.eof:
            raise NoReportError("the attachment ends early")
        payload = unpacker.unused_data
    return unpacked


def _members(payload: bytes, budget: _Budget) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            for item in archive.infolist():
                if not item.is_dir() and not item.filename.startswith("__MACOSX/"):
                    with archive.open(item) as member:
                        yield item.filename, budget.take(member.read(budget.left + 1))
    except text.DAMAGE as error:
        raise NoReportError(f"the attachment is damaged ({error})") from None


def _name(part: Message) -> str:
    return _decoded(part.get_filename() or "")


def _told_domain(parts: list[Message]) -> str | None:
    """The one domain that the mail's own headers tell, or those of the mail that it forwards."""
    for told in (
        {_decoded(part["TLS-Report-Domain"]).strip().lower() for part in parts if part.get("TLS-Report-Domain")},
        {found[1].lower() for part in parts if (found := _SUBJECT.search(_decoded(part.get("Subject", ""))))},
    ):
        if len(told) == 1:
            return next(iter(told))
    return None


def _decoded(written: Any) -> str:
    """A header as text, its encoded words decoded (RFC 2047) where they can be."""
    try:
        return str(email.header.make_header(email.header.decode_header(written)))
    except (ValueError, LookupError, AttributeError):
        return str(written)
