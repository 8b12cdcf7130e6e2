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

from etl.compose import ascii_address
from etl.settings import Smtp

TIMEOUT_SECONDS = 60
AFTER_DATA_SECONDS = 600
"""RFC 5321, section 4.5.3.2.6: how long a server may take to answer the end of DATA."""

Outcome = Literal["accepted", "refused", "delayed", "unknown", "taken by another"]


@dataclass(frozen=True)
class Answer:
    """`delayed`: nothing was accepted and it may be tried again; `unknown`: the answer to DATA never came."""

    outcome: Outcome
    text: str


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
        return Answer("delayed", _words(error))
    try:
        return _envelope(server, sender, recipient, content, begin)
    finally:
        _part(server)


def _envelope(server: smtplib.SMTP, sender: str, recipient: str, content: bytes, begin: Callable[[], bool]) -> Answer:
    """MAIL, RCPT and DATA up to the server's go-ahead, then the message."""
    size = [f"SIZE={len(content)}"] if server.has_extn("size") else []
    try:
        for code, text in (
            server.mail(ascii_address(sender), size),
            server.rcpt(ascii_address(recipient)),
        ):
            if code not in (250, 251):
                return _judged(code, text)
        code, text = server.docmd("DATA")
        if code != 354:
            return _judged(code, text)
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
    return _judged(code, text)


def _stuffed(content: bytes) -> bytes:
    """The message with dots doubled at the start of lines, and its end (RFC 5321, section 4.5.2)."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"


def _judged(code: int, text: bytes) -> Answer:
    said = f"{code} {' '.join(text.decode('utf-8', 'replace').split())}"[:500]
    if 200 <= code < 300:
        return Answer("accepted", said)
    return Answer("refused" if 500 <= code < 600 else "delayed", said)


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
