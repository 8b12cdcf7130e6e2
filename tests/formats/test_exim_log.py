"""What each kind of line of Exim's mainlog does to the facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.formats import recognise
from etl.formats.base import Sample
from tests.formats.log_site import EXPORTED, measures, rows, site, sums, take

STAMP = "2024-12-03 10:00:00"
ID = "1xVggV-0008UJ-0E"
HOST = "H=mx.fabrikam.example [198.51.100.21]"


def arrival(
    fields: str = "P=esmtp", sender: str = "a@fabrikam.example", ident: str = ID, tail: str = " for p@contoso.example"
) -> str:
    return f"{STAMP} {ident} <= {sender} H=(h) [203.0.113.1] {fields} S=1000 id=x@y{tail}\n"


def sending(
    fields: str = "", to: str = "r@fabrikam.example", ident: str = ID, flag: str = "=>", host: str = HOST
) -> str:
    return f'{STAMP} {ident} {flag} {to} R=dnslookup T=remote_smtp {host}{fields} C="250 2.0.0 Ok X=TLS1.0:FORGED:1"\n'


TALK = sending(" X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes", "z@other.example", "1xVggV-0008UJ-0Z")


def told(tmp_path: Path, log: str, *columns: str, **source: object) -> dict[tuple[str, ...], int]:
    settings = site(tmp_path, "exim_log", **source)  # type: ignore[arg-type]  # tables of the settings
    take(settings, {"mainlog": log.encode()})
    return dict(sums(settings, *columns))


CIPHERS = [
    ("TLSv1:AES256-SHA:256", "TLS 1.0", "TLS_RSA_WITH_AES_256_CBC_SHA", "Unknown"),
    ("TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "Unknown"),
    ("TLS1.3:TLS_AES_256_GCM_SHA384:256*", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "Unknown"),
    (
        "TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_128_GCM:128", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "x25519",
    ),
    (
        "TLS1.2:ECDHE_SECP256R1__ECDSA_SHA256__CHACHA20_POLY1305:256", "TLS 1.2",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "secp256r1",
    ),
    ("TLS1.2:RSA__AES_128_CBC__SHA1:128", "TLS 1.2", "TLS_RSA_WITH_AES_128_CBC_SHA", "Unknown"),
    (
        "TLS1.0:DHE_CUSTOM2048__RSA_SHA1__AES_256_CBC__SHA1:256", "TLS 1.0", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        "Unknown",
    ),
    ("TLS1.0:ECDHE_SECP256R1__AES_256_CBC__SHA1:256", "TLS 1.0", "ECDHE_WITH_AES_256_CBC_SHA", "secp256r1"),
    ("TLS1.2:DHE_RSA_AES_128_CBC_SHA1:128", "TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "Unknown"),
]  # fmt: skip


def test_ciphers_of_openssl_and_gnutls(tmp_path: Path) -> None:
    log = "".join(
        arrival(f"P=esmtps X={word} CV=no", ident=f"1xVggV-0008UJ-{number:02d}")
        for number, (word, *_) in enumerate(CIPHERS)
    )
    expected: dict[tuple[str, ...], int] = {}
    for _, version, cipher, group in CIPHERS:
        expected[version, cipher, group] = expected.get((version, cipher, group), 0) + 1
    assert told(tmp_path, log, "tls_version", "tls_cipher", "tls_group") == expected


def test_protocol_says_whether_an_arrival_had_tls(tmp_path: Path) -> None:
    log = arrival("P=esmtp") + arrival("P=esmtps", ident="1xVggV-0008UJ-0F")
    assert told(tmp_path, log, "tls_version") == {("No TLS",): 1, ("TLS unknown",): 1}


def test_sending_without_x_is_no_tls_only_where_the_log_tells_tls(tmp_path: Path) -> None:
    assert told(tmp_path / "a", sending(), "tls_version") == {("Unknown",): 1}
    assert told(tmp_path / "b", TALK + sending(), "partner_domain", "tls_version") == {
        ("other.example", "TLS 1.3"): 1, ("fabrikam.example", "No TLS"): 1,
    }  # fmt: skip
    assert told(tmp_path / "c", sending(), "tls_version", options={"logs_tls": True}) == {("No TLS",): 1}


@pytest.mark.parametrize(
    ("verified", "authentication"), [("yes", "trusted"), ("no", "untrusted"), ("dane", "verified")]
)
def test_authentication(tmp_path: Path, verified: str, authentication: str) -> None:
    log = sending(f" X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV={verified}")
    assert told(tmp_path, log, "tls_auth") == {(authentication,): 1}


def test_words_of_others_are_no_fields(tmp_path: Path) -> None:
    forged = arrival(
        "P=esmtp", tail=' T="x X=TLS1.3:TLS_AES_256_GCM_SHA384:256 P=esmtps" from <a> for p@contoso.example'
    )
    assert told(tmp_path, forged + TALK, "direction", "tls_version") == {
        ("inbound", "No TLS"): 1,
        ("outbound", "TLS 1.3"): 1,
    }


def test_directions(tmp_path: Path) -> None:
    log = (
        arrival("P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 A=login:p")
        + arrival(ident="1xVggV-0008UJ-0F").replace("203.0.113.1", "127.0.0.1")
        + f"{STAMP} 1xVggV-0008UJ-0G <= p@contoso.example U=root P=local S=700\n"
        + sending(to="p@contoso.example", ident="1xVggV-0008UJ-0G")
        + f"{STAMP} 1xVggV-0008UJ-0G => p01 <team@contoso.example> R=local T=box S=800\n"
    )
    assert told(tmp_path, log, "direction", "connector") == {
        ("submission", "No connector"): 1, ("internal", "No connector"): 1, ("internal", "dnslookup/remote_smtp"): 1,
    }  # fmt: skip


def test_size_and_receivers_come_from_the_arrival(tmp_path: Path) -> None:
    log = (
        arrival(tail=" for p@contoso.example q@contoso.example")
        + sending()
        + sending(to="s@fabrikam.example", flag="->")
    )
    settings = site(tmp_path, "exim_log")
    take(settings, {"mainlog": log.encode()})
    assert measures(settings, "direction") == {("inbound",): (1, 2, 1000), ("outbound",): (1, 2, 1000)}


def test_without_received_recipients_deliveries_tell_them(tmp_path: Path) -> None:
    log = (
        arrival(tail="")
        + f"{STAMP} {ID} => p01 <team@contoso.example> R=local T=box\n"
        + f"{STAMP} {ID} => p02 <team@contoso.example> R=local T=box\n"
    )
    settings = site(tmp_path, "exim_log")
    take(settings, {"mainlog": log.encode()})
    assert measures(settings, "direction") == {("inbound",): (1, 1, 1000)}


def test_what_was_not_transferred_is_skipped_by_name(tmp_path: Path) -> None:
    settings = site(tmp_path, "exim_log")
    log = (
        f"{STAMP} {ID} == r@fabrikam.example R=dnslookup T=remote_smtp defer (-46): 450 later\n"
        f"{STAMP} {ID} ** r@fabrikam.example R=dnslookup T=remote_smtp: 550 no\n"
        f"{STAMP} H=(h) [203.0.113.1] F=<a@b> rejected RCPT <p@contoso.example>: no\n"
        f"{STAMP} {ID} Completed\n{STAMP} exim 4.96 daemon started\nnonsense\n"
        f"{STAMP} SMTP connection from [203.0.113.66] (TCP/IP connection count = 1)\n"
    )
    (counts,) = take(settings, {"mainlog": log.encode()})
    assert counts.skipped == {"completed": 1, "connection": 1, "not-transferred": 3, "notice": 1}
    assert (counts.records, counts.rejected) == (7, 1)
    assert rows(settings) == []


def test_time_stamps(tmp_path: Path) -> None:
    stamps = ("2024-12-03 23:30:00", "2024-12-03 23:30:00.123", "2024-12-03 23:30:00 +0100",
              "2024-12-04 00:30:00 +0100 [123]",
              "2024-12-03 23:30:00 [77]", "2024-12-03 18:30:00.5 -0500")  # fmt: skip
    log = "".join(
        arrival(ident=f"1xVggV-0008UJ-0{number}").replace(STAMP, stamp) for number, stamp in enumerate(stamps)
    )
    assert told(tmp_path, log, "data_date") == {("2024-12-03",): len(stamps)}
    assert told(tmp_path / "local", log, "data_date", time_zone="America/New_York") == {
        ("2024-12-03",): 3,
        ("2024-12-04",): 3,
    }


def test_new_ids_and_rotated_copies(tmp_path: Path) -> None:
    settings = site(tmp_path, "exim_log")
    lines = [arrival(ident="1xVggV-00000008UJ2-0E1k"), sending(ident="1xVggV-00000008UJ2-0E1k"), TALK]
    take(settings, {"mainlog.1": "".join(lines[:2]).encode(), "mainlog": "".join(lines[1:]).encode()})
    assert sums(settings, "direction") == {("inbound",): 1, ("outbound",): 2}


WRAPPED = {
    "file of syslog": "Dec  3 10:00:00 mx exim[4711]: {line}",
    "file of rsyslog": "2024-12-03T10:00:00.123456+00:00 mx exim[4711]: {line}",
    "rfc5424": "<22>1 2024-12-03T10:00:00Z mx exim 4711 - - {line}",
    "long line": "Dec  3 10:00:00 mx exim[4711]: [1/2] {line}",
    "syslog_timestamp = no": "2024-12-03T11:00:00.123456+01:00 mx exim[4711]: {said}",
    "syslog_timestamp = no, in UTC": "2024-12-03T10:00:00Z mx exim4: {said}",
    "syslog_timestamp = no, BSD stamps": "Dec  3 10:00:00 mx exim[4711]: {said}",
    "syslog_timestamp = no, BSD stamps, pid": "Dec  3 10:00:00 mx exim[4711]: [4711] {said}",
    "syslog_timestamp = no, BSD stamps, long": "Dec  3 10:00:00 mx exim[4711]: [1/2] {said}",
    "syslog_timestamp = no, fractions": "<22>Dec  3 10:00:00.123456 mx exim[4711]: {said}",
}


@pytest.mark.parametrize("form", WRAPPED.values(), ids=WRAPPED.keys())
def test_through_syslog_it_says_the_same(tmp_path: Path, form: str) -> None:
    log = arrival("P=esmtps X=TLS1.2:ECDHE_X25519__RSA_SHA256__AES_256_GCM:256") + sending() + TALK
    lines = log.splitlines()
    wrapped = "".join(form.format(line=line, said=line[20:]) + "\n" for line in lines)
    assert recognise(Sample("x", wrapped.encode())) == "exim_log"
    others = "Dec  3 10:00:00 mx dovecot: imap(x): Logged out\nno line\n"
    settings, plain = site(tmp_path / "wrapped", "exim_log"), site(tmp_path / "plain", "exim_log")
    (counts,) = take(settings, {"mail.log": (wrapped + others).encode()})
    take(plain, {"mainlog": log.encode()})
    assert (counts.records, counts.rejected, counts.skipped) == (len(lines) + 2, 1, {"other-program": 1})
    assert rows(settings) == rows(plain)
    assert rows(plain)


def test_bounced_and_deferred_recipients_are_told_too(tmp_path: Path) -> None:
    """As Exim 4.96 logged them, without `received_recipients`: the arrival was for all of them."""
    log = arrival(tail="") + sending(to="u1 <p1@contoso.example>", host="")
    log += f"{STAMP} {ID} ** u2@contoso.example <p2@contoso.example>: Unrouteable address\n"
    log += f"{STAMP} {ID} == p3@contoso.example routing defer (-52): retry time not reached\n"
    log += f"{STAMP} {ID} == p3@contoso.example R=out T=remote_smtp defer (-44) {HOST}: SMTP error: 450 never\n"
    log += f"{STAMP} {ID} ** p4@contoso.example F=<a@fabrikam.example> R=out T=remote_smtp {HOST} CV=no: 550 no\n"
    settings = site(tmp_path, "exim_log")
    (counts,) = take(settings, {"mainlog": log.encode()})
    assert measures(settings, "direction") == {("inbound",): (1, 4, 1000)}
    assert counts.skipped == {"not-transferred": 4}


def test_recipients_may_be_quoted_and_a_subject_names_none(tmp_path: Path) -> None:
    log = arrival(tail=' for "a, b>c"@contoso.example p2@contoso.example "sp ace"@contoso.example')
    subject = ' T="waiting for you"'
    log += arrival(ident="1xVggV-0008UJ-0F", tail=subject, sender="a@other.example")
    for mailbox in ("x", "y"):
        log += sending(to=f"{mailbox} <{mailbox}@contoso.example>", ident="1xVggV-0008UJ-0F", host="")
    settings = site(tmp_path, "exim_log")
    take(settings, {"mainlog": log.encode()})
    found = measures(settings, "partner_domain")
    assert {partner: recipients for (partner,), (_, recipients, _) in found.items()} == {
        "fabrikam.example": 3,
        "other.example": 2,
    }


@pytest.mark.parametrize(
    "address",
    [
        '"a, b>c"@fabrikam.example',
        "r@fabrikam.example P=<p@other.example>",
        "r@fabrikam.example F=<a@contoso.example> P=<a@contoso.example>",
        "r@fabrikam.example (list@contoso.example, all@contoso.example) <team@contoso.example>",
        "r@fabrikam.example <team@contoso.example> F=<a@contoso.example>",
    ],
)
def test_partner_is_the_recipient_s_domain_whatever_stands_beside_it(tmp_path: Path, address: str) -> None:
    assert told(tmp_path, sending(to=address), "partner_domain") == {("fabrikam.example",): 1}


def test_whether_a_certificate_was_checked_proves_encryption(tmp_path: Path) -> None:
    """With `-tls_cipher` there is no X=, yet CV= stands where there was TLS, and only there."""
    log = sending(" CV=no") + sending("", "r@other.example", "1xVggV-0008UJ-0F")
    assert told(tmp_path, log, "partner_domain", "tls_version", "tls_auth") == {
        ("fabrikam.example", "TLS unknown", "untrusted"): 1,
        ("other.example", "No TLS", "none"): 1,
    }


def test_bsd_stamps_without_exim_s_own_have_the_source_s_zone_and_the_newest_year(tmp_path: Path) -> None:
    log = arrival().replace(STAMP, "Dec  3 23:30:00 mx exim[4711]:")
    for folder, zone, day in (("utc", "UTC", "2024-12-03"), ("ny", "America/New_York", "2024-12-04")):
        assert told(tmp_path / folder, log, "data_date", time_zone=zone) == {(day,): 1}
    settings = site(tmp_path / "later", "exim_log")
    take(settings, {"mainlog": log.encode()}, EXPORTED + 400 * 86400)
    assert sums(settings, "data_date") == {("2025-12-03",): 1}


def test_cutthrough_says_its_tls_once_for_all_recipients(tmp_path: Path) -> None:
    """Exim 4.96: of the recipients that one cutthrough connection took, one line has X= and CV=."""
    word = " X=TLS1.2:ECDHE_X25519__RSA_SHA256__AES_256_GCM:256 CV=yes"
    log = "".join(
        sending(word if name == "a" else "", f"{name}@fabrikam.example", flag=">>") for name in ("b", "a", "c")
    )
    log += sending("", "z@fabrikam.example", "1xVggV-0008UJ-0F", flag=">>") + sending("", "y@other.example")
    settings = site(tmp_path, "exim_log")
    take(settings, {"mainlog": log.encode()})
    assert measures(settings, "partner_domain", "tls_version", "tls_auth") == {
        ("fabrikam.example", "TLS 1.2", "trusted"): (1, 3, 0),
        ("fabrikam.example", "No TLS", "none"): (1, 1, 0),
        ("other.example", "No TLS", "none"): (1, 1, 0),
    }


def test_recipients_that_differ_in_case_are_two(tmp_path: Path) -> None:
    """Exim logs `=> r3@… <R3@…>`: what was delivered is R3@, written small."""
    log = sending(to="r3@fabrikam.example <R3@fabrikam.example>") + sending(to="r3@fabrikam.example", flag="->")
    settings = site(tmp_path, "exim_log")
    take(settings, {"mainlog": log.encode()})
    assert measures(settings, "direction") == {("outbound",): (1, 2, 0)}


def test_a_list_of_recipients_that_syslog_cut_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    """Exim cuts what it says to syslog after 870 bytes; the rest of an arrival's recipients is in the next piece."""
    whole = arrival(tail=" from <a@fabrikam.example> for p0@contoso.example p1@cont").rstrip("\n")
    log = f"Dec  3 10:00:00 mx exim[4711]: [1/3] {whole}\n"
    log += "Dec  3 10:00:00 mx exim[4711]: [2/3] oso.example p2@contoso.example\n"
    log += f"Dec  3 10:00:00 mx exim[4711]: [3/3] {sending()[20:]}"
    log += "".join(
        f"Dec  3 10:00:00 mx exim[4712]: {sending(to=f'p{number} <p{number}@contoso.example>', host='')}"
        for number in range(3)
    )
    settings = site(tmp_path, "exim_log")
    (counts,) = take(settings, {"mail.log": log.encode()})
    assert measures(settings, "direction", "tls_version") == {("inbound", "No TLS"): (1, 3, 1000)}
    assert (counts.rejected, counts.skipped) == (0, {"continuation": 2})
