"""What earlier versions left opens, verifies, reproduces and goes on: `tests/data/releases/README.md`."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from etl import settings as settings_module
from etl import warehouse
from etl.archive import editions, ledger
from etl.archive.shelf import Folder
from etl.audit.reproduce import reproduce
from etl.audit.verify import checked_head, verify
from etl.chain import bring_up
from etl.common import periods
from etl.delivery import send_ledger
from etl.settings import Settings
from tests.helpers import bring, export, row

RELEASES = Path(__file__).parents[1] / "data" / "releases"
WEEK = periods.parse_period("2026-W47")
EDITIONS = [("scheduled", 1), ("correction", 2)]


@pytest.fixture(scope="module", params=sorted(path.parent.name for path in RELEASES.glob("*/site.tar.gz")))
def left(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, Any]]:
    """A site as a release left it, opened by this version, and what was known of it."""
    folder, site = RELEASES / request.param, tmp_path_factory.mktemp("site")
    with tarfile.open(folder / "site.tar.gz") as packed:
        packed.extractall(site, filter="tar")
    return settings_module.load(site / "config.toml"), json.loads((folder / "known.json").read_bytes())


def test_the_facts_are_the_same_before_and_after_the_next_run(left: tuple[Settings, dict[str, Any]]) -> None:
    settings, known = left
    assert warehouse.digest(settings).digest == known["digest"], "as it lies there"
    bring_up(settings)
    assert warehouse.digest(settings).digest == known["digest"], "brought up by this version"


def test_the_archive_verifies_and_every_edition_reproduces(left: tuple[Settings, dict[str, Any]]) -> None:
    settings, known = left
    archive = settings.storage.archive_path
    count, head = checked_head(Folder(archive))
    assert verify(Folder(archive), head) == []
    assert known["verify"][0] == f"{count} ledger entries; head {head}"
    for _, edition in EDITIONS:
        again = reproduce(settings, WEEK, edition)
        assert (again.same, again.differences) == (True, ())


def test_the_next_edition_follows_and_all_of_them_stand(left: tuple[Settings, dict[str, Any]]) -> None:
    settings, _ = left
    archive = settings.storage.archive_path
    before = ledger.read(Folder(archive))
    assert [(entry.origin, entry.edition) for entry in before] == EDITIONS
    assert not editions.publish(settings, WEEK, origin="scheduled").new, "nothing has changed but the version"
    bring(settings, {"connector-2026-11-18_late.csv": export([row(900 + n) for n in range(5)])})
    made = editions.publish(settings, WEEK, origin="scheduled", made_at=periods.parse_instant("2026-11-27T06:00:00Z"))
    after = ledger.read(Folder(archive))
    assert (made.new, made.edition, made.origin, made.reasons) == (True, 3, "correction", ("facts", "completeness"))
    assert after[:-1] == before
    assert (after[-1].previous, after[-1].supersedes) == (before[-1].hash, before[-1].hash)
    assert verify(Folder(archive), ledger.head(before)) == []
    assert reproduce(settings, WEEK).same
    assert [mail.state for mail in send_ledger.everything(settings)] == ["accepted", "accepted"]
