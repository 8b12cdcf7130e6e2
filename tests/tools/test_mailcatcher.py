"""The mail catcher: STARTTLS with an authority of its own, every message a file, numbers that go on."""

from __future__ import annotations

import smtplib
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import pytest

from tools import certificates

ROOT = Path(__file__).resolve().parents[2]
MESSAGE = b"From: a@contoso.example\r\nSubject: =?utf-8?q?Malm=C3=B6?=\r\n\r\nHej\r\n.dot\r\n"


@contextmanager
def catcher(folder: Path) -> Iterator[int]:
    """A running mail catcher; its port."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tools.mailcatcher", "--folder", str(folder / "mail"), "--tls"]
    process = subprocess.Popen([*command, str(folder / "tls"), "--port", "0", "--port-file", str(port_file)], cwd=ROOT)
    deadline = time.monotonic() + 30
    try:
        while not port_file.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield int(port_file.read_text())
    finally:
        process.terminate()
        assert process.wait(10) == 0


def send(port: int, folder: Path, recipients: list[str]) -> None:
    context = ssl.create_default_context(cafile=str(folder / "tls" / certificates.AUTHORITY))
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.starttls(context=context)
        server.sendmail("ledger@contoso.example", recipients, MESSAGE)


def test_it_keeps_what_it_gets(tmp_path: Path) -> None:
    with catcher(tmp_path) as port:
        send(port, tmp_path, ["anna@contoso.example", "../../etc/x@contoso.example"])
    kept = sorted((tmp_path / "mail").iterdir())
    assert [path.name for path in kept] == ["0001-anna@contoso.example.eml", "0002-.._.._etc_x@contoso.example.eml"]
    assert kept[0].read_bytes() == MESSAGE
    assert message_from_bytes(kept[1].read_bytes())["From"] == "a@contoso.example"


def test_the_numbers_go_on_and_the_authority_stays(tmp_path: Path) -> None:
    with catcher(tmp_path) as port:
        send(port, tmp_path, ["anna@contoso.example"])
    authority = (tmp_path / "tls" / certificates.AUTHORITY).read_bytes()
    with catcher(tmp_path) as port:
        send(port, tmp_path, ["anna@contoso.example"])
    assert (tmp_path / "tls" / certificates.AUTHORITY).read_bytes() == authority
    assert sorted(path.name[:4] for path in (tmp_path / "mail").iterdir()) == ["0001", "0002"]


def test_no_mail_without_tls(tmp_path: Path) -> None:
    with catcher(tmp_path) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        server.ehlo()
        assert server.has_extn("starttls")
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            server.sendmail("ledger@contoso.example", ["anna@contoso.example"], MESSAGE)
    assert caught.value.smtp_code == 530
    assert list((tmp_path / "mail").iterdir()) == []


def test_a_stranger_does_not_trust_it(tmp_path: Path) -> None:
    with catcher(tmp_path) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            server.starttls(context=ssl.create_default_context(cafile=None, capath=str(tmp_path / "mail")))
        server.close()


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, ("localhost", "mail-catcher"))
    assert stat.S_IMODE((tmp_path / certificates.KEY).stat().st_mode) == 0o600
    before = (tmp_path / certificates.CERTIFICATE).read_bytes()
    certificates.ensure(tmp_path, ("mail-catcher",))
    assert (tmp_path / certificates.CERTIFICATE).read_bytes() == before
    certificates.ensure(tmp_path, ("another",))
    assert (tmp_path / certificates.CERTIFICATE).read_bytes() != before
