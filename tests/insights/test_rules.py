"""Each built-in rule at, just below and just above its edge: exports are ingested, then `insights` is asked.

One ledger holds all cases, each a connector of its own: a Monday a week from week 36, all days of week 47; nothing came
in week 40.
"""

from __future__ import annotations

from typing import Any

import pytest

from etl.insights.classes import versions_of
from etl.settings import Settings
from tests.helpers import bring, export, site
from tests.insights.cases import every_case, plain
from tests.insights.exports import (
    IRREGULAR,
    STATIC,
    SUMS,
    FoundRecord,
    days,
    ended,
    mail,
    only,
    policy,
    rule,
    said,
)  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """All cases, ingested once."""
    told = {"name": "forced by settings", "direction": "outbound", "forced_tls": True, "partner": "Fabrikam",
            "contact": "Postmaster, +46 1"}  # fmt: skip
    settings = site(tmp_path_factory.mktemp("ledger"), connectors=[told], **IRREGULAR)
    bring(settings, {"connector-all": export(every_case(), SUMS)})
    return settings


@pytest.fixture(scope="module")
def week_47(ledger: Settings) -> FoundRecord:
    return said(ledger, "2026-W47")


def numbers(insight: dict[str, Any]) -> tuple[int, int, int]:
    return insight["numerator"], insight["denominator"], insight["undecided"]


NO_TLS, TLS_1_0 = "no-tls-above-25", "tls-1-0-above-50"


@pytest.mark.parametrize(
    ("name", "direction", "expected", "digits"),
    [
        ("plain 25 of 100", "inbound", None, 0),
        ("plain 26 of 100", "inbound", (26, 100, 0), 1),
        ("plain 2500 of 10000", "inbound", None, 0),
        ("plain 2501 of 10000", "inbound", (2501, 10_000, 0), 2),
        ("plain one way", "inbound", (26, 100, 0), 1),
        ("plain one way", "outbound", None, 0),
        ("No connector", "inbound", (2600, 10_000, 0), 1),
        ("No connector", "outbound", None, 0),
    ],
)
def test_no_tls_above_25(
    week_47: FoundRecord, name: str, direction: str, expected: tuple[int, int, int] | None, digits: int
) -> None:
    found = week_47.get((NO_TLS, direction, name))
    assert (numbers(found) if found else None) == expected
    if found:
        assert (found["verdict"], found["provisional"], found["threshold"], found["comparator"]) == (
            "speaks", False, 0.25, ">",
        )  # fmt: skip
        assert found["share"] == found["lower"] == found["upper"] == found["numerator"] / found["denominator"]
        assert found["share_digits"] == digits
        assert f"{100 * found['share']:.{digits}f}" not in ("25", "25.0")


@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [("old 50 of 100", None, 0), ("old 51 of 100", (51, 100, 0), 1), ("old 5001 of 10000", (5001, 10_000, 0), 2)],
)
def test_tls_1_0_above_50(week_47: FoundRecord, name: str, expected: tuple[int, int, int] | None, digits: int) -> None:
    found = week_47.get((TLS_1_0, "outbound", name))
    assert (numbers(found) if found else None) == expected
    assert not found or found["share_digits"] == digits


@pytest.mark.parametrize(
    ("rule_id", "name", "expected", "verdict"),
    [
        (NO_TLS, "plain never decided", (20, 100, 100), "undecided"),
        (NO_TLS, "plain over all the same", (60, 100, 100), "speaks"),
        (NO_TLS, "plain under all the same", None, ""),
        (NO_TLS, "plain speaks but open", (30, 100, 50), "undecided"),
        (NO_TLS, "encrypted somehow", None, ""),
        (NO_TLS, "all unknown", (0, 0, 40), "undecided"),
        (TLS_1_0, "old maybe", (40, 80, 40), "undecided"),
        (TLS_1_0, "all unknown", (0, 0, 40), "undecided"),
        ("deprecated-tls", "encrypted somehow", (0, 80, 1000), "undecided"),
    ],
)
def test_undecided_messages_are_apart_and_may_leave_a_rule_open(
    week_47: FoundRecord, rule_id: str, name: str, expected: tuple[int, int, int] | None, verdict: str
) -> None:
    found = week_47.get((rule_id, "inbound", name))
    assert (numbers(found) if found else None) == expected
    if found and expected:
        n, total, undecided = expected
        assert (found["verdict"], found["provisional"]) == (verdict, verdict == "undecided")
        assert found["lower"] == n / (total + undecided)
        assert found["upper"] == (n + undecided) / (total + undecided)
        assert found["share"] == (n / total if total else None)


def test_deprecated_tls_names_partners_and_volumes(week_47: FoundRecord) -> None:
    rare, both = (week_47["deprecated-tls", "inbound", name] for name in ("one old in a thousand", "ssl"))
    assert numbers(rare) == (1, 1000, 0)
    assert rare["references"] == ["RFC 8996"]
    assert numbers(both) == (4, 15, 0)
    told = [(line["partner_domain"], line["versions"], line["messages"]) for line in both["partners"]]
    assert told == [("b.example", {"TLS 1.0": 3, "TLS 1.3": 2}, 5), ("a.example", {"SSL 3.0": 1, "TLS 1.2": 9}, 10)]
    assert both["partners"][0]["first_seen_date"] == both["partners"][0]["last_seen_date"] == "2026-11-16"
    assert ("deprecated-tls", "inbound", "plain but not old") not in week_47


@pytest.mark.parametrize("name", ["static", "cbc", "3des", "rc4", "anonymous", "null"])
def test_weak_ciphers_speak(week_47: FoundRecord, name: str) -> None:
    found = week_47["weak-cipher", "inbound", f"cipher {name}"]
    assert (*numbers(found), found["verdict"]) == (10, 10, 0, "speaks")


def test_weak_cipher_is_silent_where_only_the_bulk_cipher_is_known(week_47: FoundRecord) -> None:
    assert ("weak-cipher", "inbound", "cipher bulk only") not in week_47
    assert ("weak-cipher", "inbound", "cipher good") not in week_47
    mixed = week_47["weak-cipher", "inbound", "cipher mixed"]
    assert (*numbers(mixed), mixed["provisional"]) == (7, 22, 5, False)
    by_day = {day["data_date"]: day["share"] for day in mixed["days"]}
    assert by_day["2026-11-16"] == {"n": 7, "total": 22, "undecided": 0}
    assert by_day["2026-11-18"] == {"n": 0, "total": 0, "undecided": 5}


def test_weak_cipher_goes_by_the_profile_that_the_rule_names(ledger: Settings) -> None:
    speaks = {}
    for profile in ("rfc9325", "pci-dss-4.0.1", "bsi-tr-02102-2"):
        told = {"kind": "cipher_share", "profile": profile, "threshold": 0, "open": "silent"}
        found = said(ledger, "2026-W47", only(rule("weak", **told)))
        speaks[profile] = {key[2].removeprefix("cipher ") for key in found if key[2] and key[2].startswith("cipher ")}
    assert speaks == {
        "rfc9325": {"static", "cbc", "3des", "rc4", "anonymous", "null", "mixed"},
        "pci-dss-4.0.1": {"rc4", "null"},
        "bsi-tr-02102-2": {"static", "3des", "rc4", "anonymous", "null"},
    }


def test_a_cipher_rule_that_speaks_only_of_what_is_known_says_so(ledger: Settings) -> None:
    """7 of 22 is over 30 %, 7 of 27 is not: `open = "silent"` must not make a certainty of it."""
    told = {"kind": "cipher_share", "threshold": "30%", "open": "silent"}
    found = said(ledger, "2026-W47", only(rule("weak", **told)))["weak", "inbound", "cipher mixed"]
    assert (found["verdict"], found["provisional"]) == ("undecided", True)


FORCED = "forced-tls-contradicted"


def test_forced_tls_contradicted_from_the_export_and_from_the_settings(week_47: FoundRecord) -> None:
    assert numbers(week_47[FORCED, "inbound", "forced and plain"]) == (1, 500, 0)
    assert week_47[FORCED, "inbound", "forced and plain"]["partners"][0]["partner_domain"] == "branch.example"
    by_settings = week_47[FORCED, "outbound", "forced by settings"]
    assert numbers(by_settings) == (2, 500, 0)
    assert by_settings["contact"] == "Postmaster, +46 1"
    assert by_settings["advice"].endswith("Contact: Postmaster, +46 1.")
    assert by_settings["partner"] == "Fabrikam"
    for name in ("forced and kept", "not forced"):
        assert (FORCED, "inbound", name) not in week_47


def test_forced_tls_counts_only_the_days_on_which_it_was_forced(week_47: FoundRecord) -> None:
    thursday = week_47[FORCED, "inbound", "forced from Thursday"]
    assert numbers(thursday) == (4, 400, 0)
    assert [day["data_date"] for day in thursday["days"]] == [day.isoformat() for day in days(47)[3:]]
    assert (FORCED, "inbound", "forced until Thursday") not in week_47
    late = week_47[FORCED, "inbound", "forced since last Wednesday"]
    assert (*numbers(late), late["periods_in_a_row"], late["first_seen"]) == (3, 100, 0, 1, "2026-W47")
    assert late["share_before"] == 0


def test_tls_got_worse_by_more_than_chance_explains(week_47: FoundRecord) -> None:
    worse = {key[2]: found for key, found in week_47.items() if key[0] == "tls-got-worse"}
    assert {"fell", "fell or not", "steady, lost 11", "fell twice", "five lost"} <= set(worse)
    quiet = {"fell a little", "steady, lost 10", "rose", "four lost", "unknown was large"}
    assert not quiet & set(worse), "too small, too few, chance, or only unknown mail"
    found = worse["fell"]
    assert (*numbers(found), found["verdict"], found["needs_action"]) == (940, 1000, 0, "speaks", True)
    assert (found["numerator_before"], found["denominator_before"]) == (990, 1000)
    assert found["detail"] == (
        "Down by 4.5 percentage points from 98.5\u202f% (5\u202f910 of 6\u202f000) in week 41, 2026 to week 46, 2026. "
        "Usually between 97.0 and 100.0\u202f%."
    )
    assert len(found["days"]) == 7
    unsure = worse["fell or not"]
    assert (unsure["verdict"], unsure["provisional"], unsure["needs_action"]) == ("undecided", True, False)


def test_a_connectors_first_fall_does_not_hide_its_second(week_47: FoundRecord) -> None:
    """0, 0, 12.5, 12.5, 25 % without TLS: held against its largest change so far, the second were usual."""
    found = week_47["tls-got-worse", "inbound", "fell twice"]
    assert (*numbers(found), found["needs_action"]) == (150, 200, 0, True)
    assert "Usually" not in found["detail"], "four values are no usage"


def test_unknown_is_large(week_47: FoundRecord) -> None:
    large = {key[2] for key in week_47 if key[0] == "unknown-large"}
    assert {"unknown 6 of 100", "unknown enough", "version unknown 6 of 100", "all unknown"} <= large
    assert not {"unknown 5 of 100", "unknown few"} & large


def test_unknown_is_large_enough_to_act_on(week_47: FoundRecord) -> None:
    """6 of 100 is more than 5 %, and what 5 % give by chance every third week."""
    large = {key[2]: found for key, found in week_47.items() if key[0] == "unknown-large"}
    assert [large[f"unknown {n} of 100"]["needs_action"] for n in (6, 15)] == [False, True]


def test_unknown_is_suddenly_up(week_47: FoundRecord) -> None:
    """As it is when a header changed upstream; weeks without mail between do not hide it."""
    rose = {key[2]: found for key, found in week_47.items() if key[0] == "unknown-rose"}
    assert {"unknown rose 12", "unknown rose over a gap"} <= set(rose)
    assert not {"unknown rose 3", "unknown was large"} & set(rose)
    told = "Up by 19.0 percentage points from 0.0\u202f% (0 of 200) in week 44, 2026."
    assert rose["unknown rose over a gap"]["detail"] == told
    assert rose["unknown rose over a gap"]["numerator_before"] is None, "nothing came the week before"


def test_a_header_that_changed_upstream_raises_unknown(tmp_path: Any) -> None:
    settings = site(tmp_path, **IRREGULAR)
    rows = mail("hub", 46, {"TLS1.3": 60, "No TLS": 40}) + mail("hub", 47, {"": 100})
    bring(settings, {"connector-all": export(rows, SUMS)})
    found = said(settings, "2026-W47")
    assert {"unknown-large", "unknown-rose"} <= {key[0] for key in found if key[2] == "hub"}
    open_one = found[NO_TLS, "inbound", "hub"]
    assert (open_one["verdict"], open_one["needs_action"]) == ("undecided", False)


def test_connector_silent(ledger: Settings, week_47: FoundRecord) -> None:
    silent = {key[2]: found for key, found in week_47.items() if key[0] == "connector-silent"}
    assert "fell silent" in silent
    assert not {"goes on", "was seen once", "came back", "always there"} & set(silent)
    found = silent["fell silent"]
    assert (found["numerator"], found["periods_in_a_row"], found["first_seen"]) == (0, 2, "2026-W46")
    assert "Last mail on Mon 2 November 2026; there was mail from" in found["detail"]
    assert ended(ledger, "2026-W47")["connector-silent", "inbound", "came back"]["periods"] == 2
    for weeks, speaks in ((2, True), (3, False)):
        asked = only(rule("silent", kind="connector_silent", weeks=weeks))
        assert (("silent", "inbound", "fell silent") in said(ledger, "2026-W47", asked)) is speaks
    assert not {key for key in said(ledger, "2026-W49") if key[0] == "connector-silent"}, "no data came at all"


def test_a_silent_connector_needs_action_where_mail_was_to_be_expected(week_47: FoundRecord) -> None:
    silent = {key[2]: found["needs_action"] for key, found in week_47.items() if key[0] == "connector-silent"}
    assert silent["fell silent, large"]
    assert not silent["fell silent, small"], "three messages a week stay away by chance"
    assert not silent["fell silent"], "two weeks of nine tell too little"


def test_connector_silent_stops_when_the_connector_is_gone(ledger: Settings) -> None:
    """Last mail on the Monday of week 37: 10 weeks at the end of week 47."""
    for weeks in (1, 10):
        asked = only(rule("silent", kind="connector_silent", weeks=weeks))
        assert ("silent", "inbound", "gone for long") in said(ledger, "2026-W47", asked)
    found = said(ledger, "2026-W47", only(rule("silent", kind="connector_silent", weeks=11)))
    assert ("silent", "inbound", "gone for long") not in found


def test_connector_new(ledger: Settings, week_47: FoundRecord) -> None:
    found = week_47["connector-new", "inbound", "appeared"]
    assert (found["numerator"], found["severity"], found["detail"]) == (
        9,
        "info",
        "First mail on Mon 16 November 2026.",
    )
    assert ("connector-new", "inbound", "goes on") not in week_47
    assert ("connector-new", "inbound", "appeared in 39") in said(ledger, "2026-W39")
    assert not [key for key in said(ledger, "2026-W38") if key[0] == "connector-new"], "the ledger is too young"


def test_connector_changed(week_47: FoundRecord) -> None:
    changed = {key[2]: found["detail"] for key, found in week_47.items() if key[0] == "connector-changed"}
    assert changed["changed type"] == "Type: was Partner, On-premises from Mon 16 November 2026 on."
    assert changed["odd type"] == "Type: was Partner, a\ufffdb{now} from Mon 16 November 2026 on."
    assert changed["changed forced"] == "Forced TLS: was no, yes from Mon 16 November 2026 on."
    assert "told nothing new" not in changed
    assert changed["there and back"] == (
        "Forced TLS: was yes, no from Thu 19 November 2026 on. Forced TLS: was no, yes from Fri 20 November 2026 on."
    )


def test_volume_out_of_band(week_47: FoundRecord) -> None:
    out = {key[2]: found for key, found in week_47.items() if key[0] == "volume-out-of-band"}
    assert {"volume 201", "volume 49", "volume spread 200", "volume six weeks", "volume small 20"} <= set(out)
    quiet = {"volume 200", "volume 50", "volume spread 149", "volume five weeks", "volume small 19", "volume in bursts"}
    assert not quiet & set(out)
    found = out["volume 201"]
    assert (found["numerator"], found["denominator"], found["needs_action"]) == (1, 7, False)
    assert found["detail"] == "Mon 16 November 2026: 201, usually 100 to 100."


def test_ready_to_enforce(week_47: FoundRecord) -> None:
    ready = {key[2] for key in week_47 if key[0] == "ready-to-enforce"}
    assert "ready" in ready
    assert not {"ready but for one", "one message in four weeks", "ready but unknown", "forced already"} & ready
    assert "ready for three weeks" not in ready
    found = week_47["ready-to-enforce", "inbound", "ready"]
    assert (found["numerator"], found["denominator"]) == (0, 100)


def test_what_would_break(week_47: FoundRecord) -> None:
    found = week_47["would-break", "inbound", "would break"]
    assert numbers(found) == (9, 209, 0)
    assert found["detail"] == (
        "Would have failed: 9 of the messages, 2 of the partners; 7 without TLS, 2 with TLS 1.1 or older."
    )
    assert [line["partner_domain"] for line in found["partners"]] == ["a.example", "b.example"]
    might = week_47["would-break", "inbound", "might break"]
    assert (*numbers(might), might["verdict"]) == (0, 100, 4, "undecided")
    assert ("would-break", "inbound", "ready") not in week_47
    assert ("would-break", "inbound", "forced and plain") not in week_47


@pytest.mark.parametrize(
    ("name", "in_a_row", "first_seen"),
    [
        ("stood four weeks", 4, "2026-W44"),
        ("stood with a gap", 3, "2026-W44"),
        ("stood, then not, then again", 2, "2026-W46"),
        ("plain 26 of 100", 1, "2026-W47"),
    ],
)
def test_weeks_in_a_row_and_first_seen(week_47: FoundRecord, name: str, in_a_row: int, first_seen: str) -> None:
    found = week_47[NO_TLS, "inbound", name]
    assert (found["periods_in_a_row"], found["first_seen"]) == (in_a_row, first_seen)


def test_change_since_last_week(week_47: FoundRecord) -> None:
    found = week_47[NO_TLS, "inbound", "stood four weeks"]
    before = (found["share_before"], found["numerator_before"], found["denominator_before"])
    assert before == (0.32, 32, 100)
    assert week_47[NO_TLS, "inbound", "plain 26 of 100"]["share_before"] is None


def test_resolved_insights_are_listed_once_with_how_long_they_stood(ledger: Settings) -> None:
    over = ended(ledger, "2026-W47")
    stood = {name: over[NO_TLS, "inbound", name] for name in ("ended", "ended after a gap")}
    assert {name: (item["periods"], item["first_seen"]) for name, item in stood.items()} == {
        "ended": (2, "2026-W45"),
        "ended after a gap": (2, "2026-W44"),
    }
    assert (NO_TLS, "inbound", "ended long ago") not in over
    assert (NO_TLS, "inbound", "ended long ago") in ended(ledger, "2026-W46")
    assert (NO_TLS, "inbound", "ended") not in ended(ledger, "2026-W48")


def test_a_week_without_any_data_ends_nothing(ledger: Settings) -> None:
    assert ended(ledger, "2026-W40") == {}
    assert said(ledger, "2026-W40") == {}
    found = said(ledger, "2026-W41")[NO_TLS, "inbound", "stood over the lost week"]
    assert (found["periods_in_a_row"], found["first_seen"]) == (3, "2026-W38")


def test_a_fall_is_no_standing_state_that_ends(ledger: Settings) -> None:
    assert not [key for key in ended(ledger, "2026-W48") if key[0] in ("tls-got-worse", "unknown-rose")]


def test_every_insight_carries_its_evidence(week_47: FoundRecord) -> None:
    promised = {
        "rule", "rule_version", "severity", "verdict", "direction", "connector", "numerator", "denominator",
        "undecided", "share", "lower", "upper", "threshold", "provisional", "advice", "title", "days", "first_seen",
        "periods_in_a_row", "share_before", "acknowledged", "contact", "references", "share_digits",
        "id", "needs_action", "cause", "explains", "counts_only",
    }  # fmt: skip
    for found in week_47.values():
        assert promised <= set(found)
        assert found["rule_version"] in (1, 2)
        assert found["advice"]
        assert found["first_seen"]
        for line in found["partners"]:
            assert sum(line["versions"].get(version, 0) for version in versions_of(found["measure"])) > 0
        if found["share"] is not None and found["rule"] not in ("connector-silent", "volume-out-of-band"):
            assert sum(day["share"]["n"] for day in found["days"]) == found["numerator"], found["rule"]
            assert sum(day["share"]["total"] for day in found["days"]) == found["denominator"]
            assert sum(day["share"]["undecided"] for day in found["days"]) == found["undecided"]


def test_texts_are_whole_in_both_languages(ledger: Settings, week_47: FoundRecord) -> None:
    swedish = said(ledger, "2026-W47", language="sv")
    for key, found in week_47.items():
        assert swedish[key]["title"] != found["title"]
        assert "{" not in found["detail"] + swedish[key]["detail"] or key[2] == "odd type"
        assert (found["detail"] == swedish[key]["detail"]) is (not found["detail"])
    assert "4,5 procentenheter" in swedish["tls-got-worse", "inbound", "fell"]["detail"]


def test_a_new_threshold_rule_needs_no_code(ledger: Settings) -> None:
    told = {"measure": ["TLS 1.2"], "comparator": "<", "threshold": "75%", "severity": "notice"}
    found = said(ledger, "2026-W47", policy(more=rule("tls-1-2-below-75", **told)))
    below = {key[2]: item for key, item in found.items() if key[0] == "tls-1-2-below-75"}
    assert numbers(below["plain 26 of 100"]) == (74, 100, 0)
    assert "plain 25 of 100" not in below
    assert below["plain 2501 of 10000"]["share_digits"] == 2
    assert below["plain 26 of 100"]["comparator"] == "<"
    whole = said(ledger, "2026-W47", only(rule("all", measure="protected", scope="direction", threshold="1%")))
    assert set(whole) == {("all", "inbound", None), ("all", "outbound", None)}


def acknowledged(until: str, **more: str) -> str:
    told = {"rule": NO_TLS, "by": "Kim", "why": "moves in May"} | more
    return (
        "\n[[acknowledgements]]\n"
        + "\n".join(f'{key} = "{value}"' for key, value in told.items())
        + f"\nuntil = {until}\n"
    )


def test_acknowledgements_and_expired_ones(ledger: Settings) -> None:
    here = {"connector": "plain 26 of 100", "direction": "inbound"}
    found = said(ledger, "2026-W47", policy(more=acknowledged("2026-11-22", **here)))
    told = found[NO_TLS, "inbound", "plain 26 of 100"]["acknowledged"]
    assert told == {"by": "Kim", "until": "2026-11-22", "why": "moves in May"}
    assert found[NO_TLS, "inbound", "plain one way"]["acknowledged"] is None
    assert not [key for key in found if key[0] == "acknowledgement-expired"]

    found = said(ledger, "2026-W47", policy(more=acknowledged("2026-11-21", **here)))
    assert found[NO_TLS, "inbound", "plain 26 of 100"]["acknowledged"] is None
    expired = found["acknowledgement-expired", "inbound", "plain 26 of 100"]
    assert expired["detail"] == "Accepted by Kim until Sat 21 November 2026: moves in May"
    both = policy(more=acknowledged("2026-11-21", **here) + acknowledged("2027-01-31", **here))
    assert not [key for key in said(ledger, "2026-W47", both) if key[0] == "acknowledgement-expired"]
    gone = policy(more=acknowledged("2026-11-21", connector="plain 25 of 100"))
    assert not [key for key in said(ledger, "2026-W47", gone) if key[0] == "acknowledgement-expired"]


def faulty(hours_empty: int = 30) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Two weeks of four connectors, 100 messages a day; on the Tuesday of the second week `hours_empty` of each 100 say
    nothing of TLS, on three of them. A fourth leaves 30 of 100 empty every day."""
    before: list[dict[str, str]] = []
    now: list[dict[str, str]] = []
    for name in ("north", "east", "south", "west"):
        for day in days(46):
            before += mail(name, day, {"TLS1.3": 100})
        for n, day in enumerate(days(47)):
            empty = 30 if name == "west" else hours_empty if n == 1 else 0
            now += mail(name, day, {"": empty, "No TLS": min(20, 100 - empty), "TLS1.3": max(0, 80 - empty)})
    return before, now


def test_one_faulty_export_is_one_action_and_names_its_file(tmp_path: Any) -> None:
    """The rules that it leaves open, or that tell of much unknown mail, are explained by it; others are not."""
    settings = site(tmp_path, **IRREGULAR)
    before, now = faulty(90)
    by_day = {day.isoformat(): [row for row in now if row["Date"] == day.isoformat()] for day in days(47)}
    files = {f"connector-{day}": export(rows, SUMS) for day, rows in by_day.items()}
    bring(settings, {"connector-before": export(before, SUMS), **files})
    found = said(settings, "2026-W47")
    cause = found["export-without-tls", None, None]
    assert (cause["id"], cause["needs_action"], cause["source"]) == ("export-without-tls/m365", True, "m365")
    assert (cause["numerator"], cause["denominator"]) == (300, 400)
    told = "(Tue 17 November 2026): TLS is unknown for 300 of 400 messages; affected connectors: 4."
    assert cause["detail"].startswith("connector-2026-11-17")
    assert cause["detail"].endswith(told)
    explained = {key: item for key, item in found.items() if item["cause"] == cause["id"]}
    assert {key[2] for key in explained} == {"north", "east", "south"}
    assert set(cause["explains"]) == {item["id"] for item in explained.values()}
    assert {"unknown-large", NO_TLS} <= {key[0] for key in explained}
    assert not any(item["needs_action"] for item in explained.values())
    west = found["unknown-large", "inbound", "west"]
    assert (west["needs_action"], west["cause"]) == (True, None), "empty every day: its own"
    assert found["unknown-rose", "inbound", "west"]["cause"] == west["id"]
    assert found["tls-got-worse", "inbound", "north"]["needs_action"], "a fifth of it lost TLS all the same"


def test_one_connectors_own_unknown_is_no_faulty_export(tmp_path: Any) -> None:
    settings = site(tmp_path, **IRREGULAR)
    before, now = faulty(0)
    bring(settings, {"connector-all": export([*before, *now], SUMS)})
    assert not [key for key in said(settings, "2026-W47") if key[0] == "export-without-tls"]


def test_all_unknown_ends_nothing(tmp_path: Any) -> None:
    """Weak ciphers are not gone because nobody can see them: they are, where enough is known."""
    settings = site(tmp_path, **IRREGULAR)
    rows: list[dict[str, str]] = []
    for name, now in (("blind", {"": 100}), ("seen", {"TLS1.2": 100}), ("half", {"": 50, "TLS1.2": 50})):
        rows += mail(name, 46, {"TLS1.2": 100}, cipher=STATIC) + mail(name, 47, now)
    bring(settings, {"connector-all": export(rows, SUMS)})
    assert {key[2] for key in ended(settings, "2026-W47") if key[0] == "weak-cipher"} == {"seen"}


def test_few_messages_are_counts_and_call_nobody(tmp_path: Any) -> None:
    settings = site(tmp_path, **IRREGULAR)
    rows = mail("four of seven", 47, plain(4, 7)) + mail("six of twenty", 47, plain(6, 20))
    rows += mail("five of nineteen", 47, plain(5, 19)) + mail("turned by unknown", 47, plain(26, 100) | {"": 10})
    rows += mail("forced, one of two", 47, plain(1, 2), forced=True)
    bring(settings, {"connector-all": export(rows, SUMS)})
    found = said(settings, "2026-W47")
    told = {
        key[2]: (item["verdict"], item["needs_action"], item["counts_only"])
        for key, item in found.items()
        if key[0] == NO_TLS
    }
    assert told == {
        "four of seven": ("speaks", False, True),
        "five of nineteen": ("speaks", False, True),
        "six of twenty": ("speaks", True, False),
        "turned by unknown": ("undecided", False, False),
        "forced, one of two": ("speaks", False, True),
    }
    assert found[FORCED, "inbound", "forced, one of two"]["needs_action"], "one message is one too many there"


def test_a_fall_into_what_is_acted_on_already_is_no_second_action(tmp_path: Any) -> None:
    settings = site(tmp_path, **IRREGULAR)
    rows: list[dict[str, str]] = []
    for week in range(41, 48):
        rows += mail("hub", week, plain(30 if week == 47 else 0, 100))
    bring(settings, {"connector-all": export(rows, SUMS)})
    found = said(settings, "2026-W47")
    lead, fall = found[NO_TLS, "inbound", "hub"], found["tls-got-worse", "inbound", "hub"]
    assert (lead["needs_action"], lead["explains"]) == (True, [fall["id"]])
    assert (fall["needs_action"], fall["cause"]) == (False, lead["id"])
    accepted = said(settings, "2026-W47", policy(more=acknowledged("2027-01-31")))
    assert accepted["tls-got-worse", "inbound", "hub"]["needs_action"], "what was accepted got worse"
