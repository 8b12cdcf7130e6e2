"""What the tests of delivery share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from etl import delivery
from etl.archive import ledger
from etl.archive.shelf import Folder
from etl.common import periods
from etl.delivery import Delayed, send_ledger
from etl.settings import Settings
from tests.delivery.mail_server import MailServer, mail_server

WEEK = periods.parse_period("2026-W47")
ANNA, BO = "anna@contoso.example", "bo@contoso.example"
CHANGED = {("inbound", "Fabrikam partner", "TLS 1.2"): 500, ("inbound", "Fabrikam partner", "No TLS"): 500}


def at(settings: Settings, port: int, **values: Any) -> Settings:
    """The settings with a mail server."""
    told = {"host": "localhost", "port": port, "sender": "ledger@contoso.example"} | values
    return Settings.model_validate(settings.model_dump(exclude_none=True) | {"smtp": told})


@contextmanager
def sending(settings: Settings, tls: Path, **options: Any) -> Iterator[tuple[Settings, MailServer]]:
    """The settings with a running server that is theirs."""
    with mail_server(tls, **options) as server:
        yield at(settings, server.port), server


def states(done: Sequence[delivery.Delivery]) -> list[str]:
    return [item.state for item in done]


def parsed(content: bytes) -> EmailMessage:
    found = message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def tried(settings: Settings, **options: Any) -> list[delivery.Delivery]:
    """What became of each, whether some are still open or not."""
    try:
        return delivery.deliver(settings, WEEK, **options)
    except Delayed as error:
        return error.deliveries


def steps(settings: Settings, recipient: str, period: str = "2026-W47") -> list[send_ledger.Step]:
    """The steps of a mail about a period's first edition."""
    entry = ledger.editions(ledger.read(Folder(settings.storage.archive_path)), period)[0]
    return send_ledger.history(send_ledger.folder_of(settings, entry, recipient))
