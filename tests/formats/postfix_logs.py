"""Lines of a Postfix log as the tests write them: a session with its message, deliveries, and what they come to."""

from __future__ import annotations

from pathlib import Path

from tests.formats.log_site import site, sums, take

STAMP = "Dec  3 10:00:00"
TLS = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS"
HOST = "mx.fabrikam.example[198.51.100.21]:25"


def line(said: str, service: str = "postfix/smtpd[10]", stamp: str = STAMP, host: str = "mx") -> str:
    return f"{stamp} {host} {service}: {said}\n"


def arrival(
    queue: str = "A1B2C3D4E5",
    tls: str | None = TLS,
    extra: str = "",
    pid: str = "10",
    sender: str = "a@fabrikam.example",
    service: str = "postfix/smtpd",
    client: str = "h[203.0.113.1]",
) -> str:
    tag, starttls = f"{service}[{pid}]", "starttls=1 " if tls else ""
    return "".join((
        line(f"connect from {client}", tag),
        line(f"Anonymous TLS connection established from {client}: {tls}", tag) if tls else "",
        line(f"{queue}: client={client}{extra}", tag),
        line(f"{queue}: message-id=<1@x>", "postfix/cleanup[11]"),
        line(f"{queue}: from=<{sender}>, size=1000, nrcpt=1 (queue active)", "postfix/qmgr[12]"),
        line(f"disconnect from {client} ehlo=2 {starttls}mail=1 rcpt=1 data=1 quit=1 commands=7", tag),
    ))  # fmt: skip


def mailbox(
    queue: str = "A1B2C3D4E5", to: str = "p@contoso.example", status: str = "sent (delivered)", original: str = ""
) -> str:
    origin = f", orig_to=<{original}>" if original else ""
    return line(
        f"{queue}: to=<{to}>{origin}, relay=virtual, delay=0, delays=0/0/0/0, dsn=2.0.0, status={status}",
        "postfix/virtual[13]",
    )


def removed(queue: str = "A1B2C3D4E5") -> str:
    return line(f"{queue}: removed", "postfix/qmgr[12]")


def handshake(
    host: str = HOST,
    tls: str = TLS,
    pid: str = "20",
    word: str = "Trusted",
    verb: str = "established",
    stamp: str = STAMP,
) -> str:
    return line(f"{word} TLS connection {verb} to {host}: {tls}", f"postfix/smtp[{pid}]", stamp)


def active(queue: str, size: int = 500, stamp: str = STAMP) -> str:
    return line(f"{queue}: from=<p@contoso.example>, size={size}, nrcpt=1 (queue active)", "postfix/qmgr[12]", stamp)


def sending(
    queue: str,
    to: str = "r@fabrikam.example",
    host: str = HOST,
    pid: str = "20",
    status: str = "sent (250 2.0.0 Ok: queued as X)",
    extra: str = "",
    tls: str = "",
    stamp: str = STAMP,
    delays: str = "0.1/0/0.2/0.1",
    service: str = "postfix/smtp",
) -> str:
    return line(
        f"{queue}: to=<{to}>, relay={host}{extra}, delay=0.4, delays={delays}{tls}, dsn=2.0.0, status={status}",
        f"{service}[{pid}]",
        stamp,
    )


# A daemon whose silence means that there was no TLS has logged TLS that day: these lines make both speak.
TALK = handshake("other.example[198.51.100.99]:25", pid="99") + line(
    f"Anonymous TLS connection established from o[203.0.113.99]: {TLS}", "postfix/smtpd[98]"
)


def told(tmp_path: Path, log: str, *columns: str, **source: object) -> dict[tuple[str, ...], int]:
    settings = site(tmp_path, **source)  # type: ignore[arg-type]  # tables of the settings
    take(settings, {"mail.log": log.encode()})
    return dict(sums(settings, *columns))
