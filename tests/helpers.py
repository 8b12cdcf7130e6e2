"""What tests share: a small site of its own, and exports of the format that the samples have."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl import landing
from etl import settings as settings_module
from etl.chain import bring_up
from etl.landing.inbox import Folder
from etl.settings import Settings

HEADER = (
    "date_time_utc", "directionality", "connector_name", "connector_type", "forced_tls", "tls_version", "tls_cipher",
    "sender_address", "recipient_address", "message_id", "network_message_id", "delivery_status", "total_bytes",
    "message_subject",
)  # fmt: skip

NOBODY = 65534


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


def site(folder: Path, **tables: Any) -> Settings:
    """Settings of a site whose storage and exports lie below `folder`; `tables` replace or add to the smallest ones."""
    (folder / "exports").mkdir(parents=True, exist_ok=True)
    raw: dict[str, Any] = {
        "organisation": {"name": "Contoso", "domains": ["contoso.example"]},
        "report": {"time_zone": "Europe/Stockholm"},
        "storage": {"root": "data"},
        "sources": [
            {
                "name": "m365",
                "format": "m365_connector_report",
                "location": "exports",
                "pattern": "connector-{date}*",
            }
        ],
    }
    return settings_module.parse(raw | tables, folder / "config.toml")


def row(number: int, **values: str) -> dict[str, str]:
    """One record: an inbound message of its own from fabrikam.example, but for what `values` say."""
    told = {
        "date_time_utc": "2026-11-16T10:00:00Z",
        "directionality": "Received",
        "connector_name": "Fabrikam partner",
        "connector_type": "Partner",
        "forced_tls": "False",
        "tls_version": "TLS1.2",
        "tls_cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "sender_address": f"user{number}@fabrikam.example",
        "recipient_address": f"person{number}@contoso.example",
        "message_id": f"<{number}@fabrikam.example>",
        "network_message_id": f"{number:032x}",
        "delivery_status": "Delivered",
        "total_bytes": "1000",
        "message_subject": f"Subject {number}",
    }
    return told | values


def export(rows: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
    """A CSV export of `rows`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def land(settings: Settings, path: Path) -> landing.LandedFile:
    """Lands one file of the first source, however young it is."""
    return landing.land(settings, settings.sources[0], Folder(path.parent), path.name)


def bring(settings: Settings, files: Mapping[str, bytes]) -> landing.Collected:
    """Writes `files` into the first source's folder and takes them to a published warehouse."""
    paths = []
    for name, content in files.items():
        path = settings.sources[0].location / name
        path.write_bytes(content)
        paths.append(path)
    collected = landing.collect(settings, files=paths)
    bring_up(settings)
    return collected


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """As a user with rights over `folder` alone: root may read everything, and tests of rights pass for nothing."""
    if os.geteuid():
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for path in folder.parents:
        if path.is_relative_to(tempfile.gettempdir()) and path != Path(tempfile.gettempdir()):
            path.chmod(path.stat().st_mode | 0o711)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
