"""What a Postfix line is, however it is written: time stamps, addresses, accounting, what others write into it."""

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
from tests.formats.postfix_logs import (
    HOST,
    STAMP,
    TALK,
    active,
    arrival,
    handshake,
    line,
    mailbox,
    removed,
    sending,
    told,
)


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


def test_the_order_of_the_lines_tells_the_year_where_the_last_is_of_the_one_before_the_export(tmp_path: Path) -> None:
    settings = site(tmp_path)
    log = "".join(
        arrival(queue).replace(STAMP, stamp) for queue, stamp in (("A1", "Dec 31 23:59:59"), ("A2", "Jan  1 00:00:01"))
    )
    take(settings, {"mail.log": log.encode()}, int(datetime(2024, 12, 29, 6, 0, tzinfo=UTC).timestamp()))
    assert sums(settings, "data_date") == {("2023-12-31",): 1, ("2024-01-01",): 1}


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


FORGED = "relay=x[1.2.3.4]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)"


@pytest.mark.parametrize(
    "quoted",
    [
        f'"a>, {FORGED}"@fabrikam.example',
        f'"a\\">, {FORGED}"@fabrikam.example',
        f'"a>, orig_to=<b@c.example>, {FORGED}"@fabrikam.example',
    ],
)
def test_quoted_local_part_cannot_imitate_fields(tmp_path: Path, quoted: str) -> None:
    log = TALK + active("A1") + sending("A1", to=quoted, status="bounced (host said: 550 no)")
    settings = site(tmp_path)
    (counts,) = take(settings, {"mail.log": log.encode()})
    assert rows(settings) == []
    assert counts.skipped == {"not-transferred": 1}
    log += active("A2") + handshake() + sending("A2", to=quoted)
    log += arrival("B1", sender=quoted) + mailbox("B1", original=quoted.replace("fabrikam", "contoso"))
    assert told(tmp_path / "sent", log, "direction", "partner_domain", "tls_version") == {
        ("outbound", "fabrikam.example", "TLS 1.3"): 1, ("inbound", "fabrikam.example", "TLS 1.3"): 1,
    }  # fmt: skip


def test_delivery_that_is_cut_off_is_rejected(tmp_path: Path) -> None:
    """A relay cuts long lines: what is left of a quoted address must not be read as fields either."""
    whole = sending("A1")
    cut = [whole[: whole.index(mark)] + "\n" for mark in (" relay=", " status=")]
    cut.append(line(f'A1: to=<"a>, {FORGED}', "postfix/smtp[20]"))
    settings = site(tmp_path)
    (counts,) = take(settings, {"mail.log": (active("A1") + "".join(cut)).encode()})
    assert (counts.rejected, counts.used, rows(settings)) == (3, 1, [])


def test_fields_that_are_not_known_yet_are_passed_over(tmp_path: Path) -> None:
    log = (
        TALK
        + active("A1")
        + sending("A1").replace(", dsn=", ", novel=1, dsn=").replace(", delay=", ", older=a, delay=", 1)
    )
    assert told(tmp_path, log, "direction", "partner_domain") == {("outbound", "fabrikam.example"): 1}


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
