"""Alerts reach ops by a real server, and nobody else; nothing traced is in them."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from etl.common.errors import DeliveryDelayed
from etl.ops import alerts
from etl.settings import Settings
from tests.delivery.mail_server import Talk, mail_server
from tests.helpers import site
from tests.tools.test_mailcatcher import catcher
from tools import certificates
from tools.local_airflow import free_ports

OPS = {"recipients": ["ops@contoso.example", "night@contoso.example"]}
READERS = [{"name": "admins", "recipients": ["anna@contoso.example"]}]


def settings_for(folder: Path, port: int) -> Settings:
    smtp = {"host": "localhost", "port": port, "sender": "ledger@contoso.example"}
    return site(folder, smtp=smtp, alerts=OPS, audiences=READERS)


def test_each_of_ops_gets_one_and_no_reader_of_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with catcher(tmp_path) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / certificates.AUTHORITY))
        settings = settings_for(tmp_path, port)
        sent = alerts.send(settings, subject="Failed: a\r\nBcc: x@evil.example", text="of bo@fabrikam.example, day 3")
    kept = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in (tmp_path / "mail").iterdir()]
    assert sent == 2
    assert sorted(mail["To"] for mail in kept) == ["night@contoso.example", "ops@contoso.example"]
    for mail in kept:
        assert mail["Bcc"] is None
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "bo@" not in mail.get_content()
        assert "day 3" in mail.get_content()


def test_one_who_is_refused_keeps_nobody_else_from_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(talk: Talk) -> str | None:
        return "550 5.1.1 no such user" if talk.recipient.startswith("ops@") else None

    with mail_server(tmp_path / "tls", answers={"RCPT": refuse}) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / certificates.AUTHORITY))
        with pytest.raises(DeliveryDelayed, match=r"ops@contoso\.example: refused: 550 5\.1\.1 no such user"):
            alerts.send(settings_for(tmp_path, server.port), subject="x", text=".a line\nö")
    assert [recipient for recipient, _ in server.received] == ["night@contoso.example"]
    kept = message_from_bytes(server.received[0][1], policy=policy.default)
    assert kept.get_content().splitlines() == [".a line", "ö"]


def test_without_recipients_or_server_nothing_is_sent(tmp_path: Path) -> None:
    assert alerts.send(site(tmp_path), subject="x", text="y") == 0
    (closed,) = free_ports(1)
    with pytest.raises(DeliveryDelayed, match="could not be sent"):
        alerts.send(settings_for(tmp_path, closed), subject="x", text="y")
