"""An SMTP server that delivers nothing: it keeps every message it receives as a file. STARTTLS is required.

    python -m tools.mailcatcher --folder run/mail --tls run/tls --port 2525

Each message becomes `0001-<recipient>.eml`, one file for each recipient, complete as soon as it has its name. The
server's own authority lies in `<tls>/ca.pem`; who sends must trust it (`SSL_CERT_FILE`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import ssl
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tools import certificates

_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]")
_LARGEST = 64 << 20


class Keeper:
    """Keeps messages in a folder; the number goes on where an earlier server left off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Called by aiosmtpd with a whole message; what it returns is the answer to DATA."""
        names = [self.keep(recipient, bytes(envelope.original_content or b"")) for recipient in envelope.rcpt_tos]
        return f"250 2.0.0 kept as {', '.join(names)}"

    def keep(self, recipient: str, content: bytes) -> str:
        """Writes one message and returns its file's name."""
        temporary = self.folder / f".{os.getpid()}.new"
        temporary.write_bytes(content)
        numbers = [int(path.name[:4]) for path in self.folder.glob("[0-9][0-9][0-9][0-9]-*.eml")]
        name = f"{max(numbers, default=0) + 1:04d}-{_UNSAFE.sub('_', recipient)[:100]}.eml"
        temporary.rename(self.folder / name)
        return name


def tls_context(folder: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    """A server's context with a certificate made in `folder` where there is none."""
    certificates.ensure(folder, names)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / certificates.CERTIFICATE, folder / certificates.KEY)
    return context


async def serve(host: str, port: int, keeper: Keeper, context: ssl.SSLContext, port_file: Path | None) -> None:
    """Serves until SIGTERM or SIGINT. With port 0 the system chooses; `port_file` tells which, once it listens."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def session() -> SMTP:
        return SMTP(keeper, tls_context=context, require_starttls=True, data_size_limit=_LARGEST, ident="catcher")

    server = await loop.create_server(session, host, port)
    chosen = server.sockets[0].getsockname()[1]
    if port_file:
        temporary = port_file.with_suffix(".new")
        temporary.write_text(f"{chosen}\n", encoding="ascii")
        temporary.replace(port_file)
    print(f"Keeping mail for {host}:{chosen} in {keeper.folder}", flush=True)
    await stop.wait()
    server.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Keeps every mail it receives as a file.")
    parser.add_argument("--folder", type=Path, required=True, help="where the .eml files go")
    parser.add_argument("--tls", type=Path, required=True, help="where authority, certificate and key lie")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2525, help="0: any free one")
    parser.add_argument("--port-file", type=Path, help="gets the port's number once the server listens")
    parser.add_argument("--name", action="append", default=[], help="a further host name in the certificate")
    args = parser.parse_args()
    context = tls_context(args.tls, ("localhost", *args.name))
    try:
        asyncio.run(serve(args.host, args.port, Keeper(args.folder), context, args.port_file))
    except OSError as error:
        parser.exit(
            1, f"{args.host}:{args.port} can't be listened on ({error.strerror}); --port 0 takes any free one\n"
        )


if __name__ == "__main__":
    main()
