"""One message to one mail server, and what the server said; nothing else is decided here.

With `starttls` or `tls` the server's certificate is checked against the machine's trusted authorities; a site with its
own sets `SSL_CERT_FILE` (a bundle) or `SSL_CERT_DIR`, as everywhere with OpenSSL.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from etl.common.addresses import ascii_address
from etl.settings import Smtp

TIMEOUT_SECONDS = 60
AFTER_DATA_SECONDS = 600
"""RFC 5321, section 4.5.3.2.6: how long a server may take to answer the end of DATA."""

_TOO_LARGE = re.compile(r"5\d\d .*\b5\.(3\.4|2\.3)\b|(552|523) (?!.*\b5\.2\.2\b)")
"""Answers about the message's size (RFC 1870; 5.3.4, 5.2.3: RFC 3463). 5.2.2 is a full mailbox: that is refused."""

Outcome = Literal["accepted", "refused", "too large", "delayed", "no server", "unknown", "taken by another"]


@dataclass(frozen=True)
class Answer:
    """What became of a message. Nothing was accepted and it may be tried again: `delayed`, or `no server` to talk to;
    `too large`: not this message, a smaller one perhaps (`limit`: of so many bytes); `unknown`: the answer to DATA
    never came, or was none."""

    outcome: Outcome
    text: str
    limit: int | None = None


def connect(smtp: Smtp) -> smtplib.SMTP:
    """A greeted connection, encrypted as the settings ask, logged in where there is a user."""
    context = ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo_or_helo_if_needed()
        if smtp.security == "starttls":
            server.starttls(context=context)
            server.ehlo()
        if smtp.user and smtp.password:
            server.login(smtp.user, smtp.password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def hand_over(smtp: Smtp, sender: str, recipient: str, content: bytes, begin: Callable[[], bool]) -> Answer:
    """Sends `content` (CRLF lines) from `sender` to `recipient`.

    `begin` is called before the first byte of DATA goes out; where it says no, nothing is sent.
    """
    try:
        server = connect(smtp)
    except (OSError, smtplib.SMTPException) as error:
        return Answer("no server", _words(error))
    try:
        answer = _envelope(server, sender, recipient, content, begin)
        if answer.outcome not in ("taken by another", "unknown"):  # within DATA a word of parting would be text
            _part(server)
        return answer
    finally:
        server.close()


def _envelope(server: smtplib.SMTP, sender: str, recipient: str, content: bytes, begin: Callable[[], bool]) -> Answer:
    """MAIL, RCPT and DATA up to the server's go-ahead, then the message."""
    limit = _limit(server)
    if limit and len(content) > limit:
        return Answer("too large", f"{len(content):,} bytes; the server takes {limit:,} (SIZE)", limit)
    size = [f"SIZE={len(content)}"] if server.has_extn("size") else []
    try:
        for code, text in (
            server.mail(ascii_address(sender), size),
            server.rcpt(ascii_address(recipient)),
        ):
            if code not in (250, 251):
                return _judged(code, text, "delayed")
        code, text = server.docmd("DATA")
        if code != 354:
            return _judged(code, text, "delayed")
    except (OSError, smtplib.SMTPException) as error:
        return Answer("delayed", _words(error))
    if not begin():
        return Answer("taken by another", "another process took this mail up")
    try:
        if server.sock is not None:
            server.sock.settimeout(AFTER_DATA_SECONDS)
        server.send(_stuffed(content))
        code, text = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Answer("unknown", f"the connection broke after DATA began: {_words(error)}")
    if 200 <= code < 300:
        return Answer("accepted", _said(code, text))
    return _judged(code, text, "unknown")


def _limit(server: smtplib.SMTP) -> int | None:
    """How many bytes a message may have, where the server says (RFC 1870)."""
    told = server.esmtp_features.get("size", "").strip()
    return int(told) if told.isascii() and told.isdigit() else None


def _stuffed(content: bytes) -> bytes:
    """The message with dots doubled at the start of lines, and its end (RFC 5321, section 4.5.2)."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"


def _judged(code: int, text: bytes, otherwise: Outcome) -> Answer:
    """What an answer that accepts nothing means; `otherwise` for one that no server should give here."""
    said = _said(code, text)
    if 400 <= code < 500:
        return Answer("delayed", said)
    if not 500 <= code < 600:
        return Answer(otherwise, said)
    return Answer("too large" if _TOO_LARGE.match(said) else "refused", said)


def _said(code: int, text: bytes) -> str:
    return f"{code} {' '.join(text.decode('utf-8', 'replace').split())}"[:500]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {said}"
    return f"{type(error).__name__}: {error}"[:500]


def _part(server: smtplib.SMTP) -> None:
    """Ends the conversation; what the server says to that changes nothing."""
    try:
        if server.sock is not None:
            server.sock.settimeout(5)
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
