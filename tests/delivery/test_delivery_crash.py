"""Killed at every step, several at once, in any order: no mail twice, none dropped; what nobody can know is said."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from etl import delivery
from etl.archive import ledger
from etl.archive.shelf import Folder
from etl.common import disk
from etl.common.errors import ArchiveBroken, Busy, DeliveryRefused, NotFound, UsageInvalid
from etl.delivery import send_ledger
from etl.ops import status
from etl.settings import Settings
from tests.archive import handmade
from tests.delivery.common import ANNA, BO, WEEK, sending, states, steps, tried
from tests.delivery.mail_server import DROP, Talk
from tests.helpers import site

pytestmark = pytest.mark.timeout(60)


def in_child(work: Callable[[], object]) -> int:
    """Runs `work` in a process of its own; its id. It ends without any clean-up of this one's."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def ended(child: int) -> int | None:
    """The signal that ended a child, if one did."""
    _, code = os.waitpid(child, 0)
    return os.WTERMSIG(code) if os.WIFSIGNALED(code) else None


def killed_at_write(number: int, *, before: bool, work: Callable[[], object]) -> None:
    """Runs `work` in a process that is killed before, or after, it takes its `number`th step in the send ledger."""
    real = disk.write_new
    count = 0

    def write(path: Path, content: bytes, mode: int = 0o640, *, making_in: Path | None = None) -> None:
        nonlocal count
        count += 1
        if count == number and before:
            os.kill(os.getpid(), signal.SIGKILL)
        real(path, content, mode, making_in=making_in)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def patched() -> None:
        disk.write_new = write
        work()

    assert ended(in_child(patched)) == signal.SIGKILL


# Steps of one mail: 1 claimed, 2 sending, 3 accepted.
@pytest.mark.parametrize(
    ("number", "before", "state", "arrived"),
    [
        (1, True, "accepted", 1),
        (1, False, "accepted", 1),
        (2, True, "accepted", 1),
        (2, False, "unknown", 0),
        (3, True, "unknown", 1),
        (3, False, "accepted", 1),
    ],
    ids=["before claim", "claimed", "before sending", "sending", "answer not noted", "answer noted"],
)
def test_killed_at_a_step_the_mail_goes_out_once_or_is_unknown(
    settings: Settings, tls: Path, number: int, before: bool, state: str, arrived: int
) -> None:
    with sending(settings, tls) as (ready, server):
        killed_at_write(number, before=before, work=lambda: delivery.deliver(ready, WEEK, to=[ANNA]))
        assert states(delivery.deliver(ready, WEEK)) == [state, "accepted"]
        assert states(delivery.deliver(ready, WEEK)) == [state, "accepted"]
    assert Counter(recipient for recipient, _ in server.received) == Counter({ANNA: arrived, BO: 1})


@pytest.mark.parametrize("word", ["CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "."])
def test_killed_while_it_talks_to_the_server(settings: Settings, tls: Path, word: str) -> None:
    children: list[int] = []

    def kill(_talk: Talk) -> str | None:
        if not children:
            return None
        os.kill(children.pop(), signal.SIGKILL)
        return DROP

    with sending(settings, tls) as (ready, server):
        begin, go = os.pipe()
        child = in_child(lambda: (os.read(begin, 1), delivery.deliver(ready, WEEK, to=[ANNA])))
        children.append(child)
        server.answers[word] = kill
        os.write(go, b"x")
        assert ended(child) == signal.SIGKILL
        os.close(begin)
        os.close(go)
        lost = word == "."
        mail = send_ledger.read(_folder(settings, ANNA))
        assert (mail.state, mail.is_open) == (("unknown", False) if lost else ("claimed", True))
        done = delivery.deliver(ready, WEEK)
    assert states(done) == ["unknown" if lost else "accepted", "accepted"]
    assert Counter(recipient for recipient, _ in server.received) == Counter([BO] if lost else [ANNA, BO])


def _folder(settings: Settings, recipient: str) -> Path:
    entry = ledger.read(Folder(settings.storage.archive_path))[0]
    return send_ledger.folder_of(settings, entry, recipient)


def lose(settings: Settings, tls: Path) -> None:
    """Brings Anna's mail into the state in which nobody knows: killed after the first byte."""
    with sending(settings, tls) as (ready, _):
        killed_at_write(2, before=False, work=lambda: delivery.deliver(ready, WEEK, to=[ANNA]))


def test_unknown_is_shown_with_the_command_that_resolves_it(settings: Settings, tls: Path) -> None:
    lose(settings, tls)
    with sending(settings, tls) as (ready, _):
        done = delivery.deliver(ready, WEEK)
        with pytest.raises(
            DeliveryRefused, match=r"unknown: anna@.*etl settle 2026-W47 --edition 1 --to anna@.*etl send 2026"
        ):
            delivery.raise_if_unsent(done)
    assert done[0].answer == send_ledger.LOST
    assert any("unknown" in item["what"] for item in status.status(settings)["trouble"])


def test_what_a_dry_run_says_of_a_lost_mail_is_what_a_run_would(settings: Settings, tls: Path) -> None:
    lose(settings, tls)
    before = len(steps(settings, ANNA))
    shown = delivery.deliver(settings, WEEK, dry_run=True)
    assert (states(shown), shown[0].answer) == (["unknown", "would send"], send_ledger.LOST)
    assert len(steps(settings, ANNA)) == before, "a dry run writes nothing"


@pytest.mark.parametrize(
    ("outcome", "state", "arrived"), [("accepted", "accepted", 0), ("open", "accepted", 1), ("closed", "closed", 0)]
)
def test_a_person_settles_what_nobody_could_know(
    settings: Settings, tls: Path, outcome: str, state: str, arrived: int
) -> None:
    lose(settings, tls)
    settled = delivery.settle(settings, WEEK, ANNA, outcome, who="ops", why="looked at the server's log")
    assert settled.state == outcome
    assert steps(settings, ANNA)[-1].answer == "settled by ops: looked at the server's log"
    with sending(settings, tls) as (ready, server):
        done = delivery.deliver(ready, WEEK)
    assert states(done) == [state, "accepted"]
    assert Counter(recipient for recipient, _ in server.received) == Counter({ANNA: arrived, BO: 1})
    delivery.raise_if_unsent(done)
    assert not any("a mail of" in item["what"] for item in status.status(settings)["trouble"])


def test_what_was_unknown_can_be_sent_by_name_under_the_same_message_id(settings: Settings, tls: Path) -> None:
    lose(settings, tls)
    with sending(settings, tls) as (ready, _):
        assert states(delivery.deliver(ready, WEEK, to=[ANNA])) == ["accepted"]
    taken = steps(settings, ANNA)
    assert [step.state for step in taken] == ["claimed", "sending", "unknown", "claimed", "sending", "accepted"]
    assert len({step.message_id for step in taken}) == 1


def test_only_what_is_unsettled_can_be_settled(settings: Settings, tls: Path) -> None:
    def settle(recipient: str, outcome: str = "closed") -> None:
        delivery.settle(settings, WEEK, recipient, outcome, who="ops", why="because")

    with pytest.raises(NotFound, match=r"to anna@contoso\.example was begun"):
        settle(ANNA)
    with sending(settings, tls, answers={"RCPT": "451 later"}) as (ready, _):
        tried(ready)
    with pytest.raises(UsageInvalid, match="accepted, open, closed"):
        settle(ANNA, "sent")
    settle(ANNA)
    with pytest.raises(UsageInvalid, match="closed already"):
        settle(ANNA)
    open_mail = send_ledger.read(_folder(settings, BO))
    assert open_mail.last
    send_ledger.claim(open_mail, open_mail.last)
    with pytest.raises(Busy, match="is sending"):
        settle(BO)


def test_processes_that_send_at_once_send_once(tmp_path: Path, tls: Path) -> None:
    recipients = [f"reader{number}@contoso.example" for number in range(6)]
    made = site(tmp_path, audiences=[{"name": "all", "recipients": recipients}])
    handmade.add(made.storage.archive_path)
    with sending(made, tls) as (ready, server):
        begin, go = os.pipe()

        def work() -> None:
            os.close(go)
            os.read(begin, 1)  # ends for all of them at once, when the other end is closed
            tried(ready)

        children = [in_child(work) for _ in range(4)]
        os.close(go)
        assert [ended(child) for child in children] == [None] * 4
        os.close(begin)
        assert states(delivery.deliver(ready, WEEK)) == ["accepted"] * 6
    assert Counter(recipient for recipient, _ in server.received) == Counter(recipients)


def test_a_claim_that_was_taken_up_too_early_is_given_up_before_data(
    settings: Settings, tls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second: list[delivery.Delivery] = []

    def meanwhile(_talk: Talk) -> str | None:
        if not second:
            second.append(delivery.Delivery(ANNA, "begun", None, 1))
            monkeypatch.setattr(send_ledger, "CLAIM_SECONDS", 0)
            second.extend(delivery.deliver(ready, WEEK, to=[ANNA]))
        return None

    with sending(settings, tls, answers={"RCPT": meanwhile}) as (ready, server):
        (first,) = delivery.deliver(ready, WEEK, to=[ANNA])
    assert (first.state, first.sent_now, second[1].sent_now) == ("accepted", False, True)
    assert [recipient for recipient, _ in server.received] == [ANNA]
    assert [step.state for step in steps(settings, ANNA)] == ["claimed", "claimed", "sending", "accepted"]


def test_while_another_process_is_at_a_mail_it_is_left_to_it(settings: Settings, tls: Path) -> None:
    heard: list[str] = []

    def meanwhile(_talk: Talk) -> str | None:
        heard.extend(states(delivery.deliver(ready, WEEK, to=[ANNA])))
        return None

    with sending(settings, tls, answers={"RCPT": meanwhile, ".": meanwhile}) as (ready, server):
        delivery.deliver(ready, WEEK, to=[ANNA])
    assert heard == ["claimed", "sending"]
    assert len(server.received) == 1


def test_the_holder_of_a_claim_is_this_very_process_and_not_one_with_its_number(settings: Settings, tls: Path) -> None:
    with sending(settings, tls, answers={"RCPT": "451 later"}) as (ready, _):
        tried(ready)
    mail = send_ledger.read(_folder(settings, ANNA))
    assert mail.last
    claimed = send_ledger.claim(mail, mail.last)
    assert claimed
    assert claimed.last
    assert claimed.last.holder
    assert not claimed.is_open
    for changed in ({"started": "1"}, {"pid": 1}, {"boot": "another"}):
        holder = send_ledger.replace(claimed.last.holder, **changed)
        assert send_ledger.Mail(mail.folder, 9, send_ledger.replace(claimed.last, holder=holder)).is_open, changed
    elsewhere = send_ledger.replace(claimed.last.holder, host="another", boot="another")
    away = send_ledger.replace(claimed.last, holder=elsewhere)
    assert not send_ledger.Mail(mail.folder, 9, away).is_open, "a process on another machine can't be looked at"
    old = send_ledger.replace(away, at="2026-11-23T05:00:00Z")
    assert send_ledger.Mail(mail.folder, 9, old).is_open, "but it is not believed in for ever"


def test_a_damaged_send_ledger_stops_the_sending(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK)
        (_folder(settings, ANNA) / "00000003.json").write_bytes(b"{")
        with pytest.raises(ArchiveBroken, match=r"00000003\.json is damaged"):
            delivery.deliver(ready, WEEK)
    assert len(server.received) == 2


FAULTS: dict[str, tuple[str, str]] = {
    "ok": ("QUIT", "221 bye"),
    "later": ("RCPT", "451 4.3.0 later"),
    "refused": ("RCPT", "550 5.1.1 no"),
    "cut": ("DATA", DROP),
    "lost": (".", DROP),
}
"""What a server does to a recipient's mail: at which command it says what."""


def plan_of(faults: dict[str, str]) -> dict[str, Callable[[Talk], str | None]]:
    """A server's answers that do to each recipient's mail what `faults` says."""

    def at(word: str) -> Callable[[Talk], str | None]:
        def answer(talk: Talk) -> str | None:
            when, what = FAULTS[faults[talk.recipient]]
            return what if when == word else None

        return answer

    return {word: at(word) for word in ("RCPT", "DATA", ".")}


@given(
    runs=st.lists(st.lists(st.sampled_from(sorted(FAULTS)), min_size=2, max_size=2), min_size=1, max_size=4),
    corrected=st.integers(0, 4),
)
@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_servers_do_nobody_gets_a_mail_twice_and_nobody_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, tls: Path, runs: list[list[str]], corrected: int
) -> None:
    """`lost`: the connection breaks after the final dot, `cut`: before DATA; then a server that works."""
    made = site(tmp_path_factory.mktemp("site"), audiences=[{"name": "all", "recipients": [ANNA, BO]}])
    handmade.add(made.storage.archive_path)
    arrived: list[tuple[str, bytes]] = []
    for number, (anna, bo) in enumerate([*runs, ["ok", "ok"]]):
        if number == corrected:
            handmade.add(made.storage.archive_path, origin="correction", cells={("inbound", "New", "TLS 1.3"): 5})
        answers = plan_of({ANNA: anna, BO: bo})
        with sending(made, tls, answers=answers) as (ready, server):
            try:
                done = delivery.deliver_due(ready, [WEEK])
            except delivery.Delayed as error:
                done = error.deliveries
        arrived += server.received
    ids = Counter((recipient, content.partition(b"Message-ID: ")[2][:50]) for recipient, content in arrived)
    assert set(ids.values()) <= {1}
    for item in done:
        event(item.state)
        assert item.state in ("accepted", "refused", "unknown", "not needed")
        got = [recipient for recipient, _ in arrived if recipient == item.recipient]
        assert got or item.state in ("refused", "unknown")
