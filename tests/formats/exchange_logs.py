"""Protocol logs of Exchange Server as the tests write them: a session's lines, numbered, with their header."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

FIELDS = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
VERSIONS = {"TLS 1.0": "TLS1_0", "TLS 1.1": "TLS1_1", "TLS 1.2": "TLS1_2", "TLS 1.3": "TLS1_3"}


def header(side: str = "Receive", fields: str = FIELDS, version: str = "15.00.1497.000") -> str:
    return (
        f"#Software: Microsoft Exchange Server\r\n#Version: {version}\r\n#Log-type: SMTP {side} Protocol Log\r\n"
        f"#Date: 2024-12-03T10:00:00.000Z\r\n#Fields: {fields}\r\n"
    )


def tls_text(word: str, cipher: str = "CALG_AES_256", tail: bool = True) -> str:
    """What Exchange writes once TLS is agreed; older builds end after the cipher."""
    told = f"TLS protocol {word} negotiation succeeded using bulk encryption algorithm {cipher}"
    hashed = ", MAC hash algorithm CALG_SHA_384 with strength 0 bits and key exchange algorithm CALG_ECDHE"
    return f"{told} with strength 256 bits{hashed} with strength 384 bits" if tail else told


@dataclass
class Session:
    """A session being written, a second per line unless told otherwise."""

    ident: str = "08DD1386C0A80001"
    connector: str = "EX1\\Default Frontend EX1"
    remote: str = "203.0.113.7:41000"
    local: str = "192.0.2.10:25"
    receives: bool = True
    second: int = 10 * 3600
    day: str = "2024-12-03"
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.say("+", "")
        self.answer("220 EX1.contoso.example Microsoft ESMTP MAIL Service ready at Tue, 3 Dec 2024 10:00:00 +0000")
        self.hello()

    def say(self, event: str, data: str, context: str = "") -> None:
        stamp = f"{self.second // 3600:02d}:{self.second // 60 % 60:02d}:{self.second % 60:02d}"
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow(
            [
                f"{self.day}T{stamp}.{len(self.lines):03d}Z",
                self.connector,
                self.ident,
                len(self.lines),
                self.local,
                self.remote,
                event,
                data,
                context,
            ]
        )
        self.lines.append(out.getvalue())

    def command(self, text: str, *answers: str) -> None:
        self.say("<" if self.receives else ">", text)
        for text_back in answers:
            self.answer(text_back)

    def answer(self, text: str) -> None:
        self.say(">" if self.receives else "<", text)

    def hello(self) -> None:
        self.command(
            "EHLO mx.fabrikam.example", "250  EX1.contoso.example Hello [203.0.113.7] SIZE 37748736 PIPELINING STARTTLS"
        )

    def secure(self, word: str = "SP_PROT_TLS1_2_SERVER", verb: str = "STARTTLS", tail: bool = True) -> None:
        self.command(verb, "220 2.0.0 SMTP server ready")
        self.say("*", "", "Sending certificate")
        self.say("*", "CN=mail.contoso.example, O=Contoso", "Certificate subject")
        self.say("*", "", tls_text(word, tail=tail))
        self.hello()

    def mail(
        self,
        sender: str = "a@fabrikam.example",
        *recipients: str,
        extra: str = " SIZE=1000",
        end: str = "",
        pipelined: bool = False,
    ) -> None:
        """A transaction that is taken. A recipient that begins with `!` is refused."""
        receivers = recipients or ("p@contoso.example",)
        commands = [f"MAIL FROM:<{sender}>{extra}", *(f"RCPT TO:<{item.lstrip('!')}>" for item in receivers), "DATA"]
        refused = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
        answers = ["250 2.1.0 Sender OK", *(refused if r[0] == "!" else "250 2.1.5 Recipient OK" for r in receivers)]
        answers.append("354 Start mail input; end with <CRLF>.<CRLF>")
        if pipelined:
            self.command(commands[0])
            self.say("*", f"{self.ident};2024-12-03T10:00:00.000Z;1", "receiving message")
            for text in commands[1:]:
                self.command(text)
            for text in answers:
                self.answer(text)
        else:
            for text, back in zip(commands, answers, strict=True):
                self.command(text, back)
        self.answer(end or self.queued())

    def queued(self) -> str:
        number = f"{self.ident}{len(self.lines)}"
        told = f"[InternalId={int(number, 16)}, Hostname=EX1.contoso.example] 1234 bytes in 0.274, 4.929 KB/sec"
        return f"250 2.6.0 <{number}@fabrikam.example> {told} Queued mail for delivery"

    def quit(self) -> str:
        self.command("QUIT", "221 2.0.0 Service closing transmission channel")
        self.say("-", "", "Local")
        return "".join(self.lines)


def sending(ident: str = "08DD1386C0A8F001", connector: str = "Internet", **told: str) -> Session:
    """A session with another server, as a SEND log tells it."""
    return Session(ident, connector, told.pop("remote", "198.51.100.25:25"), "192.0.2.10:31000", receives=False, **told)  # type: ignore[arg-type]
