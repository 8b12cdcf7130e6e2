"""Publishing killed at any point, by two at once, and when asked: an edition is there once, whole, and says why."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from etl import delivery
from etl.archive import bag, editions, ledger, site
from etl.archive.editions import Published
from etl.archive.shelf import Folder
from etl.audit import verify
from etl.common import disk, periods
from etl.settings import Settings
from tests.delivery.common import sending
from tests.helpers import bring, export, row
from tests.helpers import site as small_site
from tools import certificates

WEEK = periods.parse_period("2026-W47")
ROOT = Path(__file__).parents[2]
MADE = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A week with a little mail, nothing archived yet."""
    audiences = [{"name": "admins", "recipients": ["anna@contoso.example"]}]
    made = small_site(tmp_path_factory.mktemp("site"), audiences=audiences)
    bring(made, {"connector-2026-11-16.csv": export([row(n, tls_version="No Tls") for n in range(5)])})
    return made


@pytest.fixture(scope="module")
def reported(ingested: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same with an edition."""
    made = moved(ingested, tmp_path_factory.mktemp("reported"))
    editions.publish(made, WEEK, origin="scheduled", made_at=MADE)
    return made


def moved(settings: Settings, folder: Path) -> Settings:
    """A copy of a site to do things to."""
    shutil.copytree(settings.storage.root, folder / "data")
    places = settings.storage.model_copy(update={"root": folder / "data"})
    (folder / "exports").mkdir()
    sources = tuple(source.model_copy(update={"location": folder / "exports"}) for source in settings.sources)
    return settings.model_copy(update={"storage": places, "sources": sources})


def publish(settings: Settings, **options: object) -> Published:
    return editions.publish(settings, WEEK, **{"origin": "scheduled", "made_at": MADE} | options)  # type: ignore[arg-type]


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from etl.common import disk, periods
from etl.archive import bag, editions, ledger, shelf, site
from etl.settings import Settings

def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)

{patch} = dies
settings = Settings.model_validate_json(sys.stdin.read())
made = datetime(2026, 11, 23, 5, tzinfo=UTC)
editions.publish(settings, periods.parse_period("2026-W47"), origin="scheduled", made_at=made)
"""


@pytest.mark.parametrize(
    ("patch", "stands"),
    [
        pytest.param("bag._check_bag", False, id="before the rename"),
        pytest.param("shelf.Folder.seal", True, id="after the rename", marks=pytest.mark.long),
        pytest.param("ledger.append", True, id="before the entry"),
    ],
)
def test_killed_while_publishing_there_is_no_edition_or_a_whole_one(
    ingested: Settings, tmp_path: Path, patch: str, stands: bool
) -> None:
    settings = moved(ingested, tmp_path)
    told = settings.model_dump_json(exclude_none=True)
    script = KILLED.replace("{patch}", patch)
    done = subprocess.run([sys.executable, "-c", script], input=told, text=True, check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    archive = settings.storage.archive_path
    left = bag.bag_hash(Folder(archive), "2026/W47/e1")
    assert (left is not None) == stands
    again = publish(settings, made_at=datetime(2026, 11, 24, tzinfo=UTC))
    assert (again.edition, again.new) == (1, not stands)
    (entry,) = ledger.read(Folder(archive))
    assert left in (None, entry.bag_sha256), "the edition that lay there is the one that was entered"
    assert verify.verify(Folder(archive)) == []
    assert (archive / "index.html").read_bytes() == site.render(Folder(archive), [entry])


def test_two_publishers_at_once_make_one_edition(ingested: Settings, tmp_path: Path) -> None:
    settings = moved(ingested, tmp_path)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: publish(settings), range(2)))
    assert sorted(item.new for item in made) == [False, True]
    archive = settings.storage.archive_path
    assert [(entry.edition, entry.kind) for entry in ledger.read(Folder(archive))] == [(1, "edition")]
    assert verify.verify(Folder(archive)) == []
    assert not list(archive.rglob(f"{disk.TEMPORARY}*"))


def test_a_new_policy_makes_an_edition_only_when_asked_and_it_says_why(reported: Settings, tmp_path: Path) -> None:
    settings = moved(reported, tmp_path)
    policy_file = tmp_path / "policy.toml"
    built_in = Path(editions.__file__).parents[1] / "insights" / "policy.toml"
    text = built_in.read_text(encoding="utf-8")
    policy_file.write_text(re.sub(r"(?m)^version = \d+$", "version = 99", text, count=1), encoding="utf-8")
    policies = settings.policy.model_copy(update={"file": policy_file})
    judged = settings.model_copy(update={"policy": policies})
    assert policy_file.read_text(encoding="utf-8") != text
    left = settings.storage.archive_path / "2026" / "W47" / f"{disk.TEMPORARY}e2"
    left.mkdir()
    os.utime(left, (0, 0))
    assert not publish(judged, origin="manual").new
    assert not left.exists(), "what a killed run left a day ago is swept"
    asked = publish(judged, origin="manual", force_policy=True, reason="a stricter <policy>")
    assert (asked.edition, asked.new, asked.reasons, asked.changes) == (2, True, ("policy",), ())
    said = json.loads((asked.path / "data" / "edition.json").read_bytes())
    first = ledger.read(Folder(settings.storage.archive_path))[0]
    assert (said["why"], said["supersedes"], said["supersedes_edition"]) == ("a stricter <policy>", first.hash, 1)
    assert not publish(judged, origin="manual", force_policy=True).new
    assert (asked.path / "data" / "policy.toml").read_bytes() == policy_file.read_bytes()


def test_a_correction_says_what_changed_and_why_and_the_mail_proves_it(
    reported: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader can do with nothing but two mails as received, and the archive."""
    settings = moved(reported, tmp_path)
    archive = settings.storage.archive_path
    certificates.ensure(tmp_path / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / certificates.AUTHORITY))
    with sending(settings, tmp_path / "tls") as (ready, server):
        delivery.deliver_due(ready, [WEEK])
        bring(settings, {"connector-2026-11-17.csv": export([row(9, date_time_utc="2026-11-17T10:00:00Z")])})
        made = publish(settings)
        delivery.deliver_due(ready, [WEEK])
    assert (made.edition, made.origin, "facts" in made.reasons) == (2, "correction", True)
    assert [(c.connector, c.tls_version, c.messages_before, c.messages) for c in made.changes] == [
        ("Fabrikam partner", "TLS 1.2", 0, 1)
    ]
    heads = [head_in(content) for _, content in server.received]
    assert heads == [entry.hash for entry in ledger.read(Folder(archive))]
    assert [verify.verify(Folder(archive), head) for head in heads] == [[], []]
    corrected = message_from_bytes(server.received[1][1], policy=policy.default)
    text = corrected.get_body(("plain",))  # type: ignore[attr-defined]
    assert heads[0] in text.get_content().replace("\r\n", "").replace(" ", ""), "it names what it supersedes"
    attached = [part.get_content() for part in corrected.walk() if part.get_content_type() == "application/pdf"]
    assert attached == [(made.path / "data" / "en" / "report.pdf").read_bytes()]
    drop_the_last(archive)
    assert verify.verify(Folder(archive), heads[0]) == []
    assert [found.kind for found in verify.verify(Folder(archive), heads[1])] == ["cut-off"]


def head_in(content: bytes) -> str:
    """The ledger head that a mail prints, the same in text and HTML."""
    mail = message_from_bytes(content, policy=policy.default)
    found = []
    for kind in ("plain", "html"):
        body = mail.get_body((kind,)).get_content()  # type: ignore[attr-defined]
        found.append(re.search(r"Ledger head with this edition:\s*([0-9a-f]{64})", body))
    assert found[0]
    assert found[1]
    assert found[0][1] == found[1][1]
    return found[0][1]


def drop_the_last(archive: Path) -> None:
    """Removes the newest entry with its edition, as somebody who would rather have it forgotten."""
    entries = ledger.read(Folder(archive))
    (archive / "ledger" / f"{len(entries):08d}.json").unlink()
    folder = archive / entries[-1].bag
    for item in (folder.parent, folder, *folder.rglob("*")):
        item.chmod(0o750 if item.is_dir() else 0o640)
    shutil.rmtree(folder)


def test_what_was_entered_and_not_mailed_is_named_by_the_next_regular_mail(reported: Settings, tmp_path: Path) -> None:
    settings = moved(reported, tmp_path)
    week = periods.parse_period("2026-W46")
    bring(settings, {"connector-2026-11-10.csv": export([row(70, date_time_utc="2026-11-10T10:00:00Z")])})
    editions.publish(settings, week, origin="backfill", made_at=MADE)
    bring(settings, {"connector-2026-11-24.csv": export([row(80, date_time_utc="2026-11-24T10:00:00Z")])})
    after = editions.publish(settings, periods.parse_period("2026-W48"), origin="scheduled", made_at=MADE)
    for name in ("mail.txt", "mail.html", "report.html"):
        text = (after.path / "data" / "en" / name).read_text(encoding="utf-8")
        assert "2026-W46, edition 1" in " ".join(text.split()), name
