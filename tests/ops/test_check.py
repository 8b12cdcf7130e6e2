"""`check` tries the surroundings for real: folders, a mail server with STARTTLS, fonts, libraries."""

from __future__ import annotations

import json
import socket
import threading
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from etl.cli.app import app
from etl.common import disk
from etl.common.program_files import REPORT_TEMPLATES
from etl.ops import check
from etl.settings import Smtp
from tests.helpers import export, row, site
from tests.tools.test_mailcatcher import catcher
from tools import certificates
from tools.local_airflow import free_ports


def test_a_mail_server_with_starttls_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with catcher(tmp_path) as port:
        smtp = Smtp(host="localhost", port=port, security="starttls")
        stranger = check.smtp_check(smtp)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / certificates.AUTHORITY))
        trusted = check.smtp_check(smtp)
        other_name = check.smtp_check(smtp.model_copy(update={"host": "127.0.0.2"}))
    assert (stranger.verdict, trusted.verdict) == ("wrong", "ok")
    assert "TLS failed" in stranger.found
    assert "answers, security starttls" in trusted.found
    assert other_name.verdict == "wrong"
    assert list((tmp_path / "mail").iterdir()) == [], "trying must not send"


def test_a_mail_server_that_is_not_there_or_offers_no_tls() -> None:
    (closed,) = free_ports(1)
    assert check.smtp_check(Smtp(host="127.0.0.1", port=closed)).verdict == "wrong"
    assert check.smtp_check(None).verdict == "note"
    with socket.create_server(("127.0.0.1", 0)) as server:
        talk = threading.Thread(target=plain_server, args=(server,))
        talk.start()
        found = check.smtp_check(Smtp(host="127.0.0.1", port=server.getsockname()[1]))
        talk.join(10)
    assert (found.verdict, "offers no STARTTLS" in found.found) == ("wrong", True)


def plain_server(server: socket.socket) -> None:
    """Greets, answers EHLO without STARTTLS, and takes leave."""
    connection, _ = server.accept()
    with connection, connection.makefile("rwb") as stream:
        stream.write(b"220 plain\r\n")
        stream.flush()
        for line in stream:
            stream.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 plain\r\n")
            stream.flush()


def test_a_source_without_folder_without_files_and_with_names_that_do_not_fit(tmp_path: Path) -> None:
    (source,) = site(tmp_path).sources
    assert check.source_check(source).verdict == "note"
    (source.location / "report.csv").write_bytes(export([row(1)]))
    misnamed = check.source_check(source)
    assert (misnamed.verdict, misnamed.next_step) == ("wrong", "correct pattern")
    (source.location / "connector-2026-11-16.csv").write_bytes(export([row(1)]))
    assert check.source_check(source).found == "1 of 2 file(s) fit connector-{date}*"
    (source.location / "connector-2026-11-17.log").write_bytes(b"Nov 17 10:00:00 mx postfix/smtpd[1]: connect from x\n")
    assert check.source_check(source).found == "connector-2026-11-17.log is postfix_log, not m365_connector_report"
    misspelt = source.model_copy(update={"columns": {"tls_verison": "TLS"}})
    assert "has no column tls_verison" in check.source_check(misspelt).found
    gone = source.model_copy(update={"location": tmp_path / "nowhere"})
    assert "is no folder" in check.source_check(gone).found


def test_storage_that_can_not_be_written(tmp_path: Path) -> None:
    later, nowhere = tmp_path / "made" / "later", Path("/proc/nothing")
    assert check.room_check("storage root", later, partial(disk.room, later)).verdict in ("ok", "note")
    blocked = check.room_check("storage root", nowhere, partial(disk.room, nowhere))
    assert (blocked.verdict, "can't be written" in blocked.found) == ("wrong", True)


def test_fonts_and_libraries(tmp_path: Path) -> None:
    assert check.fonts_check(REPORT_TEMPLATES).verdict == "ok"
    assert check.fonts_check(tmp_path).verdict == "wrong"
    assert check.libraries_check().verdict == "ok"


def test_the_command_lists_all_and_its_exit_code_tells(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    config = tmp_path / "config.toml"
    text = (
        '[organisation]\nname = "Contoso"\ndomains = ["contoso.example"]\n[report]\ntime_zone = "UTC"\n'
        '[storage]\nroot = "data"\n[[sources]]\nname = "m365"\nformat = "m365_connector_report"\nlocation = "exports"\n'
    )
    config.write_text(text, encoding="utf-8")
    well = CliRunner().invoke(app, ["--config", str(config), "check", "--json"])
    assert well.exit_code == 0
    subjects = [item["subject"] for item in json.loads(well.stdout)]
    assert {"settings", "source m365", "storage root", "mail server", "fonts", "system libraries"} <= set(subjects)
    (closed,) = free_ports(1)
    config.write_text(f'{text}[smtp]\nhost = "127.0.0.1"\nport = {closed}\n', encoding="utf-8")
    assert CliRunner().invoke(app, ["--config", str(config), "check"]).exit_code == 1
    config.write_text(text.replace("UTC", "Nowhere"), encoding="utf-8")
    assert CliRunner().invoke(app, ["--config", str(config), "check"], catch_exceptions=True).exit_code != 0
