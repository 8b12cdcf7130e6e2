"""A mail from an edition's archived parts: one message for one recipient, within a budget of encoded bytes.

multipart/mixed holds multipart/alternative (the text, then multipart/related of the HTML and its images) and the PDF.
The same arguments give the same bytes. Where the message would be larger than the budget, or than what the server
takes, first the PDF is left off, then the charts; what was left off, and where it lies, is said in the mail.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from etl.archive.ledger import Entry
from etl.archive.variants import MailSource
from etl.common.addresses import ascii_address, one_line, recipient_key
from etl.common.words import LEDGER_HEAD_MARKER, OLD_LEDGER_HEAD_MARKER
from etl.report import language as languages

BUDGET = 10_000_000
"""Bytes of an encoded message by default: what most mail servers take (base64 makes a PDF a third larger)."""

RETREAT: tuple[tuple[str, ...], ...] = ((), ("PDF",), ("PDF", "charts"))
"""What is left off where a message would be too large, in this order."""

_IMAGE = re.compile(r'<img\b[^>]*\bsrc="cid:[^>]*>', re.IGNORECASE)
_ALT = re.compile(r'\balt="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True)
class Composed:
    """A message ready to be sent. `left_off` names the parts that the budget did not allow."""

    content: bytes
    message_id: str
    left_off: tuple[str, ...]


@dataclass(frozen=True)
class Envelope:
    """Who writes to whom about which edition. `sent_at` is an instant in UTC."""

    sender: str
    sender_name: str
    recipient: str
    entry: Entry
    language: str
    folder: str
    """The variant's folder below the archive, which the mail names for what was left off."""
    sent_at: datetime
    reply_to: str | None = None
    """Who answers the readers (`[report] reply_to`)."""
    in_reply_to: str | None = None
    """The Message-ID of the earlier edition's mail to the same recipient."""


def message_id(entry: Entry, recipient: str, sender: str) -> str:
    """The Message-ID of an edition's mail to a recipient: always the same, so that a repeat folds into the first."""
    digest = hashlib.sha256(f"{entry.hash}\n{recipient_key(recipient)}".encode()).hexdigest()
    return f"<transit-ledger.{digest[:32]}@{_domain(sender)}>"


def compose(envelope: Envelope, parts: MailSource, budget: int = BUDGET) -> Composed:
    """The message for one recipient: the fullest within `budget` bytes as encoded, else the smallest there is. Raises
    `UsageInvalid` where an address could break a header."""
    for left_off in RETREAT:
        content = _build(envelope, parts, left_off)
        if len(content) <= budget:
            break
    return Composed(content, message_id(envelope.entry, envelope.recipient, envelope.sender), left_off)


def _build(envelope: Envelope, parts: MailSource, left_off: tuple[str, ...]) -> bytes:
    head = envelope.entry.hash
    plain, rich = _with_head(parts.text, head), _with_head(parts.html, head)
    images = parts.images
    if "charts" in left_off:
        images, rich = {}, _IMAGE.sub(_in_words, rich)
    if left_off:
        said = _said(envelope, left_off)
        plain = f"{said}\n\n{plain}"
        rich = _after_body(rich, f'<p style="font-family:sans-serif;margin:12px">{html.escape(said)}</p>')
    message = EmailMessage(policy.SMTP)
    _address(message, envelope, parts.subject)
    message.set_content(plain, cte="quoted-printable")
    message.add_alternative(rich, subtype="html", cte="quoted-printable")
    page = message.get_payload()[1]  # type: ignore[index]  # an alternative just made has a list of parts
    for cid, image in sorted(images.items()):
        page.add_related(image, "image", "png", cid=f"<{cid}>", filename=f"{cid}.png", disposition="inline")  # type: ignore[union-attr]  # the part is a message
    if "PDF" not in left_off:
        name = f"transit-ledger-{envelope.entry.period}-e{envelope.entry.edition}.pdf"
        message.add_attachment(parts.pdf, "application", "pdf", filename=name)
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{head[:24]}_{number}")
    return message.as_bytes()


def _with_head(text: str, head: str) -> str:
    """An archived part with the ledger's head where it named the ledger's entry."""
    return text.replace(LEDGER_HEAD_MARKER, head).replace(OLD_LEDGER_HEAD_MARKER, head)


def _address(message: EmailMessage, envelope: Envelope, subject: str) -> None:
    message["From"] = Address(one_line(envelope.sender_name), addr_spec=ascii_address(envelope.sender))
    message["To"] = Address(addr_spec=ascii_address(envelope.recipient))
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(envelope.sent_at)
    message["Message-ID"] = message_id(envelope.entry, envelope.recipient, envelope.sender)
    if envelope.in_reply_to:
        message["In-Reply-To"] = envelope.in_reply_to
        message["References"] = envelope.in_reply_to
    message["List-Id"] = f"Transit Ledger <transit-ledger.{_domain(envelope.sender)}>"
    if envelope.reply_to:
        message["Reply-To"] = Address(addr_spec=ascii_address(envelope.reply_to))
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-Transit-Ledger-Edition"] = f"{envelope.entry.period}/e{envelope.entry.edition}"
    message["X-Transit-Ledger-Head"] = envelope.entry.hash


def _domain(address: str) -> str:
    return ascii_address(address).rpartition("@")[2]


def _after_body(page: str, block: str) -> str:
    """`page` with `block` as the first thing in its body."""
    start = page.lower().find("<body")
    end = page.find(">", start) + 1 if start >= 0 else 0
    return page[:end] + block + page[end:]


def _in_words(image: re.Match[str]) -> str:
    """The alternative text of an image that is not in the message."""
    found = _ALT.search(image[0])
    return f"<em>{found[1]}</em>" if found else ""


def _said(envelope: Envelope, left_off: tuple[str, ...]) -> str:
    """What the mail says of the parts that are not in it, in its language."""
    told = languages.load(envelope.language)
    if "charts" in left_off:
        return told._(
            "The PDF and the charts were left off, because the message would have been too large. They are in the "
            "archive: {folder}",
            folder=envelope.folder,
        )
    return told._(
        "The PDF was left off, because the message would have been too large. It is in the archive: {folder}",
        folder=envelope.folder,
    )
