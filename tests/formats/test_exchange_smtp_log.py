"""What the lines of Exchange's protocol logs do to the facts: sessions, TLS, transactions, answers, directions."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from etl import facts, formats, staging
from etl.formats.base import Sample
from tests.formats.exchange_logs import Session, header, sending
from tests.formats.log_site import bring, measures, rows, site, sums, take


def told(folder: Path, files: Mapping[str, str], *columns: str, **tables: Any) -> dict[tuple[str, ...], int]:
    settings = site(folder, "exchange_smtp_log", **tables)
    take(settings, {name: content.encode() for name, content in files.items()})
    return dict(sums(settings, *columns))


def received(*sessions: Session) -> dict[str, str]:
    return {"RECV2024120310-1.LOG": header() + "".join(session.quit() for session in sessions)}


def sent(*sessions: Session) -> dict[str, str]:
    return {"SEND2024120310-1.LOG": header("Send") + "".join(session.quit() for session in sessions)}


WORDS = {
    "SP_PROT_SSL3_SERVER": "SSL 3.0", "SP_PROT_TLS1_0_SERVER": "TLS 1.0", "SP_PROT_TLS1_1_SERVER": "TLS 1.1",
    "SP_PROT_TLS1_2_SERVER": "TLS 1.2", "SP_PROT-TLS1_2_SERVER": "TLS 1.2", "SP_PROT_TLS1_3_SERVER": "TLS 1.3",
    "64": "TLS 1.0", "128": "TLS 1.0", "256": "TLS 1.1", "512": "TLS 1.1", "1024": "TLS 1.2", "2048": "TLS 1.2",
    "4096": "TLS 1.3", "8192": "TLS 1.3", "16384": "TLS unknown",
}  # fmt: skip


def test_every_spelling_of_a_version_with_the_bulk_cipher_alone(tmp_path: Path) -> None:
    sessions = []
    for number, word in enumerate(WORDS):
        session = Session(f"08DD1386C0A8{number:04X}")
        session.secure(word, tail=number % 2 == 0)
        session.mail()
        sessions.append(session)
    expected: dict[tuple[str, ...], int] = {}
    for version in WORDS.values():
        key = (version, "CALG_AES_256")
        expected[key] = expected.get(key, 0) + 1
    settings = site(tmp_path, "exchange_smtp_log")
    (counts,) = take(settings, {name: text.encode() for name, text in received(*sessions).items()})
    assert dict(sums(settings, "tls_version", "tls_cipher")) == expected
    assert counts.unknown_words == [{"field": "tls_version", "word": "16384", "records": 1}]


def test_a_log_taken_in_many_parts_has_the_facts_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays flat because sessions are put together some at a time; days follow each other in one connection."""
    words, sessions = list(WORDS), []
    for number in range(60):
        session = Session(f"08DD1386C0A8{number:04X}")
        session.secure(words[number % len(words)])
        for message in range(number % 3):
            session.mail(f"user{message}@partner{number % 7}.example")
        sessions.append(session)
    content = received(*sessions)["RECV2024120310-1.LOG"]
    files = {"1.LOG": content, "2.LOG": content.replace("2024-12-03T", "2024-12-04T").replace("08DD13", "08DD14")}
    asked, sql = [], facts.database.sql
    monkeypatch.setattr(facts.database, "sql", lambda *names: (asked.append(names), sql(*names))[1])
    found = []
    for place, lines in (("whole", facts.LINES_AT_ONCE), ("parts", 300)):
        monkeypatch.setattr(facts, "LINES_AT_ONCE", lines)
        settings = site(tmp_path / place, "exchange_smtp_log")
        asked.clear()
        take(settings, {name: text.encode() for name, text in files.items()})
        found.append((rows(settings), asked.count(("formats/exchange_smtp_log", "sessions"))))
    assert found[0][0] == found[1][0]
    assert sum(row["messages"] for row in found[1][0]) == 120
    assert found[0][1] == 2
    assert found[1][1] > 6


def test_tls_belongs_to_all_messages_after_it_in_its_session(tmp_path: Path) -> None:
    session, plain = Session(), Session("08DD1386C0A80002", remote="203.0.113.8:1")
    session.mail("early@fabrikam.example")
    session.secure()
    session.mail("late@fabrikam.example")
    session.mail("later@fabrikam.example", pipelined=True)
    plain.mail("x@northwind.example")
    assert told(tmp_path, received(session, plain), "partner_domain", "tls_version", "tls_auth") == {
        ("fabrikam.example", "No TLS", "none"): 1, ("fabrikam.example", "TLS 1.2", "Unknown"): 2,
        ("northwind.example", "No TLS", "none"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("pipelined", [False, True])
def test_only_recipients_and_messages_that_were_taken_count(tmp_path: Path, pipelined: bool) -> None:
    session = Session()
    session.mail("a@fabrikam.example", "p@contoso.example", "!q@contoso.example", "r@contoso.example",
                 pipelined=pipelined)  # fmt: skip
    session.mail("b@fabrikam.example", end="554 5.6.0 Invalid message content", pipelined=pipelined)
    session.command("MAIL FROM:<c@fabrikam.example> SIZE=99999999", "552 5.3.4 Message size exceeds fixed maximum")
    session.command("RCPT TO:<p@contoso.example>", "503 5.5.2 Need mail command")
    session.command("MAIL FROM:<d@fabrikam.example>", "250 2.1.0 Sender OK")
    session.command("RCPT TO:<p@contoso.example>", "250 2.1.5 Recipient OK")
    session.command("RSET", "250 2.0.0 Resetting")
    session.mail("", "p@contoso.example")
    settings = site(tmp_path, "exchange_smtp_log")
    take(settings, {name: text.encode() for name, text in received(session).items()})
    assert measures(settings, "direction", "partner_domain") == {
        ("inbound", "fabrikam.example"): (1, 2, 1000), ("inbound", "<>"): (1, 1, 1000),
    }  # fmt: skip


def test_logs_that_leave_answers_out(tmp_path: Path) -> None:
    session, plain, refused, gone = Session(), Session("08DD1386C0A80002"), Session("08DD1386C0A80003"), sending()
    session.command("STARTTLS")
    session.say(
        "*", "", "TLS protocol SP_PROT_TLS1_2_SERVER negotiation succeeded using bulk encryption algorithm CALG_AES_256"
    )
    for turn, mail in ((session, "a@fabrikam.example"), (plain, "b@plain.example"), (refused, "c@refused.example")):
        turn.command(f"MAIL FROM:<{mail}> SIZE=2048")
        turn.command("RCPT TO:<p@contoso.example>")
        turn.command("RCPT TO:<q@contoso.example>", *(["550 5.1.10 no"] if turn is plain else []))
        turn.command("BDAT 2048 LAST", "550 5.7.1 no" if turn is refused else turn.queued())
    gone.command("MAIL FROM:<p@contoso.example>")
    gone.command("RCPT TO:<r@northwind.example>")
    gone.command("DATA", "250 2.0.0 OK <1@contoso.example>")
    settings = site(tmp_path, "exchange_smtp_log")
    files = received(session, plain, refused) | sent(gone)
    take(settings, {name: text.encode() for name, text in files.items()})
    assert measures(settings, "direction", "partner_domain", "tls_version") == {
        ("inbound", "fabrikam.example", "TLS 1.2"): (1, 2, 2048), ("inbound", "plain.example", "No TLS"): (1, 1, 2048),
        ("outbound", "northwind.example", "No TLS"): (1, 1, 0),
    }  # fmt: skip


def test_old_builds_tell_a_message_by_its_message_id_alone(tmp_path: Path) -> None:
    session = Session()
    session.mail(
        "a@fabrikam.example", "p@contoso.example", end="250 2.6.0 <1@fabrikam.example> Queued mail for delivery"
    )
    session.mail(
        "a@fabrikam.example", "q@contoso.example", end="250 2.6.0 <1@fabrikam.example> Queued mail for delivery"
    )
    settings = site(tmp_path, "exchange_smtp_log")
    take(settings, {name: text.encode() for name, text in received(session).items()})
    assert measures(settings, "direction") == {("inbound",): (1, 2, 1000)}


def test_sizes_from_size_from_chunks_and_from_the_answer(tmp_path: Path) -> None:
    stated, chunked, answered = Session(), Session("08DD1386C0A80002"), Session("08DD1386C0A80003")
    stated.mail(extra=" SIZE=4711 AUTH=<> BODY=8BITMIME")
    chunked.command("MAIL FROM:<a@chunks.example>", "250 2.1.0 Sender OK")
    chunked.command("RCPT TO:<p@contoso.example>", "250 2.1.5 Recipient OK")
    chunked.command("BDAT 4000", "250 2.6.0 CHUNK received OK, 4000 octets")
    chunked.command("BDAT 500 LAST", chunked.queued())
    answered.mail("a@answer.example", extra="")
    settings = site(tmp_path, "exchange_smtp_log")
    take(settings, {name: text.encode() for name, text in received(stated, chunked, answered).items()})
    assert measures(settings, "partner_domain") == {
        ("fabrikam.example",): (1, 1, 4711), ("chunks.example",): (1, 1, 4500), ("answer.example",): (1, 1, 1234),
    }  # fmt: skip


def test_what_we_send_is_taken_when_the_other_server_says_so(tmp_path: Path) -> None:
    good, bad = sending(), sending("08DD1386C0A8F002", remote="198.51.100.26:25")
    good.secure("SP_PROT_TLS1_2_CLIENT")
    good.mail("p@contoso.example", "r@northwind.example", "s@X.example", "!t@northwind.example",
              end="250 2.0.0 OK 1442179051 ys8si14469253wjc.176 - gsmtp", pipelined=True)  # fmt: skip
    bad.mail("p@contoso.example", "r@northwind.example", end="451 4.7.1 Greylisted, try again")
    assert told(tmp_path, sent(good, bad), "direction", "connector", "partner_domain", "tls_version") == {
        ("outbound", "Internet", "northwind.example", "TLS 1.2"): 1,
        ("outbound", "Internet", "x.example", "TLS 1.2"): 1,
    }  # fmt: skip


def test_directions(tmp_path: Path) -> None:
    hop = Session("08DD1386C0A80011", "EX1\\Default EX1", "192.0.2.11:2525")
    hop.secure(verb="X-ANONYMOUSTLS")
    proxied = Session("08DD1386C0A80012", "EX1\\Default EX1", "198.18.0.1:2525")
    proxied.command("XPROXYFROM SID=08DD1386C0A80001 IP=203.0.113.7 PORT=41000", "250 XProxyFrom accepted")
    user = Session("08DD1386C0A80013", "EX1\\Client Frontend EX1")
    user.secure()
    user.command("AUTH LOGIN", "334 <authentication response>", "334 <authentication response>")
    user.say("*", "CONTOSO\\p", "authenticated")
    user.answer("235 <authentication response>")
    guessed = Session("08DD1386C0A80014", "EX1\\Client Frontend EX1")
    guessed.command("AUTH LOGIN", "334 <authentication response>", "535 5.7.3 Authentication unsuccessful")
    own = Session("08DD1386C0A80015", remote="10.1.2.3:999")
    itself = Session("08DD1386C0A80016", remote="[2001:db8::10]:999", local="[2001:db8::10]:25")
    named = Session("08DD1386C0A80017", "EX2\\Scanner")
    outside = Session("08DD1386C0A80018", remote="[2001:db8::99]:999", local="[2001:db8::10]:25")
    between = sending("08DD1386C0A8F011", "组织内 SMTP 发送连接器")
    between.secure("SP_PROT_TLS1_2_CLIENT", verb="X-ANONYMOUSTLS")
    between.mail("p@contoso.example", "r@northwind.example")
    around = sending("08DD1386C0A8F012")
    around.mail("p@contoso.example", "q@contoso.example")
    there = [hop, proxied, user, guessed, own, itself, named, outside]
    for session in there:
        session.mail()
    found = told(
        tmp_path, received(*there) | sent(between, around), "direction", "connector",
        organisation={"networks": ["10.0.0.0/8"], "internal_services": ["Scanner"]},
    )  # fmt: skip
    assert found == {
        ("internal", "EX1\\Default EX1"): 2, ("submission", "EX1\\Client Frontend EX1"): 1,
        ("inbound", "EX1\\Client Frontend EX1"): 1, ("internal", "EX1\\Default Frontend EX1"): 2,
        ("internal", "EX2\\Scanner"): 1, ("inbound", "EX1\\Default Frontend EX1"): 1,
        ("internal", "组织内 SMTP 发送连接器"): 1, ("internal", "Internet"): 1,
    }  # fmt: skip


def test_a_session_without_its_beginning_is_unknown_not_plain(tmp_path: Path) -> None:
    session = Session()
    session.secure()
    session.mail()
    lines = session.quit().splitlines(keepends=True)
    without_tls = [line for line in lines if "TLS protocol" not in line]
    start = next(number for number, line in enumerate(lines) if "MAIL FROM" in line)
    assert told(tmp_path / "late", {"a.log": header() + "".join(lines[start:])}, "tls_version") == {("Unknown",): 1}
    assert told(tmp_path / "gone", {"a.log": header() + "".join(without_tls)}, "tls_version") == {("TLS unknown",): 1}
    plain = Session()
    plain.mail()
    text = header() + plain.quit().replace("\r\n", "\n").split("\n", 1)[1]
    assert told(tmp_path / "one", {"a.log": text}, "tls_version") == {("No TLS",): 1}


def test_sessions_span_files_and_midnight_and_count_when_taken(tmp_path: Path) -> None:
    session = Session(second=86399)
    session.secure()
    session.mail("before@fabrikam.example")
    first = "".join(session.lines)
    session.lines, session.day, session.second = session.lines, "2024-12-04", 5
    session.mail("after@northwind.example")
    second = session.quit()[len(first) :]
    files = {"RECV20241203-1.LOG": header() + first, "RECV20241204-1.LOG": header() + second}
    expected = {("2024-12-03", "fabrikam.example", "TLS 1.2"): 1, ("2024-12-04", "northwind.example", "TLS 1.2"): 1}
    assert told(tmp_path / "a", files, "data_date", "partner_domain", "tls_version") == expected
    backwards = dict(reversed(files.items())) | {"copy.log": header() + first + second + first}
    assert told(tmp_path / "b", backwards, "data_date", "partner_domain", "tls_version") == expected


def test_fields_go_by_name_and_may_change_after_a_restart(tmp_path: Path) -> None:
    first, second = Session(), Session("08DD1386C0A80002", "EX1\\Odd, name")
    first.secure()
    first.mail()
    second.mail("x@northwind.example")
    moved = "session-id,date-time,connector-id,sequence-number,local-endpoint,remote-endpoint,extra,event,data,context"
    swapped = "".join(
        f"{second.ident},{line.replace(second.ident + ',', '', 1).replace(':41000,', ':41000,new,', 1)}"
        for line in second.quit().splitlines(keepends=True)
    )
    text = header() + first.quit() + header() + header(fields=moved) + swapped
    assert told(tmp_path, {"RECV.LOG": text}, "connector", "partner_domain", "tls_version") == {
        ("EX1\\Default Frontend EX1", "fabrikam.example", "TLS 1.2"): 1,
        ("EX1\\Odd, name", "northwind.example", "No TLS"): 1,
    }  # fmt: skip


def test_one_file_may_hold_both_sides_and_pieces_need_no_header(tmp_path: Path) -> None:
    inward, outward = Session(), sending()
    inward.secure()
    inward.mail()
    outward.mail("p@contoso.example", "r@northwind.example", end="250 Ok")
    both = header() + inward.quit() + "\ufeff" + header("Send") + outward.quit()
    expected = {("inbound", "TLS 1.2"): 1, ("outbound", "No TLS"): 1}
    assert told(tmp_path / "both", {"all.log": both}, "direction", "tls_version") == expected
    bare = {"piece": "".join(line for line in both.splitlines(keepends=True) if "#" not in line)}
    assert told(tmp_path / "bare", bare, "direction", "tls_version") == expected
    assert formats.recognise(Sample("piece", bare["piece"].encode())) == "exchange_smtp_log"


def test_every_line_is_accounted_for_and_odd_ones_are_rejected_by_number(tmp_path: Path) -> None:
    session = Session()
    session.mail()
    odd = [
        "nonsense", "2024-12-03T10:00:00.000Z,EX1\\Default", "when,EX1,08DD1386C0A80009,1,,,+,,",
        '2024-12-03T10:00:00.000Z,EX1,08DD1386C0A80009,1,,,*,,"TLS protocol SP_PR',
        "2024-12-03T10:00:00.000Z,EX1,08DD1386C0A80009,one,,,+,,",
        "2024-12-03T10:00:00.000Z,EX1,08DD1386C0A80009,1,,,?,,",
        "2024-12-03T10:00:00.000Z,EX1,,1,,,+,,",
    ]  # fmt: skip
    text = header() + "\n".join(odd) + "\n" + session.quit() + "x" * (1 << 20) + "y\n"
    settings = site(tmp_path, "exchange_smtp_log")
    (counts,) = take(settings, {"RECV.LOG": text.encode() + b"2024\x00\xff"})
    assert counts.skipped == {"disconnection": 1, "header-line": 5}
    assert counts.rejected == len(odd) + 2
    assert counts.records == counts.used + counts.rejected + 6 == 5 + len(odd) + len(session.lines) + 2
    found = staging.find_records(settings, "mx", counts.sha256, {"outcome": "rejected"})
    assert [(item.record, item.reason) for item in found][:2] == [
        (6, "too few fields"), (7, "too few fields"),
    ]  # fmt: skip
    assert sums(settings, "direction") == {("inbound",): 1}


def test_commas_that_ought_to_stand_in_quotes(tmp_path: Path) -> None:
    session = Session()
    session.secure()
    session.mail()
    assert told(tmp_path, {"RECV.LOG": header() + session.quit().replace('"', "")}, "tls_version", "tls_cipher") == {
        ("TLS 1.2", "CALG_AES_256"): 1
    }


def test_explain_finds_the_lines_that_name_a_partner(tmp_path: Path) -> None:
    session = Session()
    session.secure()
    session.mail()
    settings = site(tmp_path, "exchange_smtp_log")
    (counts,) = take(settings, {"RECV.LOG": (header() + session.quit()).encode()})
    wanted = {"partner_domain": "fabrikam.example", "direction": "inbound", "tls_version": "TLS 1.2"}
    (found,) = staging.find_records(settings, "mx", counts.sha256, wanted)
    mail = next(number for number, line in enumerate(session.lines) if "MAIL FROM" in line)
    assert (found.record, found.says["connector"]) == (6 + mail, "EX1\\Default Frontend EX1")
    assert "@" not in str(found)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nothing to see for p@contoso.example\n", "the first is 'nothing to see for …@"),
        (header(fields="date-time,event").encode() + b"1,2\n", "No field connector-id, session-id"),
        (gzip.compress(header().encode() * 50)[:-9], "ends before its end mark"),
        (header().replace("SMTP Receive Protocol", "Message Tracking").encode(), "looks like exchange_message_track"),
        (header().replace("SMTP Receive Protocol", "Transport Connectivity").encode(), "The header says"),
    ],
)  # fmt: skip
def test_what_is_none_is_quarantined_and_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    session = Session()
    session.mail()
    settings = site(tmp_path, "exchange_smtp_log")
    good = gzip.compress((header() + session.quit()).encode())
    found = {item.state: item for item in take(settings, {"bad.log": content, "RECV.LOG.gz": good})}
    assert reason.split("…", maxsplit=1)[0] in str(found["quarantined"].reason)
    assert "p@contoso.example" not in str(found["quarantined"].reason)
    assert found["staged"].records == 5 + len(session.lines)
    assert sums(settings, "direction") == {("inbound",): 1}


def test_a_log_that_grows_gives_what_the_whole_gives(tmp_path: Path) -> None:
    session = Session()
    session.secure()
    session.mail("a@fabrikam.example")
    session.mail("b@northwind.example")
    whole = (header() + session.quit()).encode()
    settings = site(tmp_path, "exchange_smtp_log")
    for part in (len(whole) // 3, len(whole) // 2 + 7, len(whole)):
        take(settings, {"RECV.LOG": whole[:part]})
    assert sums(settings, "partner_domain", "tls_version") == {
        ("fabrikam.example", "TLS 1.2"): 1,
        ("northwind.example", "TLS 1.2"): 1,
    }
    before = rows(settings)
    for day in facts.partitions(settings):
        facts.rebuild_day(settings, day, anew=True)
    bring(settings)
    assert rows(settings) == before
