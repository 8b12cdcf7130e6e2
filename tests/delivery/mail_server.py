"""A real SMTP server for tests, in a thread, with STARTTLS, that does at most one thing wrong.

`answers` says by command (`CONNECT`, `EHLO`, `STARTTLS`, `MAIL`, `RCPT`, `DATA`, and `.` for the end of the message)
what to reply instead of the usual: a line, `DROP` (close the connection), `SILENCE`, or a function that is given the
conversation and gives one of these, or nothing for the usual.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tools import certificates

DROP, SILENCE = "drop", "silence"
_USUAL = {
    "CONNECT": "220 ready", "STARTTLS": "220 go on", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on",
    ".": "250 2.0.0 kept", "QUIT": "221 bye", "RSET": "250 ok", "AUTH": "235 welcome",
}  # fmt: skip


@dataclass
class Talk:
    """One conversation so far."""

    encrypted: bool = False
    recipient: str = ""
    content: bytes = b""
    lines: list[str] = field(default_factory=list)


Answer = str | Callable[[Talk], str | None]


class MailServer:
    """What the server heard: `received` holds (recipient, message) of every message that it answered 2xx."""

    def __init__(
        self, context: ssl.SSLContext | None, answers: Mapping[str, Answer], offers: tuple[str, ...], implicit: bool
    ) -> None:
        self.context, self.answers, self.offers, self.implicit = context, dict(answers), offers, implicit
        self.received: list[tuple[str, bytes]] = []
        self.talks: list[Talk] = []
        self.cut_after: int | None = None
        """After so many bytes of a message the connection is reset."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def _begin(self, what: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=what, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.add(connection)
            self._begin(self._serve, connection)

    def close(self) -> None:
        """Ends everything; waits for what is under way."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with suppress(OSError, ValueError):  # whoever talked to us has gone; that is what some tests are about
            self._talk(self._wrapped(connection) if self.implicit else connection)

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        assert self.context
        self._open.discard(connection)
        try:
            wrapped = self.context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise
        self._open.add(wrapped)
        return wrapped

    def _talk(self, connection: socket.socket) -> None:
        talk = Talk(encrypted=self.implicit)
        self.talks.append(talk)
        try:
            if not self._say(connection, talk, "CONNECT"):
                return
            while self._command(connection, talk):
                if talk.lines[-1].upper() == "STARTTLS" and not talk.encrypted and self.context:
                    connection, talk.encrypted = self._wrapped(connection), True
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _command(self, connection: socket.socket, talk: Talk) -> bool:
        """Takes one command and answers it; whether the conversation goes on."""
        with connection.makefile("rb", buffering=0) as lines:
            told = _line(lines).decode("ascii", "replace").strip()
            talk.lines.append(told)
            word = told.split(" ")[0].upper()
            if word == "RCPT":
                talk.recipient = told.partition("<")[2].partition(">")[0]
            reply = self._say(connection, talk, word)
            if word == "STARTTLS" and not reply.startswith("2"):
                talk.lines.append("(refused)")
        if word == "DATA" and reply.startswith("3"):
            with connection.makefile("rb") as lines:
                talk.content = _message(lines, self.cut_after)
            reply = self._say(connection, talk, ".")
        return bool(reply) and word != "QUIT"

    def _say(self, connection: socket.socket, talk: Talk, word: str) -> str:
        """Answers one command; gives the answer, or nothing where the conversation is over."""
        told = self.answers.get(word)
        reply = (told(talk) if callable(told) else told) or self._usual(talk, word)
        if reply == DROP:
            connection.shutdown(socket.SHUT_RDWR)
            return ""
        if word == "." and reply.startswith("2"):
            self.received.append((talk.recipient, talk.content))
        if reply != SILENCE:
            connection.sendall(f"{reply}\r\n".encode())
        return reply

    def _usual(self, talk: Talk, word: str) -> str:
        if word != "EHLO":
            return _USUAL.get(word, "500 what?")
        offers = [*self.offers, *(["STARTTLS"] if self.context and not talk.encrypted else [])]
        return "\r\n".join(["250-localhost", *(f"250-{offer}" for offer in offers), "250 8BITMIME"])


def _line(lines: IO[bytes]) -> bytes:
    """One line, and nothing read beyond it: TLS may follow. `ValueError` at the end."""
    line = b""
    while not line.endswith(b"\n"):
        byte = lines.read(1)
        if not byte:
            raise ValueError("the client has gone")
        line += byte
    return line


def _message(lines: IO[bytes], cut_after: int | None) -> bytes:
    """The message up to its end, without the doubled dots. `ValueError` where it breaks off."""
    content = b""
    while line := lines.readline():
        if line == b".\r\n":
            return content
        if cut_after and len(content) > cut_after:
            break
        content += line[1:] if line.startswith(b".") else line
    raise ValueError("the message broke off")


@contextmanager
def mail_server(
    tls: Path | None,
    *,
    answers: Mapping[str, Answer] | None = None,
    offers: tuple[str, ...] = (),
    names: tuple[str, ...] = ("localhost",),
    implicit: bool = False,
) -> Iterator[MailServer]:
    """A running server; its certificate and authority lie in `tls` (nothing: it offers no STARTTLS)."""
    context = None
    if tls:
        certificates.ensure(tls, names)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls / certificates.CERTIFICATE, tls / certificates.KEY)
    server = MailServer(context, answers or {}, offers, implicit)
    try:
        yield server
    finally:
        server.close()
