"""A site with an edition to be sent, and an authority that a mail server's certificate comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.settings import Settings
from tests.archive import handmade
from tests.delivery.common import ANNA, BO
from tests.helpers import site
from tools import certificates


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and a certificate by it for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    certificates.ensure(folder)
    return folder


@pytest.fixture(autouse=True)
def _trust(tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls / certificates.AUTHORITY))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site with one scheduled edition for two readers, and no mail server yet."""
    made = site(tmp_path, audiences=[{"name": "admins", "recipients": [ANNA, BO]}])
    handmade.add(made.storage.archive_path)
    return made
