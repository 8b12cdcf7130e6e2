"""`send` and `settle` as ops use them, against a real server: what they print, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from etl import settings
from tests.archive import handmade
from tests.delivery.mail_server import DROP, Answer, mail_server
from tests.helpers import Command
from tools import certificates

CONFIG = """
[organisation]
name = "Contoso"
domains = ["contoso.example"]
[report]
time_zone = "Europe/Stockholm"
[storage]
root = "data"
[[audiences]]
name = "admins"
recipients = ["anna@contoso.example", "bo@contoso.example"]
[smtp]
port = {port}
"""
Send = Callable[..., tuple[int, str, str]]


@pytest.fixture
def send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> Send:
    """Runs a command against a server that answers so; its exit code and what it said."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(port=25))
    handmade.add(settings.load(config, {}).storage.archive_path)
    certificates.ensure(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / certificates.AUTHORITY))
    monkeypatch.setenv(settings.SMTP_USER_ENV, "ledger")
    monkeypatch.setenv(settings.SMTP_PASSWORD_ENV, "battery staple")

    def send(*arguments: str, answers: dict[str, Answer] | None = None) -> tuple[int, str, str]:
        with mail_server(tmp_path / "tls", offers=("AUTH PLAIN",), answers=answers) as server:
            config.write_text(CONFIG.format(port=server.port))
            said = command("--config", str(config), *arguments)
        assert "battery staple" not in said.out + said.err
        return said.code, said.out, said.err

    return send


def test_accepted_is_0_and_again_too(send: Send) -> None:
    code, out, _ = send("send", "2026-W47", "--json")
    assert (code, [item["state"] for item in json.loads(out)]) == (0, ["accepted", "accepted"])
    assert {"recipient", "state", "answer", "edition", "message_id", "size", "sent_now", "command"} <= set(
        json.loads(out)[0]
    )
    code, out, _ = send("send", "2026-W47", "--json")
    assert (code, [item["sent_now"] for item in json.loads(out)]) == (0, [False, False])


def test_to_be_tried_again_is_75_and_says_what_stands(send: Send) -> None:
    code, out, err = send("send", "2026-W47", answers={"RCPT": "451 4.7.1 greylisted"})
    assert (code, out.count("451 4.7.1 greylisted")) == (75, 2)
    assert "next: python -m etl send 2026-W47 --edition 1" in out
    assert "Run the same command again; only these are tried" in err


def test_refused_is_69_and_names_the_command(send: Send) -> None:
    code, out, err = send("send", "2026-W47", answers={"RCPT": "550 5.1.1 nobody"})
    assert (code, out.count("refused")) == (69, 2)
    assert "python -m etl send 2026-W47 --edition 1 --to anna@contoso.example" in err


def test_unknown_is_69_until_a_person_settles_it(send: Send) -> None:
    code, out, err = send("send", "2026-W47", "--to", "anna@contoso.example", answers={".": DROP})
    assert (code, "unknown" in out) == (69, True)
    assert "etl settle 2026-W47 --edition 1 --to anna@contoso.example --as accepted" in err
    settle = ("settle", "2026-W47", "--to", "anna@contoso.example", "--why", "it is in the log", "--as")
    code, out, _ = send(*settle, "accepted")
    assert (code, out.strip()) == (0, "2026-W47, edition 1, anna@contoso.example: accepted")
    assert send("send", "2026-W47")[0] == 0
    code, _, err = send(*settle, "open")
    assert (code, "accepted already" in err) == (64, True)
