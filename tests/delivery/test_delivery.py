"""Delivery against a real SMTP server: who gets what, once; what a failing server leaves open, refused or unknown."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl import delivery
from etl.archive import ledger
from etl.archive.ledger import Entry
from etl.archive.shelf import Folder
from etl.common import periods
from etl.common.errors import DeliveryRefused, SettingsInvalid, UsageInvalid
from etl.delivery import Delayed, compose, send_ledger, smtp
from etl.settings import Settings
from tests.archive import handmade
from tests.delivery.common import ANNA, BO, CHANGED, WEEK, at, parsed, sending, states, steps, tried
from tests.delivery.mail_server import DROP, SILENCE, Answer, Talk, mail_server
from tests.helpers import site
from tools import certificates

W48 = periods.parse_period("2026-W48")
pytestmark = pytest.mark.timeout(60)
PASSWORD = "correct horse battery"  # noqa: S105  a password for a server in a thread


def big(settings: Settings, size: int) -> Entry:
    """Another edition, with a PDF of so many bytes."""
    return handmade.add(settings.storage.archive_path, "2026-W48", pdf=os.urandom(size))


# What arrives


def test_a_message_holds_text_page_charts_and_pdf_for_one_recipient(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK)
    assert [recipient for recipient, _ in server.received] == [ANNA, BO]
    assert all(talk.encrypted for talk in server.talks)
    entry = ledger.read(Folder(settings.storage.archive_path))[0]
    for recipient, content in server.received:
        mail = parsed(content)
        assert mail["To"] == recipient
        assert (mail["Cc"], mail["Bcc"]) == (None, None)
        kinds = [part.get_content_type() for part in mail.walk()]
        assert kinds == [
            "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
            "application/pdf",
        ]  # fmt: skip
        bodies = [part for part in mail.walk() if part.get_content_maintype() == "text"]
        assert bodies[0].get_content().splitlines() == ["In en: åtta.", ".", f"Head: {entry.hash}"]
        assert f'<img src="cid:chart" alt="Eight of ten"><p>{entry.hash}</p>' in bodies[1].get_content()
        image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
        assert (image["Content-ID"], image.get_content_disposition()) == ("<chart>", "inline")
        pdf = next(part for part in mail.walk() if part.get_content_type() == "application/pdf")
        assert (pdf.get_content(), pdf.get_filename()) == (b"%PDF-1.7 small", "transit-ledger-2026-W47-e1.pdf")
        assert mail["Auto-Submitted"] == "auto-generated"
        assert max(len(line) for line in content.split(b"\r\n")) <= 998
        assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_send_ledger_keeps_each_step_the_answer_and_the_mail_as_sent(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        done = delivery.deliver(ready, WEEK)
    assert [step.state for step in steps(settings, ANNA)] == ["claimed", "sending", "accepted"]
    assert steps(settings, ANNA)[-1].answer == done[0].answer == "250 2.0.0 kept"
    kept = next(settings.storage.deliveries_path.rglob(f"{send_ledger.recipient_key(ANNA)}/*.eml"))
    assert kept.read_bytes() == server.received[0][1]


def test_the_message_id_is_the_editions_and_the_recipients(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK)
        delivery.deliver(ready, WEEK, to=[ANNA.upper()], again=True)
        handmade.add(settings.storage.archive_path, cells=CHANGED, origin="correction")
        delivery.deliver(ready, WEEK)
    ids = [str(parsed(content)["Message-ID"]) for _, content in server.received]
    assert ids[0] == ids[2], "a repeat folds into the first"
    assert len({ids[0], ids[1], ids[3], ids[4]}) == 4
    assert [str(parsed(content)["In-Reply-To"]) for _, content in server.received[3:]] == [ids[0], ids[1]]


def test_each_audience_gets_its_language_and_its_connectors(tmp_path: Path, tls: Path) -> None:
    told = [
        {"name": "a", "recipients": [ANNA], "language": "sv"},
        {"name": "b", "recipients": [BO], "connectors": ["Secret"]},
        {"name": "c", "recipients": ["CECILIA@contoso.example", BO]},
        {"name": "d", "recipients": ["dan@contoso.example"], "connectors": ["Secret"]},
    ]
    made = site(tmp_path, audiences=told)
    handmade.add(made.storage.archive_path)
    with sending(made, tls) as (ready, server):
        done = delivery.deliver(ready, WEEK)
        with pytest.raises(DeliveryRefused, match="dan@"):
            delivery.raise_if_unsent(done)
    assert [(item.recipient, item.state, item.variant) for item in done] == [
        (ANNA, "accepted", "sv"),
        (BO, "accepted", "en"),
        ("CECILIA@contoso.example", "accepted", "en"),
        ("dan@contoso.example", "no variant", None),
    ]
    assert b"In sv:" in server.received[0][1]


def test_a_reader_in_two_restricted_audiences_sees_what_either_may(tmp_path: Path) -> None:
    from etl.archive import variants

    told = [
        {"name": "a", "recipients": [ANNA, BO], "connectors": ["B", "A"]},
        {"name": "b", "recipients": [ANNA], "connectors": ["C"], "language": "sv"},
        {"name": "c", "recipients": [BO.title()]},
    ]
    made = site(tmp_path, audiences=told)
    readers = variants.recipients(made)
    assert [(r.address, r.language, r.connectors) for r in readers.values()] == [
        (ANNA, "en", ("A", "B", "C")),
        (BO, "en", ()),
    ]
    assert [(v.language, v.connectors) for v in variants.wanted(made)] == [("en", ()), ("en", ("A", "B", "C"))]


# Headers and secrets


@pytest.mark.parametrize(
    "address",
    ["a@b.example\nBcc: x@y.example", "a b@c.example", "å@b.example", "a@b..example", "nobody", "a@b@c", "<>"],
)
def test_an_address_that_could_break_a_header_is_refused_before_anything_is_sent(
    settings: Settings, tls: Path, address: str
) -> None:
    with sending(settings, tls) as (ready, server), pytest.raises(UsageInvalid, match="no address"):
        delivery.deliver(ready, WEEK, to=[ANNA, address])
    assert server.talks == []
    with pytest.raises(SettingsInvalid, match="a mail address such as"):
        site(settings.storage.root.parent, audiences=[{"name": "a", "recipients": [address]}])


def test_a_line_break_in_a_name_or_a_subject_stays_in_its_header(tmp_path: Path, tls: Path) -> None:
    name = "Contoso\r\nBcc: x@evil.example\r\n\r\n<script>\u2028"
    made = site(tmp_path, organisation={"name": name, "domains": ["contoso.example"]})
    files = handmade.payload(handmade.CELLS, [], b"%PDF")
    mail = json.loads(files["en/mail.json"]) | {"subject": "Week 47\r\nBcc: y@evil.example"}
    entry = handmade.add(made.storage.archive_path, mail=mail)
    assert entry.edition == 1
    with sending(made, tls) as (ready, server):
        delivery.deliver(ready, WEEK, to=[ANNA])
    sent = parsed(server.received[0][1])
    assert sent["Bcc"] is None
    assert sent["Subject"] == "Week 47 Bcc: y@evil.example"
    assert sent["From"].addresses[0].display_name == "Transit Ledger, Contoso Bcc: x@evil.example <script>"
    assert sent.is_multipart()


def test_a_domain_in_any_script_is_sent_as_its_a_label(settings: Settings, tls: Path) -> None:
    with sending(settings, tls) as (ready, server):
        delivery.deliver(ready, WEEK, to=["anna@büro.example", "Anna@BÜRO.example"])
        delivery.deliver(ready, WEEK, to=["anna@xn--bro-hoa.example"])
    assert [recipient.lower() for recipient, _ in server.received] == ["anna@xn--bro-hoa.example"], (
        "once, for all are one"
    )


def test_user_and_password_go_to_the_server_only(
    settings: Settings, tls: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with mail_server(tls, offers=("AUTH PLAIN",), answers={"AUTH": "535 5.7.8 no"}) as server:
        ready = at(settings, server.port, user="ledger", password=PASSWORD)
        with pytest.raises(Delayed) as caught:
            delivery.deliver(ready, WEEK)
    assert [talk.encrypted for talk in server.talks if any("AUTH" in line for line in talk.lines)] == [True]
    everything = str(caught.value) + caplog.text + "".join(capfd.readouterr()) + repr(ready) + str(ready.public())
    everything += "".join(path.read_text() for path in ready.storage.deliveries_path.rglob("*.json"))
    assert PASSWORD not in everything
    assert "AGxlZGdlcg" not in everything, "nor as AUTH PLAIN encodes it"


# TLS


def test_without_starttls_nothing_is_said_in_the_clear(settings: Settings) -> None:
    with mail_server(None) as server:
        done = tried(at(settings, server.port))
    assert states(done) == ["open", "open"]
    assert [line.split()[0] for talk in server.talks for line in talk.lines] == ["ehlo"]


@pytest.mark.parametrize("reply", ["454 not now", "501 no", DROP])
def test_a_refused_starttls_is_no_reason_to_go_on(settings: Settings, tls: Path, reply: str) -> None:
    with sending(settings, tls, answers={"STARTTLS": reply}) as (ready, server):
        assert states(tried(ready)) == ["open", "open"]
    assert not [line for talk in server.talks for line in talk.lines if line.upper().startswith("MAIL")]


def test_a_certificate_for_another_name_is_not_trusted(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    with mail_server(other, names=("mail.other.example",)) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(other / certificates.AUTHORITY))
        done = tried(at(settings, server.port))
    assert states(done) == ["open", "open"]
    assert "certificate" in str(done[0].answer).lower()
    assert server.received == []


def test_an_unknown_authority_is_not_trusted(settings: Settings, tmp_path: Path) -> None:
    with mail_server(tmp_path / "other") as server:
        done = tried(at(settings, server.port))
    assert states(done) == ["open", "open"]
    assert "self-signed" in str(done[0].answer) or "verify failed" in str(done[0].answer)


def test_tls_from_the_first_byte(settings: Settings, tls: Path) -> None:
    with mail_server(tls, implicit=True) as server:
        done = delivery.deliver(at(settings, server.port, security="tls"), WEEK)
    assert states(done) == ["accepted", "accepted"]


# Servers that fail


FAULTS: list[tuple[str, dict[str, Answer], str]] = [
    ("greeting 4xx", {"CONNECT": "421 too busy"}, "open"),
    ("greeting 5xx", {"CONNECT": "554 go away"}, "open"),
    ("hung up on", {"CONNECT": DROP}, "open"),
    ("drop at EHLO", {"EHLO": DROP}, "open"),
    ("MAIL 4xx", {"MAIL": "451 4.3.0 later"}, "open"),
    ("MAIL 5xx", {"MAIL": "550 5.7.1 not you"}, "refused"),
    ("RCPT 4xx", {"RCPT": "450 4.2.1 greylisted"}, "open"),
    ("RCPT 5xx", {"RCPT": "550 5.1.1 unknown"}, "refused"),
    ("drop at RCPT", {"RCPT": DROP}, "open"),
    ("DATA 4xx", {"DATA": "451 4.3.0 later"}, "open"),
    ("DATA 5xx", {"DATA": "554 5.5.1 no"}, "refused"),
    ("drop before DATA", {"DATA": DROP}, "open"),
    ("end 4xx", {".": "452 4.2.2 full"}, "open"),
    ("end 5xx", {".": "554 5.7.1 spam"}, "refused"),
    ("a full mailbox", {".": "552 5.2.2 over quota"}, "refused"),
    ("drop after the final dot", {".": DROP}, "unknown"),
    ("nonsense after the final dot", {".": "what was that"}, "unknown"),
    ("another go-ahead after the final dot", {".": "354 more"}, "unknown"),
]


@pytest.mark.parametrize(("answers", "state"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_what_a_failing_server_leaves_behind_and_a_working_one_mends(
    settings: Settings, tls: Path, answers: dict[str, Answer], state: str
) -> None:
    with sending(settings, tls, answers=answers) as (ready, server):
        done = tried(ready)
    assert states(done) == [state, state]
    assert server.received == []
    if state != "open":
        with pytest.raises(DeliveryRefused, match=f"{state}: anna@"):
            delivery.raise_if_unsent(done)
    with sending(settings, tls) as (ready, server):
        again = delivery.deliver(ready, WEEK)
    assert states(again) == ["accepted", "accepted"] if state == "open" else [state, state]
    assert Counter(recipient for recipient, _ in server.received) == Counter([ANNA, BO] if state == "open" else [])


@pytest.mark.parametrize(("word", "state"), [("CONNECT", "open"), ("RCPT", "open"), (".", "unknown")])
def test_a_silent_server_is_not_waited_for_for_ever(
    settings: Settings, tls: Path, monkeypatch: pytest.MonkeyPatch, word: str, state: str
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.4)
    monkeypatch.setattr(smtp, "AFTER_DATA_SECONDS", 0.4)
    with sending(settings, tls, answers={word: SILENCE}) as (ready, _):
        assert states(tried(ready, to=[ANNA])) == [state]


def test_a_connection_lost_within_the_message_is_unknown(settings: Settings, tls: Path) -> None:
    big(settings, 3_000_000)
    with sending(settings, tls) as (ready, server):
        server.cut_after = 100_000
        assert states(delivery.deliver(ready, W48, to=[ANNA])) == ["unknown"]
    assert server.received == []
    assert [step.state for step in steps(settings, ANNA, "2026-W48")] == ["claimed", "sending", "unknown"]


def test_a_server_that_is_down_is_asked_once_not_for_everybody(settings: Settings, tls: Path) -> None:
    with sending(settings, tls, answers={"CONNECT": "421 too busy"}) as (ready, server):
        done = tried(ready)
    assert [(item.state, item.sent_now) for item in done] == [("open", False), ("open", False)]
    assert len(server.talks) == 1


def test_one_recipient_refused_is_no_reason_to_leave_out_the_next(settings: Settings, tls: Path) -> None:
    refuse: Callable[[Talk], str | None] = lambda talk: "550 5.1.1 unknown" if talk.recipient == ANNA else None  # noqa: E731
    with sending(settings, tls, answers={"RCPT": refuse}) as (ready, server):
        done = delivery.deliver(ready, WEEK)
    assert [(item.state, item.answer) for item in done] == [
        ("refused", "550 5.1.1 unknown"),
        ("accepted", "250 2.0.0 kept"),
    ]
    assert done[0].command == f"python -m etl send 2026-W47 --edition 1 --to {ANNA}"
    with sending(settings, tls) as (ready, server):
        assert states(delivery.deliver(ready, WEEK)) == ["refused", "accepted"]
        assert states(delivery.deliver(ready, WEEK, to=[ANNA])) == ["accepted"]
    assert [recipient for recipient, _ in server.received] == [ANNA]


# Size


def parts_of(content: bytes) -> list[str]:
    return [part.get_content_type() for part in parsed(content).walk() if not part.is_multipart()]


SMALL = ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("limit", "left_off", "parts"),
    [
        (10_000_000, (), [*SMALL, "image/png", "application/pdf"]),
        (60_000, ("PDF",), [*SMALL, "image/png"]),
        (5_000, ("PDF", "charts"), SMALL),
    ],
)
def test_a_mail_that_the_server_finds_too_large_goes_out_smaller_and_says_so(
    settings: Settings, tls: Path, limit: int, left_off: tuple[str, ...], parts: list[str]
) -> None:
    entry = big(settings, 60_000)
    assert entry.edition == 1

    def weigh(talk: Talk) -> str | None:
        return None if len(talk.content) <= limit else "552 5.3.4 message file too big"

    ways: list[dict[str, Any]] = [{"answers": {".": weigh}}, {"offers": (f"SIZE {limit}",)}]
    for number, way in enumerate(ways):
        with sending(settings, tls, **way) as (ready, server):
            (done,) = delivery.deliver(ready, W48, to=[f"reader{number}@contoso.example"])
        assert (done.state, done.left_off) == ("accepted", left_off)
        (content,) = [content for _, content in server.received]
        assert (len(content), parts_of(content)) == (done.size, parts)
        assert len(content) <= limit
        text = parsed(content).get_body(("plain",))
        assert text is not None
        assert ("was left off" in text.get_content() or "were left off" in text.get_content()) == bool(left_off)
        assert ("2026/W48/e1/data/en" in text.get_content()) == bool(left_off)


def test_a_mail_that_is_too_large_however_small_is_refused_with_the_servers_words(
    settings: Settings, tls: Path
) -> None:
    with sending(settings, tls, offers=("SIZE 100",)) as (ready, server):
        (done,) = delivery.deliver(ready, WEEK, to=[ANNA])
    assert (done.state, server.received) == ("refused", [])
    assert "the server takes 100" in str(done.answer)


def test_the_budget_is_of_the_encoded_size(settings: Settings, tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big(settings, 60_000)
    monkeypatch.setattr(compose, "BUDGET", 70_000)
    with sending(settings, tls) as (ready, server):
        (done,) = delivery.deliver(ready, W48, to=[ANNA])
    assert done.left_off == ("PDF",), "60,000 bytes are 82,000 in base64"
    assert len(server.talks) == 1
