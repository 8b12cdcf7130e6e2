"""From ingested exports to editions, mails and back: the real renderers, a real SMTP server with STARTTLS."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from etl import delivery
from etl.archive import edition_file, editions, ledger
from etl.archive.shelf import Folder
from etl.audit import explain, verify
from etl.common import periods
from etl.ops import status
from etl.settings import Settings
from tests.helpers import bring, export, row, site
from tests.tools.test_mailcatcher import catcher
from tools import certificates

WEEK = periods.parse_period("2026-W47")
MADE = datetime(2026, 11, 23, 5, tzinfo=UTC)
AUDIENCE = [{"name": "admins", "recipients": ["anna@contoso.example", "bo@contoso.example"]}]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A week with 30 messages without TLS of 100 through one connector, nothing archived yet."""
    settings = site(tmp_path_factory.mktemp("site"), audiences=AUDIENCE)
    rows = [row(n, tls_version="No Tls" if n < 30 else "TLS1.3") for n in range(100)]
    bring(settings, {"connector-2026-11-16.csv": export(rows)})
    return settings


@pytest.fixture
def settings(ingested: Settings, tmp_path: Path) -> Settings:
    """A copy of that site to do things to."""
    root = tmp_path / "data"
    shutil.copytree(ingested.storage.root, root)
    storage = ingested.storage.model_copy(update={"root": root})
    exports = tmp_path / "exports"
    exports.mkdir()
    sources = tuple(source.model_copy(update={"location": exports}) for source in ingested.sources)
    return ingested.model_copy(update={"storage": storage, "sources": sources})


def with_server(settings: Settings, port: int) -> Settings:
    smtp = {"host": "localhost", "port": port, "security": "starttls", "sender": "ledger@contoso.example"}
    return Settings.model_validate(settings.model_dump() | {"smtp": smtp})


def mails(folder: Path) -> list[EmailMessage]:
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]
    return [mail for mail in found if isinstance(mail, EmailMessage)]


def test_same_basis_makes_no_new_edition(settings: Settings) -> None:
    first = editions.publish(settings, WEEK, origin="manual", made_at=MADE)
    again = editions.publish(settings, WEEK, origin="manual", made_at=MADE)
    assert (first.edition, first.new, again.edition, again.new) == (1, True, 1, False)
    assert verify.verify(Folder(settings.storage.archive_path)) == []


def test_a_late_export_makes_an_edition_that_supersedes(settings: Settings) -> None:
    editions.publish(settings, WEEK, origin="manual", made_at=MADE)
    before = status.status(settings)["editions"]
    bring(settings, {"connector-2026-11-16_late.csv": export([row(n) for n in range(200, 210)])})
    stale = status.status(settings)["editions"]
    made = editions.publish(settings, WEEK, origin="manual", made_at=MADE)
    assert ([item["state"] for item in before], [item["state"] for item in stale]) == (["current"], ["stale"])
    entries = ledger.read(Folder(settings.storage.archive_path))
    assert (made.edition, entries[1].supersedes) == (2, entries[0].hash)
    summary = settings.storage.archive_path / entries[1].bag / "data" / "summary.json"
    assert json.loads(summary.read_bytes())["messages"] == 110


def test_explain_names_the_records_behind_a_number(settings: Settings) -> None:
    told = explain.explain(settings, WEEK, {"connector": "Fabrikam partner", "tls_version": "No TLS"}, most=100)
    assert told["messages"] == 30
    assert [record["record"] for record in told["files"][0]["records"]] == list(range(1, 31))
    assert "@" not in json.dumps(told, default=str)


def test_each_recipient_gets_one_mail_and_never_two(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = editions.publish(settings, WEEK, origin="scheduled", made_at=MADE)
    archive = settings.storage.archive_path
    entry = edition_file.find(ledger.read(Folder(archive)), WEEK)
    with catcher(tmp_path) as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / certificates.AUTHORITY))
        ready = with_server(settings, port)
        first = delivery.deliver(ready, WEEK)
        second = delivery.deliver(ready, WEEK)
    assert [item.state for item in first] == ["accepted", "accepted"]
    assert [item.sent_now for item in second] == [False, False]
    sent = mails(tmp_path / "mail")
    assert sorted(mail["To"] for mail in sent) == ["anna@contoso.example", "bo@contoso.example"]
    assert len({mail["Message-ID"] for mail in sent}) == 2
    for mail in sent:
        attached = [part for part in mail.walk() if part.get_content_type() == "application/pdf"]
        pdf = (archive / entry.bag / "data" / "en" / "report.pdf").read_bytes()
        assert [part.get_payload(decode=True) for part in attached] == [pdf]
        text = mail.get_body(("plain",))
        html = mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert made.ledger_hash[:8] in text.get_content().replace(" ", "")
        assert "30.0" in text.get_content()
        assert "@@" not in text.get_content() + html.get_content()
