"""What TLS, direction and recipients the lines of a Postfix session or delivery come to: reuse, retries, filters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.log_site import measures, rows, site, sums, take
from tests.formats.postfix_logs import TALK, TLS, active, arrival, handshake, line, mailbox, removed, sending, told


def test_session_gives_tls_group_and_authentication(tmp_path: Path) -> None:
    settings = site(tmp_path)
    take(settings, {"mail.log": (arrival() + mailbox() + removed()).encode()})
    (row,) = rows(settings)
    assert (row["direction"], row["connector"], row["partner_domain"]) == (
        "inbound",
        "postfix/smtpd",
        "fabrikam.example",
    )
    assert (row["tls_version"], row["tls_cipher"], row["tls_group"], row["tls_auth"]) == (
        "TLS 1.3", "TLS_AES_256_GCM_SHA384", "x25519", "none",
    )  # fmt: skip
    assert (row["messages"], row["recipients"], row["bytes"]) == (1, 1, 1000)


@pytest.mark.parametrize(
    ("suffix", "group"),
    [
        ("key-exchange ECDHE (prime256v1) server-signature ECDSA (P-256)", "secp256r1"),
        ("key-exchange DHE (2048 bits)", "ffdhe2048"),
        ("key-exchange X25519MLKEM768 server-signature RSA", "X25519MLKEM768"),
        ("", "Unknown"),
        ("key-exchange NewThing", "Unknown"),
    ],
)
def test_groups(tmp_path: Path, suffix: str, group: str) -> None:
    log = arrival(tls=f"TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) {suffix}")
    assert told(tmp_path, log, "tls_group") == {(group,): 1}


def test_without_a_tls_line_it_is_no_tls_only_where_the_daemon_logs_tls(tmp_path: Path) -> None:
    assert told(tmp_path / "a", arrival(tls=None), "tls_version") == {("Unknown",): 1}
    assert told(tmp_path / "b", TALK + arrival(tls=None), "tls_version", "tls_cipher", "tls_auth") == {
        ("No TLS", "none", "none"): 1
    }
    quiet = {"options": {"logs_tls": True}}
    assert told(tmp_path / "c", arrival(tls=None), "tls_version", **quiet) == {("No TLS",): 1}
    listed = {"options": {"logs_tls": ["postfix/smtpd"]}}
    assert told(tmp_path / "d", arrival(tls=None), "tls_version", **listed) == {("No TLS",): 1}
    never = {"options": {"logs_tls": False}}
    assert told(tmp_path / "e", TALK + arrival(tls=None), "tls_version", **never) == {("Unknown",): 1}


def test_another_daemon_or_host_that_logs_tls_says_nothing_of_this_one(tmp_path: Path) -> None:
    other = line(f"Anonymous TLS connection established from o[203.0.113.99]: {TLS}", "postfix/smtpd[98]", host="mx2")
    log = other + handshake(pid="99") + arrival(tls=None)
    assert told(tmp_path, log, "tls_version") == {("Unknown",): 1}


def test_starttls_in_the_disconnect_line_proves_tls_of_unknown_version(tmp_path: Path) -> None:
    log = arrival().replace(line(f"Anonymous TLS connection established from h[203.0.113.1]: {TLS}"), "")
    assert told(tmp_path, log, "tls_version", "tls_cipher") == {("TLS unknown", "Unknown"): 1}


def test_failed_starttls_proves_nothing(tmp_path: Path) -> None:
    log = TALK + arrival(tls=None).replace("ehlo=2 ", "ehlo=2 starttls=0/1 ")
    assert told(tmp_path, log, "tls_version") == {("No TLS",): 1}


def test_session_whose_beginning_is_not_there_is_unknown(tmp_path: Path) -> None:
    log = TALK + arrival(tls=None).split("\n", 1)[1]
    assert told(tmp_path, log, "tls_version") == {("Unknown",): 1}


def test_old_and_sni_forms_of_the_tls_line(tmp_path: Path) -> None:
    old = arrival(tls=None).replace(
        "h[203.0.113.1]\n",
        "h[203.0.113.1]\n"
        + line("TLS connection established from h[203.0.113.1]: TLSv1 with cipher DHE-RSA-AES256-SHA (256/256 bits)"),
        1,
    )
    assert told(tmp_path / "old", old, "tls_version", "tls_cipher", "tls_auth") == {
        ("TLS 1.0", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "Unknown"): 1
    }
    named = arrival(tls=None).replace(
        "h[203.0.113.1]\n",
        "h[203.0.113.1]\n"
        + line(f"Anonymous TLS connection established from h[203.0.113.1] to mx.contoso.example: {TLS}"),
        1,
    )
    assert told(tmp_path / "sni", named, "tls_version") == {("TLS 1.3",): 1}


def test_unknown_words_are_listed_as_found(tmp_path: Path) -> None:
    settings = site(tmp_path)
    (counts,) = take(
        settings, {"mail.log": arrival(tls="TLSv9 with cipher NEW-CIPHER (256/256 bits) key-exchange Q1").encode()}
    )
    assert sums(settings, "tls_version", "tls_cipher") == {("TLS unknown", "Unknown"): 1}
    assert {(word["field"], word["word"]) for word in counts.unknown_words} == {
        ("tls_version", "TLSv9"), ("tls_cipher", "NEW-CIPHER"), ("tls_group", "Q1"),
    }  # fmt: skip


def test_what_was_not_accepted_does_not_count(tmp_path: Path) -> None:
    log = TALK + line("connect from h[203.0.113.1]") + line("A1B2C3D4E5: client=h[203.0.113.1]") + line(
        "A1B2C3D4E5: reject: RCPT from h[203.0.113.1]: 550 5.1.1 <x@contoso.example>: no; from=<a@b.example> to=<x>"
    ) + line("disconnect from h[203.0.113.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")  # fmt: skip
    assert told(tmp_path, log, "direction") == {}


def test_recipients_are_counted_as_addressed_before_aliases(tmp_path: Path) -> None:
    log = (
        arrival()
        + mailbox(to="p1@contoso.example", original="team@contoso.example")
        + mailbox(to="p2@contoso.example", original="team@contoso.example")
    )
    settings = site(tmp_path)
    take(settings, {"mail.log": (log + mailbox(to="p3@contoso.example")).encode()})
    assert measures(settings, "direction") == {("inbound",): (1, 2, 1000)}


@pytest.mark.parametrize(
    ("service", "extra", "client", "direction"),
    [
        ("postfix/submission/smtpd", "", "h[203.0.113.9]", "submission"),
        ("postfix/smtps/smtpd", "", "h[203.0.113.9]", "submission"),
        ("postfix/smtpd", ", sasl_method=PLAIN, sasl_username=p", "h[203.0.113.9]", "submission"),
        ("postfix/smtpd", "", "localhost[127.0.0.1]", "internal"),
        ("postfix/smtpd", "", "localhost[::1]", "internal"),
        ("postfix/smtpd", "", "app[10.1.2.3]", "internal"),
        ("postfix/smtpd", "", "app[2001:db8:7::5]", "internal"),
        ("postfix/smtpd", "", "h[2001:db8:8::5]", "inbound"),
        ("postfix/10026/smtpd", "", "h[203.0.113.9]", "internal"),
        ("postfix/smtpd", ", orig_queue_id=F00D, orig_client=h[203.0.113.9]", "f[203.0.113.8]", "internal"),
        ("postfix-in/smtpd", "", "h[203.0.113.9]", "inbound"),
    ],
)
def test_directions_of_arrivals(tmp_path: Path, service: str, extra: str, client: str, direction: str) -> None:
    own = {"networks": ["10.0.0.0/8", "2001:db8:7::/48"], "internal_services": ["10026"]}
    log = arrival(service=service, extra=extra, client=client)
    assert told(tmp_path, log, "direction", "connector", organisation=own) == {(direction, service): 1}


def test_filter_before_the_queue_keeps_the_session_with_the_client(tmp_path: Path) -> None:
    session = (
        arrival(queue="NOQUEUE", extra="").replace("NOQUEUE: message-id", "x: y").replace("NOQUEUE: from", "x: from")
    )
    back = arrival(
        "F00D123456", tls=None, pid="30", client="localhost[127.0.0.1]", extra=", orig_client=h[203.0.113.1]"
    )
    expected = {("inbound", "TLS 1.3", "postfix/smtpd"): 1}
    assert told(tmp_path, session + back, "direction", "tls_version", "connector") == expected


def test_filter_behind_the_queue_counts_once(tmp_path: Path) -> None:
    over = sending("A1B2C3D4E5", "p@contoso.example", "127.0.0.1[127.0.0.1]:10026")
    back = arrival(
        "F00D123456",
        tls=None,
        pid="30",
        client="localhost[127.0.0.1]",
        extra=", orig_queue_id=A1B2C3D4E5, orig_client=h[203.0.113.1]",
    )
    found = told(tmp_path, arrival() + over + back + mailbox("F00D123456"), "direction")
    assert found == {("inbound",): 1, ("internal",): 2}


def test_sent_by_the_handshake_of_the_same_process_and_host(tmp_path: Path) -> None:
    log = active("A1") + handshake() + sending("A1") + sending("A1", "s@fabrikam.example")
    settings = site(tmp_path)
    take(settings, {"mail.log": log.encode()})
    key = ("outbound", "postfix/smtp", "fabrikam.example", "TLS 1.3", "x25519", "trusted")
    assert measures(settings, "direction", "connector", "partner_domain", "tls_version", "tls_group", "tls_auth") == {
        key: (1, 2, 500)
    }


def test_next_message_of_the_process_without_a_handshake_had_none(tmp_path: Path) -> None:
    log = active("A1") + handshake() + sending("A1") + active("A2") + sending("A2")
    assert told(tmp_path, log, "tls_version") == {("TLS 1.3",): 1, ("No TLS",): 1}


def test_retry_in_plain_text_does_not_inherit_the_handshake_of_the_first_try(tmp_path: Path) -> None:
    later = "Dec  3 10:30:00"
    log = (
        active("A1") + handshake() + sending("A1", status="deferred (host said: 450 later (in reply to RCPT TO))")
        + active("A1", stamp=later) + sending("A1", stamp=later)
    )  # fmt: skip
    assert told(tmp_path, log, "tls_version") == {("No TLS",): 1}


def test_connection_used_again_is_in_clear_unless_a_line_says_reused(tmp_path: Path) -> None:
    """What went in clear after a session under TLS broke off is used again, by a process that had TLS there."""
    log = active("A1") + handshake() + sending("A1") + active("A2")
    again = sending("A2", extra=", conn_use=2")
    assert told(tmp_path / "clear", log + again, "tls_version") == {("TLS 1.3",): 1, ("No TLS",): 1}
    assert told(tmp_path / "tls", log + handshake(verb="reused") + again, "tls_version") == {("TLS 1.3",): 2}
    same = active("A1") + handshake() + sending("A1") + sending("A1", to="s@fabrikam.example", extra=", conn_use=2")
    assert told(tmp_path / "same", same, "tls_version") == {("TLS 1.3",): 1, ("No TLS",): 1}


def test_reused_line_names_the_tls_of_a_connection_from_another_process(tmp_path: Path) -> None:
    again = handshake(pid="21", verb="reused", tls="TLSv1.2 with cipher ECDHE-RSA-AES128-GCM-SHA256 (128/128 bits)")
    log = (
        active("A1")
        + handshake()
        + sending("A1")
        + active("A2")
        + again
        + sending("A2", pid="21", extra=", conn_use=2")
    )
    assert told(tmp_path, log, "tls_version") == {("TLS 1.3",): 1, ("TLS 1.2",): 1}


def test_handshake_with_another_host_is_not_the_relay_s(tmp_path: Path) -> None:
    log = active("A1") + handshake("mx2.fabrikam.example[198.51.100.22]:25") + sending("A1")
    assert told(tmp_path, log, "tls_version") == {("No TLS",): 1}


@pytest.mark.parametrize(
    ("level", "version", "authentication"),
    [
        ("may:none", "No TLS", "none"), ("none", "No TLS", "none"), ("may", "TLS unknown", "Unknown"),
        ("dane", "TLS unknown", "verified"), ("dane:encrypt", "TLS unknown", "Unknown"), ("may?", "Unknown", "Unknown"),
        ("dane/requiretls:nocertmatch", "TLS unknown", "verified"), ("!encrypt:none", "No TLS", "none"),
    ],
)  # fmt: skip
def test_tls_level_of_postfix_3_11(tmp_path: Path, level: str, version: str, authentication: str) -> None:
    log = active("A1") + sending("A1", tls=f", tls={level}")
    assert told(tmp_path, log, "tls_version", "tls_auth") == {(version, authentication): 1}


def test_deferred_then_sent_counts_once_on_the_day_it_went(tmp_path: Path) -> None:
    tomorrow = "Dec  4 00:10:00"
    log = (
        active("A1") + sending("A1", status="deferred (connect to mx[1.2.3.4]:25: Connection timed out)")
        + active("A1", stamp=tomorrow) + handshake(stamp=tomorrow) + sending("A1", stamp=tomorrow) + removed("A1")
    )  # fmt: skip
    assert told(tmp_path, log, "data_date", "tls_version") == {("2024-12-04", "TLS 1.3"): 1}


def test_bounced_mail_does_not_count_and_the_bounce_does(tmp_path: Path) -> None:
    bounce = line("A2: from=<>, size=900, nrcpt=1 (queue active)", "postfix/qmgr[12]")
    log = (
        active("A1") + sending("A1", status="bounced (host said: 550 status=sent (no))")
        + line("A1: sender non-delivery notification: A2", "postfix/bounce[15]")
        + bounce + handshake() + sending("A2", "x@fabrikam.example")
    )  # fmt: skip
    settings = site(tmp_path)
    (counts,) = take(settings, {"mail.log": log.encode()})
    assert measures(settings, "direction") == {("outbound",): (1, 1, 900)}
    assert counts.skipped == {"not-transferred": 1, "notice": 1}


def test_mail_to_own_domains_or_networks_is_internal(tmp_path: Path) -> None:
    own = {"networks": ["10.0.0.0/8"]}
    log = (
        active("A1")
        + sending("A1", "p@contoso.example")
        + active("A2")
        + sending("A2", host="box[10.0.0.5]:25", pid="21")
    )
    lmtp = active("A3") + sending("A3", "q@contoso.example", "mx[private/dovecot-lmtp]", service="postfix/lmtp")
    assert told(tmp_path, log + lmtp, "direction", organisation=own) == {("internal",): 2}


def test_short_queue_ids_come_back(tmp_path: Path) -> None:
    first = arrival(sender="a@fabrikam.example") + mailbox() + removed()
    second = arrival(tls=None, sender="b@northwind.example", pid="14") + mailbox() + removed()
    assert told(tmp_path, first + second, "partner_domain", "tls_version") == {
        ("fabrikam.example", "TLS 1.3"): 1, ("northwind.example", "No TLS"): 1,
    }  # fmt: skip


def test_probes_are_no_mail(tmp_path: Path) -> None:
    settings = site(tmp_path)
    log = (
        active("A1")
        + sending("A1", status="deliverable (250 2.1.5 Ok)")
        + sending("A1", status="undeliverable (550 no)")
    )
    (counts,) = take(settings, {"mail.log": log.encode()})
    assert counts.skipped == {"address-probe": 2}
    assert rows(settings) == []


LOST = "lost connection with mx.fabrikam.example[198.51.100.21] while sending end of data -- message may be sent twice"
SLOW = "conversation with mx.fabrikam.example[198.51.100.21] timed out while receiving the initial server greeting"


FAILED = "Cannot start TLS: handshake failure"


@pytest.mark.parametrize("said", [LOST, SLOW, FAILED])
def test_a_session_that_broke_off_says_nothing_of_the_next_in_clear(tmp_path: Path, said: str) -> None:
    """With `may`, Postfix repeats the message to the same host in clear when a session under TLS breaks off."""
    broken = TALK + handshake() + line(f"A1: {said}", "postfix/smtp[20]")
    assert told(tmp_path / "clear", broken + sending("A1"), "partner_domain", "tls_version") == {
        ("fabrikam.example", "No TLS"): 1
    }
    assert told(tmp_path / "again", broken + handshake() + sending("A1"), "tls_version") == {("TLS 1.3",): 1}
    other = TALK + line(f"B1: {said}", "postfix/smtp[21]") + handshake() + sending("A1")
    assert told(tmp_path / "other", other, "tls_version") == {("TLS 1.3",): 1}


FATES = {
    "header_checks DISCARD": "discard: header Subject: x; from=<o@other.example> to=<y> from h[203.0.113.1];",
    "header_checks HOLD": "hold: header Subject: x from h[203.0.113.1];",
    "milter discards": "milter-discard: END-OF-MESSAGE from h[203.0.113.1]: milter triggers DISCARD action;",
    "milter quarantines": "milter-hold: END-OF-MESSAGE from h[203.0.113.1]: milter triggers HOLD action;",
}


def fate(said: str, service: str = "postfix/cleanup[11]") -> str:
    end = "from=<a@fabrikam.example> to=<p@contoso.example> proto=ESMTP helo=<h>"
    return line(f"A1B2C3D4E5: {said} {end}: why", service)


def not_queued(said: str) -> str:
    """An arrival of which the queue manager says nothing."""
    return "".join(
        part
        for part in arrival().replace(": message-id", f"{said}: message-id").splitlines(keepends=True)
        if "(queue active)" not in part
    )


@pytest.mark.parametrize("said", FATES.values(), ids=FATES.keys())
def test_what_was_accepted_and_then_thrown_away_or_held_counts(tmp_path: Path, said: str) -> None:
    settings = site(tmp_path)
    take(settings, {"mail.log": (not_queued("") + fate(said)).encode()})
    assert measures(settings, "direction", "partner_domain", "tls_version") == {
        ("inbound", "fabrikam.example", "TLS 1.3"): (1, 1, 0)
    }


def test_what_was_held_counts_once_and_for_all_its_recipients_when_it_goes_on(tmp_path: Path) -> None:
    settings = site(tmp_path)
    log = (
        fate(FATES["milter quarantines"])
        + arrival()
        + mailbox("A1B2C3D4E5")
        + mailbox("A1B2C3D4E5", to="q@contoso.example")
    )
    take(settings, {"mail.log": log.encode()})
    assert measures(settings, "direction") == {("inbound",): (1, 2, 1000)}


@pytest.mark.parametrize(
    "said", ["milter-reject: END-OF-MESSAGE from h[203.0.113.1]: 5.7.1 no;", "reject: body x from h[203.0.113.1];"]
)
def test_what_was_held_and_then_refused_does_not_count(tmp_path: Path, said: str) -> None:
    log = not_queued("") + fate(FATES["header_checks HOLD"]) + fate(said)
    assert told(tmp_path, log, "direction") == {}


def test_an_access_table_s_word_proves_no_acceptance(tmp_path: Path) -> None:
    """`DISCARD` and `HOLD` of a recipient come before DATA."""
    log = not_queued("") + fate(
        "discard: RCPT from h[203.0.113.1]: <p@contoso.example>: thrown away;", "postfix/smtpd[10]"
    )
    assert told(tmp_path, log, "direction") == {}


@pytest.mark.parametrize("tls", [None, TLS])
def test_tls_of_a_proxy_that_names_its_client_is_not_the_client_s(tmp_path: Path, tls: str | None) -> None:
    """XCLIENT: who connects is the proxy; `client=` and `disconnect` are who the proxy says."""
    log = arrival(tls=tls).replace(": connect from h[203.0.113.1]", ": connect from proxy[192.0.2.20]")
    log = log.replace("established from h[203.0.113.1]", "established from proxy[192.0.2.20]")
    assert told(tmp_path, TALK + log, "tls_version", "tls_cipher", "tls_group", "tls_auth") == {("Unknown",) * 4: 1}
