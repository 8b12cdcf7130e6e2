"""A ledger of cases, each a connector of its own: Mondays from week 36 on, all days of week 47, nothing in week 40."""

from __future__ import annotations

from tests.insights.exports import GOOD, STATIC, days, mail, monday

RC4 = "TLS_ECDHE_RSA_WITH_RC4_128_SHA"
TRIPLE = "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"
CBC = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"
ANONYMOUS = "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"
NULL = "TLS_RSA_WITH_NULL_SHA256"

Rows = list[dict[str, str]]


def plain(n: int, total: int) -> dict[str, int]:
    """`n` messages without TLS of `total`."""
    return {"No TLS": n, "TLS1.2": total - n}


def thresholds() -> Rows:
    rows = mail("plain 25 of 100", 47, plain(25, 100)) + mail("plain 26 of 100", 47, plain(26, 100))
    rows += mail("plain 2501 of 10000", 47, plain(2501, 10_000)) + mail("plain 2500 of 10000", 47, plain(2500, 10_000))
    rows += mail("plain one way", 47, plain(26, 100)) + mail("plain one way", 47, plain(25, 100), direction="outbound")
    rows += mail("", 47, plain(2600, 10_000)) + mail("", 47, plain(2500, 10_000), direction="outbound")
    for n, total in ((50, 100), (51, 100), (5001, 10_000)):
        rows += mail(f"old {n} of {total}", 47, {"TLS1.0": n, "TLS1.2": total - n}, direction="outbound")
    rows += mail("plain never decided", 47, {"No TLS": 20, "TLS1.2": 80, "": 100})
    rows += mail("plain over all the same", 47, {"No TLS": 60, "TLS1.2": 40, "": 100})
    rows += mail("plain under all the same", 47, {"No TLS": 10, "TLS1.2": 170, "": 20})
    rows += mail("plain speaks but open", 47, {"No TLS": 30, "TLS1.2": 70, "": 50})
    rows += mail("old maybe", 47, {"TLS1.0": 40, "TLS1.2": 40, "TLS": 40})
    rows += mail("encrypted somehow", 47, {"No TLS": 20, "TLS1.2": 60, "TLS": 1000})
    return rows + mail("all unknown", 47, {"": 40})


def deprecated() -> Rows:
    rows = mail("one old in a thousand", 47, {"TLS1.1": 1, "TLS1.2": 999}, partner="rare.example")
    rows += mail("ssl", 47, {"SSL3": 1, "TLS1.2": 9}, partner="a.example")
    rows += mail("ssl", 47, {"TLS1.0": 3, "TLS1.3": 2}, partner="b.example")
    return rows + mail("plain but not old", 47, {"No TLS": 1, "TLS1.2": 5, "TLS1.3": 4})


def ciphers() -> Rows:
    rows: Rows = []
    for name, cipher in (("static", STATIC), ("cbc", CBC), ("3des", TRIPLE), ("rc4", RC4), ("anonymous", ANONYMOUS),
                         ("null", NULL), ("good", GOOD)):  # fmt: skip
        rows += mail(f"cipher {name}", 47, {"TLS1.2": 10}, cipher=cipher)
    rows += mail("cipher bulk only", 47, {"TLS1.2": 10}, cipher="AES256")
    rows += mail("cipher mixed", 47, {"TLS1.2": 7}, cipher=CBC)
    rows += mail("cipher mixed", 47, {"TLS1.2": 10, "TLS1.3": 3, "No TLS": 2})
    return rows + mail("cipher mixed", days(47)[2], {"TLS1.2": 5}, cipher="AES128")


def forced() -> Rows:
    rows = mail("forced and plain", 47, plain(1, 500), forced=True, partner="branch.example")
    rows += mail("forced and kept", 47, plain(0, 500), forced=True)
    rows += mail("not forced", 47, plain(1, 500), forced=False)
    rows += mail("forced by settings", 47, plain(2, 500), direction="outbound")
    rows += mail("forced from Thursday", 46, plain(9, 100), forced=False)
    for n, day in enumerate(days(47)):
        rows += mail("forced from Thursday", day, plain(10 if n < 3 else 1, 100), forced=n >= 3)
        rows += mail("forced until Thursday", day, plain(1 if n >= 3 else 0, 100), forced=n < 3)
    rows += mail("forced since last Wednesday", 46, plain(5, 100), forced=False)
    rows += mail("forced since last Wednesday", monday(46).replace(day=11), plain(0, 100), forced=True)
    return rows + mail("forced since last Wednesday", 47, plain(3, 100), forced=True)


def moves() -> Rows:
    """Of 1,000 or 200 each Monday so many with TLS; and unknown of 100. Six weeks before are known of most."""
    rows: Rows = []
    for name, last in (("fell a little", 970), ("fell", 940), ("rose", 1000), ("fell or not", 960)):
        for week, protected in zip((41, 42, 43, 44, 45, 46, 47), (980, 1000, 980, 990, 970, 990, last), strict=True):
            rows += mail(name, week, plain(1000 - protected, 1000))
    rows += mail("fell or not", 47, {"": 1000})
    for name, last in (("steady, lost 10", 990), ("steady, lost 11", 989)):
        for week in range(42, 47):
            rows += mail(name, week, plain(0, 1000))
        rows += mail(name, 47, plain(1000 - last, 1000))
    for week, lost in zip((43, 44, 45, 46, 47), (0, 0, 25, 25, 50), strict=True):
        rows += mail("fell twice", week, plain(lost, 200))
    for name, before, now in (("four lost", 0, 4), ("five lost", 0, 5)):
        for week in range(41, 47):
            rows += mail(name, week, plain(before, 40))
        rows += mail(name, 47, plain(now, 40))
    for week in range(41, 48):
        rows += mail("unknown was large", week, {"": 600 if week < 47 else 10, "TLS1.3": 300 if week < 47 else 890})
    rows += mail("young", 45, plain(0, 1000)) + mail("young", 46, plain(0, 1000)) + mail("young", 47, plain(500, 1000))
    for name, now in (("unknown rose 3", 3), ("unknown rose 12", 12)):
        for week in (45, 46):
            rows += mail(name, week, {"TLS1.3": 100})
        rows += mail(name, 47, {"": now, "TLS1.3": 100 - now})
    rows += mail("unknown rose over a gap", 44, {"TLS1.3": 200}) + mail(
        "unknown rose over a gap", 47, {"": 19, "TLS1.3": 81}
    )
    sizes = {"unknown 5 of 100": (5, 100), "unknown 6 of 100": (6, 100), "unknown 15 of 100": (15, 100),
             "unknown few": (19, 19), "unknown enough": (20, 20)}  # fmt: skip
    for name, (unknown, total) in sizes.items():
        rows += mail(name, 47, {"": unknown, "TLS1.3": total - unknown})
    return rows + mail("version unknown 6 of 100", 47, {"TLS9.9": 6, "TLS1.3": 94})


def lives() -> Rows:
    rows = mail("fell silent", 43, plain(0, 9)) + mail("fell silent", 45, plain(0, 9))
    for name, each in (("fell silent, large", 30), ("fell silent, small", 3)):
        for week in (37, 38, 39, 41, 42, 43, 44, 45, 46):
            rows += mail(name, week, plain(0, each))
    rows += mail("goes on", 43, plain(0, 9)) + mail("goes on", 47, plain(0, 9))
    rows += mail("was seen once", 45, plain(0, 9))
    rows += mail("gone for long", 36, plain(0, 9)) + mail("gone for long", 37, plain(0, 9))
    rows += mail("came back", 43, plain(0, 9)) + mail("came back", 44, plain(0, 9)) + mail("came back", 47, plain(0, 9))
    rows += mail("appeared", 47, plain(0, 9)) + mail("appeared in 39", 39, plain(0, 9)) + mail("in 38", 38, plain(0, 9))
    rows += mail("changed type", 46, plain(0, 9)) + mail("changed type", 47, plain(0, 9), kind="OnPremises")
    rows += mail("odd type", 46, plain(0, 9)) + mail("odd type", 47, plain(0, 9), kind="a\u202eb{now}")
    rows += mail("changed forced", 46, plain(0, 9), forced=False) + mail("changed forced", 47, plain(0, 9), forced=True)
    rows += mail("told nothing new", 46, plain(0, 9), forced=True) + mail("told nothing new", 47, plain(0, 9))
    rows += mail("there and back", 46, plain(0, 9), forced=True)
    for n, day in enumerate(days(47)):
        rows += mail("there and back", day, plain(0, 9), forced=n != 3)
    return rows


def volumes() -> Rows:
    """Seven Mondays of the eight weeks before (week 40 never came) of 100 each; or of 20, 30 … 80; or in bursts."""
    rows: Rows = []
    weeks = [week for week in range(38, 47) if week != 40]
    for name, now in {"volume 200": 200, "volume 201": 201, "volume 50": 50, "volume 49": 49}.items():
        for week in weeks:
            rows += mail(name, week, plain(0, 100), direction="outbound")
        rows += mail(name, 47, plain(0, now), direction="outbound")
    for name, now in (("volume spread 149", 149), ("volume spread 200", 200)):
        for n, week in enumerate(weeks):
            rows += mail(name, week, plain(0, 10 * (n + 1)), direction="outbound")
        rows += mail(name, 47, plain(0, now), direction="outbound")
    for n, week in enumerate(weeks):
        rows += mail("volume in bursts", week, plain(0, (2, 40, 5, 9, 60, 3, 12, 30)[n]), direction="outbound")
    rows += mail("volume in bursts", 47, plain(0, 110), direction="outbound")
    for name, first in (("volume five weeks", 42), ("volume six weeks", 41)):
        for week in range(first, 47):
            rows += mail(name, week, plain(0, 100), direction="outbound")
        rows += mail(name, 47, plain(0, 900), direction="outbound")
    for name, now in (("volume small 19", 19), ("volume small 20", 20)):
        for week in weeks:
            rows += mail(name, week, plain(0, 1), direction="outbound")
        rows += mail(name, 47, plain(0, now), direction="outbound")
    return rows


def readiness() -> Rows:
    rows: Rows = []
    for week in range(44, 48):
        rows += mail("ready", week, {"TLS1.2": 20, "TLS1.3": 5})
        rows += mail("ready but for one", week, {"TLS1.2": 19 if week == 47 else 20, "TLS1.3": 5})
        rows += mail("one message in four weeks", week, {"TLS1.2": 100, "TLS1.1": int(week == 44)})
        rows += mail("ready but unknown", week, {"TLS1.2": 100, "": int(week == 45)})
        rows += mail("forced already", week, {"TLS1.2": 100}, forced=True)
        if week > 44:
            rows += mail("ready for three weeks", week, {"TLS1.2": 100})
    rows += mail("would break", 47, {"No TLS": 7, "TLS1.3": 100}, partner="a.example")
    rows += mail("would break", 47, {"TLS1.0": 2, "TLS1.2": 100}, partner="b.example")
    return rows + mail("might break", 47, {"": 4, "TLS1.2": 100})


def stories() -> Rows:
    """No TLS over the weeks, of 100 messages."""
    rows: Rows = []
    for name, shares in {
        "stood four weeks": {44: 30, 45: 31, 46: 32, 47: 33},
        "stood with a gap": {44: 30, 46: 32, 47: 33},
        "stood, then not, then again": {44: 30, 45: 1, 46: 30, 47: 30},
        "ended": {44: 10, 45: 30, 46: 30, 47: 10},
        "ended after a gap": {44: 30, 45: 30, 47: 10},
        "ended long ago": {45: 30, 46: 10, 47: 10},
        "stood over the lost week": {38: 30, 39: 30, 41: 30},
    }.items():
        for week, n in shares.items():
            rows += mail(name, week, plain(n, 100))
    return rows


def every_case() -> Rows:
    """All of them, and a connector that is always there."""
    rows = thresholds() + deprecated() + ciphers() + forced() + moves() + lives() + volumes() + readiness() + stories()
    for week in range(36, 49):
        rows += [] if week == 40 else mail("always there", week, {"TLS1.3": 50})
    return rows
