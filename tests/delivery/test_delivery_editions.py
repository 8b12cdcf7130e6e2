"""Which editions go out, to whom, and which stay: news, corrections, what took another's place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl import delivery
from etl.common import periods
from etl.common.errors import ArchiveBroken, NotFound, SettingsInvalid, UsageInvalid
from etl.common.words import Origin
from etl.settings import Settings
from tests.archive import handmade
from tests.delivery.common import ANNA, BO, CHANGED, WEEK, parsed, sending, states, tried
from tests.delivery.mail_server import Talk
from tests.helpers import site

pytestmark = pytest.mark.timeout(60)


def test_an_order_to_send_again_does_nothing(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK)
        again = delivery.deliver(ready, WEEK, to=[ANNA, BO])
        delivery.deliver_due(ready, [WEEK])
    assert [(item.state, item.sent_now) for item in again] == [("accepted", False), ("accepted", False)]
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("cells", "insights", "goes_out"),
    [
        ({("inbound", "Fabrikam partner", "TLS 1.2"): 904, ("inbound", "Fabrikam partner", "No TLS"): 101}, [], False),
        ({("inbound", "Fabrikam partner", "TLS 1.2"): 905, ("inbound", "Fabrikam partner", "No TLS"): 101}, [], True),
        ({("inbound", "Fabrikam partner", "TLS 1.2"): 895, ("inbound", "Fabrikam partner", "No TLS"): 105}, [], False),
        ({("inbound", "Fabrikam partner", "TLS 1.2"): 894, ("inbound", "Fabrikam partner", "No TLS"): 106}, [], True),
        (handmade.CELLS, [{"rule": "no-tls-above-25", "direction": "inbound", "verdict": "speaks"}], True),
        ({**handmade.CELLS, ("outbound", "New", "TLS 1.3"): 1}, [], True),
    ],
    ids=["volume within", "volume beyond", "share within", "share beyond", "verdict", "new connector"],
)
def test_a_correction_goes_out_where_a_verdict_changed_or_a_number_moved_too_far(
    settings: Settings, tls: Path, cells: dict[Any, int], insights: list[dict[str, Any]], goes_out: bool
) -> None:
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK)
        handmade.add(settings.storage.archive_path, origin="correction", cells=cells, insights=insights)
        done = delivery.deliver_due(ready, [WEEK])
    assert states(done) == (["accepted", "accepted"] if goes_out else ["not needed", "not needed"])
    assert len(server.received) == (4 if goes_out else 2)


def test_small_corrections_add_up_against_what_was_last_read(settings: Settings, tls: Path) -> None:
    archive = settings.storage.archive_path
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK)
        for number, more in enumerate((904, 908, 911), 2):
            cells = {("inbound", "Fabrikam partner", "TLS 1.2"): more, ("inbound", "Fabrikam partner", "No TLS"): 100}
            assert handmade.add(archive, origin="correction", cells=cells).edition == number
            done = delivery.deliver_due(ready, [WEEK])
            assert states(done) == (
                ["not needed"] * 2 if more == 904 else ["accepted"] * 2 if more == 908 else ["not needed"] * 2
            )
    assert len(server.received) == 4


@pytest.mark.parametrize("origin", ["manual", "backfill"])
def test_what_nobody_scheduled_has_no_way_out_but_by_name(tmp_path: Path, tls: Path, origin: Origin) -> None:
    made = site(tmp_path, audiences=[{"name": "admins", "recipients": [ANNA]}])
    handmade.add(made.storage.archive_path, origin=origin)
    with sending(made, tls) as (ready, server):
        with pytest.raises(UsageInvalid, match="goes to nobody by itself") as caught:
            delivery.deliver(ready, WEEK)
        assert "send 2026-W47 --edition 1 --to ADDRESS" in str(caught.value)
        assert delivery.deliver_due(ready, [WEEK]) == []
        assert states(delivery.deliver(ready, WEEK, dry_run=True)) == ["needs --to"]
        handmade.add(made.storage.archive_path, origin=origin)
        assert states(delivery.deliver(ready, WEEK, dry_run=True)) == ["needs --to"], "the second as well"
        assert server.talks == []
        handmade.add(made.storage.archive_path, origin="correction", cells=CHANGED)
        assert states(delivery.deliver_due(ready, [WEEK])) == ["not needed"], "nobody was told what it corrects"
        assert states(delivery.deliver(ready, WEEK, edition=1, to=[BO])) == ["accepted"]
    assert [recipient for recipient, _ in server.received] == [BO]


def test_an_edition_made_by_hand_is_no_hindrance_to_what_is_still_open(settings: Settings, tls: Path) -> None:
    with sending(settings, tls, answers={"RCPT": "451 later"}) as (ready, _):
        tried(ready)
    handmade.add(settings.storage.archive_path, origin="manual", cells=CHANGED)
    with sending(settings, tls) as (ready, server):
        done = delivery.deliver_due(ready, [WEEK])
    assert [(item.edition, item.state) for item in done] == [(1, "accepted"), (1, "accepted")]
    assert len(server.received) == 2


def test_nobody_gets_an_edition_after_the_one_that_took_its_place(settings: Settings, tls: Path) -> None:
    later: Callable[[Talk], str | None] = lambda talk: "451 later" if talk.recipient == BO else None  # noqa: E731
    with sending(settings, tls, answers={"RCPT": later}) as (ready, _):
        assert states(tried(ready)) == ["accepted", "open"]
    small = {**handmade.CELLS, ("inbound", "Fabrikam partner", "TLS 1.2"): 901}
    handmade.add(settings.storage.archive_path, origin="correction", cells=small)
    with sending(settings, tls) as (ready, server):
        assert states(delivery.deliver_due(ready, [WEEK])) == ["not needed", "accepted"], "Bo had got none"
        assert states(delivery.deliver(ready, WEEK, edition=1)) == ["accepted", "closed"]
        assert states(delivery.deliver(ready, WEEK, edition=1, to=["cecilia@contoso.example"])) == ["accepted"]
    assert [(recipient, parsed(content)["X-Transit-Ledger-Edition"]) for recipient, content in server.received] == [
        (BO, "2026-W47/e2"),
        ("cecilia@contoso.example", "2026-W47/e1"),
    ]


def test_a_superseded_edition_that_nobody_began_stays_unsent(settings: Settings, tls: Path) -> None:
    handmade.add(settings.storage.archive_path, origin="correction", cells=CHANGED)
    with sending(settings, tls) as (ready, server):
        done = delivery.deliver(ready, WEEK, edition=1)
        assert states(done) == ["superseded", "superseded"]
        assert server.talks == []
        assert states(delivery.deliver_due(ready, [WEEK])) == ["accepted", "accepted"]
    assert len(server.received) == 2


def test_without_a_mail_server_nothing_is_sent_and_it_says_so(settings: Settings) -> None:
    with pytest.raises(SettingsInvalid, match=r"\[smtp\]: found nothing"):
        delivery.deliver(settings, WEEK)
    assert not settings.storage.deliveries_path.exists()


def test_an_edition_that_does_not_exist_is_named_with_those_that_do(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, _):
        with pytest.raises(NotFound, match="one of: 1"):
            delivery.deliver(ready, WEEK, edition=7)
        with pytest.raises(NotFound, match="none"):
            delivery.deliver(ready, periods.parse_period("2026-W01"))


def test_an_altered_edition_is_not_sent(settings: Settings, tls: Path) -> None:
    handmade.unlock(settings.storage.archive_path)
    (settings.storage.archive_path / "2026/W47/e1/data/en/mail.txt").write_bytes(b"All is well.\n")
    with sending(settings, tls) as (ready, server), pytest.raises(ArchiveBroken, match=r"mail\.txt altered"):
        delivery.deliver(ready, WEEK)
    assert server.talks == []


def test_a_dry_run_shows_the_exact_messages_and_reaches_no_server(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        shown = delivery.deliver(ready, WEEK, dry_run=True)
        assert states(shown) == ["would send", "would send"]
        assert server.talks == []
        assert not settings.storage.deliveries_path.exists()
        delivery.deliver(ready, WEEK)
    assert states(delivery.deliver(settings, WEEK, dry_run=True)) == ["accepted", "accepted"], "needs no [smtp]"
    for item, (recipient, content) in zip(shown, server.received, strict=True):
        assert item.recipient == recipient
        assert _without_date(item.content or b"") == _without_date(content)


def _without_date(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\r\n") if not line.startswith(b"Date: ")]
