"""Traits of logs that people post of their own systems, a few lines each, and what is right of them.

Where each was seen stands in the formats' NOTES.md, under "Tried besides".
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.log_site import site, sums, take
from tests.formats.test_envelopes import facts_of

HEAD = "Nov 24 10:00:01 mx1 "
TLS = (
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)"
)
CLIENT = "mx.partner.test[203.0.113.5]"
DELAYS = "delay=2, delays=0.1/0/1/0.9"
RELAY = "mx.dest.example[192.0.2.10]:25"
ARRIVAL = (
    "2026-11-24 10:00:01 1vNabc-00000001Abc-1mPq <= ann@partner.test H=mx.partner.test [203.0.113.5] P=esmtps "
    "X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=5123 id=m1@partner.test for u1@our.test\n"
)
DELIVERY = (
    "2026-11-24 10:00:02 1vNabe-00000001Abe-3aBc => c@dest.example R=dnslookup T=remote_smtp "
    'H=mx.dest.example [192.0.2.10] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C="250 OK"\n'
)


def arrival(client: str = CLIENT, tls: str = TLS, head: str = HEAD, behind: str = "", trust: str = "Anonymous ") -> str:
    return "".join(
        f"{head}{said}\n"
        for said in (
            f"postfix/smtpd[101]: connect from {client}",
            f"postfix/smtpd[101]: {trust}TLS connection established from {client}{behind}: {tls}",
            f"postfix/smtpd[101]: 4b5Rk1000Zz1: client={client}",
            "postfix/qmgr[99]: 4b5Rk1000Zz1: from=<ann@partner.test>, size=2011, nrcpt=1 (queue active)",
            f"postfix/smtpd[101]: disconnect from {client} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7",
        )
    )


def departure(relay: str = RELAY, status: str = "sent (250 OK)") -> str:
    return "".join(
        f"{HEAD}{said}\n"
        for said in (
            "postfix/qmgr[9]: 4b5Rk9000Zz9: from=<u1@our.test>, size=900, nrcpt=1 (queue active)",
            f"postfix/smtp[21]: Verified TLS connection established to {relay}: {TLS}",
            f"postfix/smtp[21]: 4b5Rk9000Zz9: to=<c@dest.example>, relay={relay}, {DELAYS}, dsn=2.0.0, status={status}",
        )
    )


QUIET = "".join(f"Nov 24 09:00:00 mx1 postfix/anvil[{n}]: statistics: max cache size 1 at Nov 24\n" for n in range(250))
POSTFIX_IN = {
    "no server-digest": arrival(tls=TLS),
    "client-signature words": arrival(tls=f"{TLS} client-signature RSA-PSS (4096 bits) client-digest SHA256"),
    "hybrid group": arrival(tls=TLS.replace("X25519", "X25519MLKEM768")),
    "smtpd_client_port_logging": arrival(f"{CLIENT}:38929"),
    "the name asked for by SNI": arrival(behind=" to mx.our.test"),
    "IPv6 client": arrival("mx.partner.test[2001:db8::5]"),
    "client without a name": arrival("unknown[203.0.113.5]"),
    "no word of trust": arrival(trust=""),
    "host in brackets": arrival(head="Nov 24 10:00:01 [192.0.2.7] "),
    "chained hosts": arrival(head="Nov 24 10:00:01 s_local@mx1/mx1 "),
    "IPv6 address for a host": arrival(head="Nov 24 10:00:01 2001:db8::7 "),
    "year before a BSD stamp": arrival(head="2026 Nov 24 10:00:01 mx1 "),
    "weekday before a BSD stamp": arrival(head="Tue Nov 24 10:00:01 mx1 "),
    "two blanks behind the host": arrival(head="Nov 24 10:00:01 mx1  "),
    "comma before the fraction": arrival(head="2026-11-24 10:00:01,123 mx1 "),
    "offset of hours alone": arrival(head="2026-11-24T10:00:01.123+00 mx1 "),
    "word in brackets behind the host": arrival(head="Nov 24 10:00:01 mx1 [mail] "),
    "wrapped from the middle on": QUIET
    + "".join(f"2026-11-24T10:00:01.101000303Z {line}\n" for line in arrival().splitlines()),
}
POSTFIX_OUT = {
    "IPv6 relay": departure("mx.dest.example[2001:db8::10]:25"),
    "another port": departure("smart.example[192.0.2.10]:587"),
    "two blanks in the status": departure(status="sent  (250 OK)"),
}
EXIM_IN = {
    "syslog-ng on Alpine": ARRIVAL.replace("-24 10:00:01 ", "-24T10:00:01.263+00:00 info exim[8001]: [8001] "),
    "busybox": ARRIVAL.replace("2026-11-24 10:00:01 ", "Nov 24 10:00:01 mx1 mail.info exim[99]: "),
    "tag of its own": ARRIVAL.replace("2026-11-24 10:00:01 ", "Nov 24 10:00:01 mx1 exim-in[99]: "),
    "pieces with a backslash": f"{HEAD}exim[4]: [1\\2] {ARRIVAL[:160]}\n{HEAD}exim[4]: [2/2] {ARRIVAL[160:]}",
    "all selectors": ARRIVAL.replace(" P=", " I=[192.0.2.1]:25 Ci=4 P=").replace(
        "CV=no", "CV=no SNI=mx L K PRDR RT=0.1s"
    ),
    "IPv6 with a port": ARRIVAL.replace("[203.0.113.5]", "[2001:db8::5]:4321"),
    "zone and process": ARRIVAL.replace("10:00:01", "10:00:01.123 +0000 [123]"),
    "hybrid group of GnuTLS": ARRIVAL.replace(
        "TLS_AES_256_GCM_SHA384", "ECDHE_X25519_MLKEM768__RSA_PSS_RSAE_SHA256__AES_256_GCM"
    ),
    "subject like fields": ARRIVAL.replace(" for ", ' T="X=TLS1.0:Y:1 H=z [127.0.0.1]" for '),
    "HELO alone": ARRIVAL.replace("H=mx.partner.test", "H=(helo.test)"),
    "apostrophe": ARRIVAL.replace("ann@", "o'neil@"),
}
EXIM_OUT = {
    "fast open and proxy": DELIVERY.replace(" X=", " TFO PRX=198.51.100.9 X="),
    "authenticated": DELIVERY.replace(" C=", " A=login C="),
    "two parents": DELIVERY.replace(" R=", " (x@our.test) <all@our.test> R="),
    "rewritten sender": DELIVERY.replace(" R=", " F=<SRS0=a=XY=partner.test=ann@our.test> R="),
    "fallback host": DELIVERY.replace("[192.0.2.10]", "[192.0.2.10]*"),
    "DNSSEC and chunking": DELIVERY.replace("[192.0.2.10]", "[192.0.2.10] DS").replace(" C=", " K C="),
    "times": DELIVERY.replace('OK"', 'OK" QT=3s DT=1.234s'),
    "cPanel's note before": "2026-11-24 10:00:02 SMTP connection outbound 1795514402 1vNabe-1 dest.example\n"
    + DELIVERY,
}
RIGHT = {
    "inbound": ("partner.test", {"postfix_log": "postfix/smtpd", "exim_log": "No connector"}),
    "outbound": ("dest.example", {"postfix_log": "postfix/smtp", "exim_log": "dnslookup/remote_smtp"}),
}


@pytest.mark.parametrize(
    ("log", "inbound", "outbound"), [("postfix_log", POSTFIX_IN, POSTFIX_OUT), ("exim_log", EXIM_IN, EXIM_OUT)]
)
def test_each_trait_is_counted_right(
    tmp_path: Path, log: str, inbound: dict[str, str], outbound: dict[str, str]
) -> None:
    logs = {**inbound, **outbound}
    found = {
        name: [(row["direction"], row["connector"], row["partner_domain"], row["tls_version"]) for row in facts]  # type: ignore[index]
        for name, facts in facts_of(tmp_path, log, {name: text.encode() for name, text in logs.items()}).items()
    }
    right = {
        name: [(direction, RIGHT[direction][1][log], RIGHT[direction][0], "TLS 1.3")]
        for direction, names in (("inbound", inbound), ("outbound", outbound))
        for name in names
    }
    assert {name: facts for name, facts in found.items() if facts != right[name]} == {}


@pytest.mark.parametrize(
    "log",
    [arrival().replace("[101]: ", ": "), arrival().replace("[101]: ", "[101] ")],
    ids=["no number of the process", "no colon"],
)
def test_log_without_whole_tags_is_refused(tmp_path: Path, log: str) -> None:
    (counts,) = take(site(tmp_path), {"mail.log": log.encode()})
    assert counts.state == "quarantined"
    assert "%syslogtag%" in (counts.reason or "")


def test_what_others_write_refuses_no_log(tmp_path: Path) -> None:
    forged = "".join(
        f"{HEAD}postfix/cleanup[105]: 4b5Rk1000Zz1: warning: header Subject: {tag}: connect from x[192.0.2.1]\n"
        for tag in ("a postfix[1]", "a postfix/smtpd")
    )
    settings = site(tmp_path)
    take(settings, {"mail.log": (arrival() + forged).encode()}, 1795565400)
    assert sums(settings, "tls_version") == {("TLS 1.3",): 1}
