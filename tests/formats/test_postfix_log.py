"""What each kind of Postfix line does to the facts: sessions, reuse, retries, filters, time stamps, accounting."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl import staging
from etl.formats import recognise
from etl.formats.base import Sample
from tests.formats.log_site import measures, rows, site, sums, take

STAMP = "Dec  3 10:00:00"
TLS = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS"
HOST = "mx.fabrikam.example[198.51.100.21]:25"


def line(said: str, service: str = "postfix/smtpd[10]", stamp: str = STAMP, host: str = "mx") -> str:
    return f"{stamp} {host} {service}: {said}\n"


def arrival(
    queue: str = "A1B2C3D4E5",
    tls: str | None = TLS,
    extra: str = "",
    pid: str = "10",
    sender: str = "a@fabrikam.example",
    service: str = "postfix/smtpd",
    client: str = "h[203.0.113.1]",
) -> str:
    tag, starttls = f"{service}[{pid}]", "starttls=1 " if tls else ""
    return "".join((
        line(f"connect from {client}", tag),
        line(f"Anonymous TLS connection established from {client}: {tls}", tag) if tls else "",
        line(f"{queue}: client={client}{extra}", tag),
        line(f"{queue}: message-id=<1@x>", "postfix/cleanup[11]"),
        line(f"{queue}: from=<{sender}>, size=1000, nrcpt=1 (queue active)", "postfix/qmgr[12]"),
        line(f"disconnect from {client} ehlo=2 {starttls}mail=1 rcpt=1 data=1 quit=1 commands=7", tag),
    ))  # fmt: skip


def mailbox(
    queue: str = "A1B2C3D4E5", to: str = "p@contoso.example", status: str = "sent (delivered)", original: str = ""
) -> str:
    origin = f", orig_to=<{original}>" if original else ""
    return line(
        f"{queue}: to=<{to}>{origin}, relay=virtual, delay=0, delays=0/0/0/0, dsn=2.0.0, status={status}",
        "postfix/virtual[13]",
    )


def removed(queue: str = "A1B2C3D4E5") -> str:
    return line(f"{queue}: removed", "postfix/qmgr[12]")


def handshake(
    host: str = HOST,
    tls: str = TLS,
    pid: str = "20",
    word: str = "Trusted",
    verb: str = "established",
    stamp: str = STAMP,
) -> str:
    return line(f"{word} TLS connection {verb} to {host}: {tls}", f"postfix/smtp[{pid}]", stamp)


def active(queue: str, size: int = 500, stamp: str = STAMP) -> str:
    return line(f"{queue}: from=<p@contoso.example>, size={size}, nrcpt=1 (queue active)", "postfix/qmgr[12]", stamp)


def sending(
    queue: str,
    to: str = "r@fabrikam.example",
    host: str = HOST,
    pid: str = "20",
    status: str = "sent (250 2.0.0 Ok: queued as X)",
    extra: str = "",
    tls: str = "",
    stamp: str = STAMP,
    delays: str = "0.1/0/0.2/0.1",
    service: str = "postfix/smtp",
) -> str:
    return line(
        f"{queue}: to=<{to}>, relay={host}{extra}, delay=0.4, delays={delays}{tls}, dsn=2.0.0, status={status}",
        f"{service}[{pid}]",
        stamp,
    )


# A daemon whose silence means that there was no TLS has logged TLS that day: these lines make both speak.
TALK = handshake("other.example[198.51.100.99]:25", pid="99") + line(
    f"Anonymous TLS connection established from o[203.0.113.99]: {TLS}", "postfix/smtpd[98]"
)


def told(tmp_path: Path, log: str, *columns: str, **source: object) -> dict[tuple[str, ...], int]:
    settings = site(tmp_path, **source)  # type: ignore[arg-type]  # tables of the settings
    take(settings, {"mail.log": log.encode()})
    return dict(sums(settings, *columns))


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


def test_connection_used_again_keeps_its_handshake(tmp_path: Path) -> None:
    log = active("A1") + handshake() + sending("A1") + active("A2") + sending("A2", extra=", conn_use=2")
    assert told(tmp_path, log, "tls_version") == {("TLS 1.3",): 2}


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


def test_null_sender_and_missing_addresses_are_values_of_their_own(tmp_path: Path) -> None:
    log = arrival("A1", sender="") + arrival("A2", sender="root", pid="14")
    assert told(tmp_path, log, "partner_domain") == {("<>",): 1, ("Unknown",): 1}


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    settings = site(tmp_path)
    odd = "no log line at all\n" + line("x", "sshd[5]") + "Foo 99 99:99:99 mx postfix/qmgr[1]: A: removed\n"
    log = (
        arrival()
        + removed()
        + odd
        + line("warning: x", "postfix/master[1]")
        + line("A: uid=0 from=<p>", "postfix/pickup[2]")
    )
    (counts,) = take(settings, {"mail.log": (log + "\n" + line("y", "sshd[5]")).encode()})
    assert counts.records == counts.used + counts.rejected + sum(counts.skipped.values()) == len(log.splitlines()) + 1
    assert counts.skipped == {"local-submission": 1, "message-header": 1, "notice": 1, "other-program": 2}
    assert counts.rejected == 2
    found = staging.find_records(
        settings, "mx", next(iter(settings.storage.root.glob("landed/mx/*"))).name, {"outcome": "rejected"}
    )
    assert [item.record for item in found] == [8, 10]


def test_bytes_that_no_log_should_hold(tmp_path: Path) -> None:
    log = arrival().encode().replace(b"<1@x>", b"<\xff\x00\x01\r@x>") + b"\x00\x00\n"
    settings = site(tmp_path)
    (counts,) = take(settings, {"mail.log": log})
    assert counts.state == "staged"
    assert counts.rejected == 1
    assert sums(settings, "tls_version") == {("TLS 1.3",): 1}


def test_gzip_and_repeated_bytes_count_once(tmp_path: Path) -> None:
    log = (arrival() + mailbox() + removed()).encode()
    settings = site(tmp_path)
    take(settings, {"mail.log": log, "mail.log.1.gz": gzip.compress(log, mtime=0), "again.log": log})
    assert sums(settings, "direction") == {("inbound",): 1}


def test_year_is_the_newest_that_is_not_after_the_export(tmp_path: Path) -> None:
    settings = site(tmp_path)
    log = "".join(
        arrival(queue).replace(STAMP, stamp) for queue, stamp in (("A1", "Dec 31 23:59:59"), ("A2", "Jan  1 00:00:01"))
    )
    take(settings, {"mail.log": log.encode()}, int(datetime(2025, 1, 1, 6, 0, tzinfo=UTC).timestamp()))
    assert sums(settings, "data_date") == {("2024-12-31",): 1, ("2025-01-01",): 1}


def test_leap_day_is_the_last_one_there_was(tmp_path: Path) -> None:
    settings = site(tmp_path)
    take(settings, {"mail.log": arrival().replace(STAMP, "Feb 29 12:00:00").encode()})
    assert sums(settings, "data_date") == {("2024-02-29",): 1}


def test_both_day_paddings_and_iso_forms(tmp_path: Path) -> None:
    stamps = ("Dec  3 10:00:00", "Dec 03 10:00:00", "2024-12-03T10:00:00.123456+01:00", "2024-12-03T10:00:00Z",
              "2024-12-03T10:00:00+0100",
              "2024-12-03 10:00:00", "2024-12-03T10:00:00")  # fmt: skip
    log = "".join(arrival(f"A{number}", pid=str(number)).replace(STAMP, stamp) for number, stamp in enumerate(stamps))
    assert told(tmp_path, log, "data_date", "tls_version") == {("2024-12-03", "TLS 1.3"): len(stamps)}


WRAPPED = {
    "rfc5424": "<22>1 2024-12-03T10:00:00.123456+00:00 mx {name} {pid} - -  {said}",
    "structured": '<22>1 2024-12-03T10:00:00Z mx {name} {pid} ID47 [x@1 a="b\\]c"][y] \ufeff{said}',
    "without priority": "1 2024-12-03T11:00:00.123456+01:00 mx {name} {pid} - - {said}",
    "priority": "<22>Dec  3 10:00:00 mx {name}[{pid}]: {said}",
    "journal": "Dec 03 10:00:00.654321 mx {name}[{pid}]: {said}",
    "journal, iso": "2024-12-03T10:00:00+0000 mx {name}[{pid}]: {said}",
}
"""How rsyslog, syslog-ng, FreeBSD's syslogd and journalctl write a line."""


@pytest.mark.parametrize("form", WRAPPED.values(), ids=WRAPPED.keys())
def test_what_syslog_puts_around_a_line_says_nothing(tmp_path: Path, form: str) -> None:
    log = TALK + arrival() + mailbox() + removed() + active("B1") + handshake() + sending("B1")
    wrapped = "".join(
        form.format(name=name, pid=pid, said=said) + "\n"
        for name, pid, said in re.findall(r" mx ([\w/]+)\[(\d+)\]: (.*)\n", log)
    )
    assert recognise(Sample("x", wrapped.encode())) == "postfix_log"
    settings, other = site(tmp_path / "wrapped"), site(tmp_path / "plain")
    (counts,) = take(settings, {"mail.log": wrapped.encode() + b"no line\n"})
    take(other, {"mail.log": log.encode()})
    assert (counts.records, counts.rejected) == (log.count("\n") + 1, 1)
    assert rows(settings) == rows(other)
    assert {row["tls_version"] for row in rows(other)} == {"TLS 1.3"}


def test_log_without_the_daemons_names_is_refused(tmp_path: Path) -> None:
    """rsyslog cuts program names at a slash where it writes RFC 5424, unless it is told not to."""
    cut = "<22>1 2024-12-03T10:00:00Z mx postfix 10 - - connect from h[203.0.113.1]\n" * 3
    (counts,) = take(site(tmp_path), {"mail.log": cut.encode()})
    assert counts.state == "quarantined"
    assert "permitSlashInProgramName" in (counts.reason or "")


def test_daylight_saving_by_the_source_s_zone(tmp_path: Path) -> None:
    """27 Oct 2024, Europe/Stockholm: 02:00 to 03:00 comes twice; the report's day in UTC tells the instants apart."""

    def at(stamp: str, queue: str) -> str:
        return arrival(queue, pid=queue).replace(STAMP, stamp)

    log = (
        at("Oct 27 01:59:00", "1")
        + at("Oct 27 02:30:00", "2")
        + at("Oct 27 02:59:00", "3")
        + at("Oct 27 02:00:30", "4")
        + at("Oct 27 03:10:00", "5")
    )
    settings = site(tmp_path, time_zone="Europe/Stockholm", report_zone="Etc/GMT+1")
    (counts,) = take(settings, {"mail.log": log.encode()})
    # In Etc/GMT+1 (an hour behind UTC) the day begins at 01:00 UTC: 02:30 is before it, 02:00:30 again is not.
    assert sums(settings, "data_date") == {("2024-10-26",): 3, ("2024-10-27",): 2}
    assert counts.days == {"2024-10-26": 15, "2024-10-27": 10}


def test_recognised_by_content_and_told_from_others() -> None:
    assert recognise(Sample("x", (arrival()).encode())) == "postfix_log"
    iso = arrival().replace(STAMP, "2024-12-03T10:00:00+00:00")
    assert recognise(Sample("x", iso.encode())) == "postfix_log"
    assert recognise(Sample("mail.log", b"nothing of the kind\n")) is None
    assert (
        recognise(Sample("x", b"2026-11-24 02:55:07 1xVggV-0008UJ-0E <= a@b.example H=h [203.0.113.1] P=esmtp S=1\n"))
        == "exim_log"
    )


def test_session_over_a_rotation_and_midnight(tmp_path: Path) -> None:
    log = arrival().replace(STAMP, "Dec  3 23:59:58")
    late = log.replace("Dec  3 23:59:58", "Dec  4 00:00:01")
    lines, after = log.splitlines(keepends=True), late.splitlines(keepends=True)
    settings = site(tmp_path)
    take(settings, {"mail.log.1": "".join(lines[:2]).encode(), "mail.log": "".join(after[2:]).encode()})
    assert sums(settings, "data_date", "tls_version") == {("2024-12-04", "TLS 1.3"): 1}


def test_internationalised_domains_become_a_labels(tmp_path: Path) -> None:
    log = arrival("A1", sender="a@Malmö.example") + arrival("A2", sender="a@xn--malm-8qa.example", pid="14")
    assert told(tmp_path, log, "partner_domain") == {("xn--malm-8qa.example",): 2}


def test_file_without_a_log_line_is_refused_with_its_first_line_masked(tmp_path: Path) -> None:
    settings = site(tmp_path)
    (counts,) = take(settings, {"mail.log": b"hello maria@contoso.example, this is no log\nnor this\n"})
    assert counts.state == "quarantined"
    assert "hello" in (counts.reason or "")
    assert "maria" not in (counts.reason or "")


def test_quoted_local_part_may_hold_what_ends_an_address_elsewhere(tmp_path: Path) -> None:
    """As Postfix 3.7 logged them: `"a, b>c"@…` has a partner, and is told from the mailbox that it was forwarded to."""
    log = (
        TALK
        + active("A1")
        + sending("A1", to='"a, b>c"@fabrikam.example')
        + sending("A1", to='"a, b>d"@fabrikam.example')
    )
    log += arrival("B1", sender='"a b, c>d"@northwind.example')
    for mail in ("p1@contoso.example", "p2@contoso.example"):
        log += mailbox("B1", mail, original='"team, x>y"@contoso.example')
    settings = site(tmp_path)
    take(settings, {"mail.log": log.encode()})
    assert measures(settings, "direction", "partner_domain") == {
        ("outbound", "fabrikam.example"): (1, 2, 500),
        ("inbound", "northwind.example"): (1, 1, 1000),
    }


def test_words_of_others_are_no_log_words(tmp_path: Path) -> None:
    """What a client or a server can write into a line: addresses, names, answers."""
    forged = "A1: to=<x@y>, relay=z[1.2.3.4]:25, status=sent (A9: client=q[1.1.1.1]) "
    forged += f"Trusted TLS connection established to {HOST}: TLSv1"
    log = TALK + active("A1") + sending("A1", status=f"sent (250 {forged})") + line(f"warning: {forged}")
    log += line(f"A2: reject: RCPT from h[203.0.113.1]: 550 <{forged}>: no; from=<a> to=<b> helo=<A3: removed>")
    settings = site(tmp_path)
    (counts,) = take(settings, {"mail.log": log.encode()})
    assert sums(settings, "direction", "partner_domain", "tls_version") == {
        ("outbound", "fabrikam.example", "No TLS"): 1
    }
    assert counts.skipped == {"not-transferred": 1, "notice": 1}
