"""The Exchange admin center's table of percentages per day and connector: counts that add up, marked as estimates."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from etl import formats, staging
from etl.formats.base import Sample
from etl.settings import Settings
from tests.formats.table_site import asked, call, ingest, rejects, sums, write_site

HEADER = "Date,Connector direction and name,Connector type,Forced TLS?,No TLS,TLS 1.0,TLS 1.1,TLS 1.2,TLS 1.3,Volume"
SOURCE = {"name": "eac", "format": "m365_connector_details"}
VERSIONS = ("No TLS", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")


def table(*records: str, header: str = HEADER) -> bytes:
    """An export of these records."""
    return "\n".join((header, *records, "")).encode()


def site(folder: Path, **source: Any) -> Settings:
    """A site with one source of this format."""
    return write_site(folder, SOURCE | source)


def test_percentages_become_counts_that_add_up_to_the_volume(tmp_path: Path) -> None:
    settings = site(tmp_path)
    said = ingest(settings, "eac", {"a.csv": table(
        '2026-11-16,Inbound: Fabrikam partner,Partner,True,"12,5 %",0,0,"87,5 %",0,"1,001"',
        "2026-11-16,From the internet without a connector,No connector,False,33.3%,33.3%,33.3%,0%,0%,1000",
        "2026-11-16,To the internet without a connector,No connector,False,10,,-,60,0,77",
        "2026-11-16,Outbound: On-premises relay,OnPremises,False,0,0,0,0,100,0",
        "2026-11-16,Total,,,10,0,0,60,0,3078",
        "2026-11-16,Inbound total,,,10,0,0,60,0,3078",
    )})["a.csv"]  # fmt: skip
    assert (said["records"], said["used"], said["rejected"], said["skipped"]) == (6, 4, 0, {"total-row": 2})
    assert sums(settings, "direction", "connector", "tls_version", "is_estimated") == {
        ("inbound", "Fabrikam partner", "No TLS", True): 125,
        ("inbound", "Fabrikam partner", "TLS 1.2", True): 876,
        ("inbound", "No connector", "No TLS", True): 334,
        ("inbound", "No connector", "TLS 1.0", True): 333,
        ("inbound", "No connector", "TLS 1.1", True): 333,
        ("outbound", "No connector", "No TLS", True): 8,
        ("outbound", "No connector", "TLS 1.2", True): 46,
        ("outbound", "No connector", "Unknown", True): 23,
    }
    assert asked(settings, "select distinct partner_domain, recipients, bytes from facts") == [("Unknown", None, None)]
    told = asked(settings, "select direction, connector, connector_type, forced_tls from connector_days order by all")
    assert told == [
        ("inbound", "Fabrikam partner", "Partner", True),
        ("inbound", "No connector", None, False),
        ("outbound", "No connector", None, False),
        ("outbound", "On-premises relay", "On-premises", False),
    ]
    assert asked(settings, "select is_estimated, without_identity from source_days") == [(True, True)]
    assert asked(settings, "select has_identity, is_aggregate, suspected_cut from files") == [(False, True, False)]


def largest_remainder(volume: int, percents: list[Decimal], decimals: int) -> dict[str, int]:
    """The same rule, written once more with fractions."""
    slack = Fraction(len(percents), 2 * 10**decimals)
    weights = dict(zip(VERSIONS, map(Fraction, percents), strict=True))
    if 100 - sum(weights.values()) > slack:
        weights["Unknown"] = 100 - sum(weights.values())
    exact = {version: volume * weight / sum(weights.values()) for version, weight in weights.items()}
    counts = {version: int(part) for version, part in exact.items()}
    order = sorted(weights, key=lambda version: counts[version] - exact[version])
    for version in order[: volume - sum(counts.values())]:
        counts[version] += 1
    return {version: count for version, count in counts.items() if count}


def test_the_largest_remainder_over_many_rows(tmp_path: Path) -> None:
    drawn = random.Random(7)  # noqa: S311  no secret: the same rows each time
    records, expected = [], {}
    for number in range(400):
        volume, decimals = drawn.choice([0, 1, 7, 999, 10**6 + 3, 10**12]), drawn.choice([0, 1, 2, 6])
        cuts = sorted(drawn.randint(0, 100 * 10**decimals) for _ in range(4 + (number % 3 == 0)))
        percents = [
            Decimal(high - low).scaleb(-decimals)
            for low, high in zip([0, *cuts], [*cuts, 100 * 10**decimals], strict=False)
        ][:5]
        cells = ",".join(f"{percent:.{decimals}f}" for percent in percents)
        records.append(f"2026-11-{1 + number % 28},Inbound: C{number},Partner,True,{cells},{volume}")
        expected[f"C{number}"] = largest_remainder(volume, percents, decimals)
    settings = site(tmp_path)
    said = ingest(settings, "eac", {"a.csv": table(*records)})["a.csv"]
    assert (said["used"], said["rejected"]) == (400, 0)
    found: dict[str, dict[str, int]] = {name: {} for name in expected}
    for (connector, version), count in sums(settings, "connector", "tls_version").items():
        found[connector][version] = count
    assert found == expected
    assert any("Unknown" in parts for parts in expected.values())


REJECTED = [
    ("2026-11-16,Inbound: A,,,10,90,90,0,0,7", "percentages that add up to more than 100"),
    ("2026-11-16,Inbound: A,,,10,abc,0,0,0,7", "not a percentage"),
    ("2026-11-16,Inbound: A,,,-1,0,0,0,0,7", "not a percentage"),
    ("2026-11-16,Inbound: A,,,0,0,0,100,0,", "not a count"),
    ("2026-11-16,Inbound: A,,,0,0,0,100,0,12.5", "not a count"),
    ("2026-11-16,Inbound: A,,,0,0,0,100,0,-3", "not a count"),
    ("2026-11-16,Inbound: A,,,0,0,0,100,0,99999999999999", "not a count"),
    ("2026-11-16,A,,,0,0,0,100,0,7", "an unknown direction"),
    ("2026-11-16T23:00:00Z,Inbound: A,,,0,0,0,100,0,7", "not a date"),
    ("yesterday,Inbound: A,,,0,0,0,100,0,7", "not a date"),
    ("1999-01-01,Inbound: A,,,0,0,0,100,0,7", "a date outside 2010 to 2039"),
    ("2026-11-16,Inbound: A,,", "too few fields"),
]


def test_what_is_rejected_and_why(tmp_path: Path) -> None:
    settings = site(tmp_path)
    good = [f"2026-11-16,Inbound: Good {n},,,0,0,0,100,0,1" for n in range(2)]
    records = [good[0], *(record for record, _ in REJECTED), good[1]]
    said = ingest(settings, "eac", {"a.csv": table(*records)})["a.csv"]
    assert (said["records"], said["used"], said["rejected"]) == (len(records), 2, len(REJECTED))
    assert rejects(settings, "eac", said["sha256"]) == [
        (number, reason) for number, (_, reason) in enumerate(REJECTED, 2)
    ]


def test_a_row_told_twice_counts_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    settings = site(tmp_path)
    said = ingest(settings, "eac", {"a.csv": table(
        "2026-11-16,Inbound: A,,,0,0,0,100,0,7", "2026-11-16,Inbound: A,,,0,0,0,100,0,7",
        "2026-11-16,Outbound: A,,,0,0,0,100,0,5", "2026-11-16,Inbound: B,,,0,0,0,100,0,7",
        "2026-11-16,Inbound: B,,,0,0,0,100,0,8",
    )})["a.csv"]  # fmt: skip
    assert (said["used"], said["rejected"], said["skipped"]) == (2, 2, {"repeated-row": 1})
    assert sums(settings, "direction", "connector") == {("inbound", "A"): 7, ("outbound", "A"): 5}
    assert {reason for _, reason in rejects(settings, "eac", said["sha256"])} == {
        "a connector told twice for one day, differently"
    }


# What the parts of two connectors, of 100 and of 50 messages, are told as, and what is read of them.
HEAD = "Date,Connector direction and name,Connector type,Forced TLS?,No TLS,TLS 1.2,TLS 1.3,Volume"
UNITS = [
    # Fractions of 1: no row goes beyond, each adds up to it.
    (["0.1,0.4,0.5,100", "0,1,0,50"], {("A", "No TLS"): 10, ("A", "TLS 1.2"): 40, ("A", "TLS 1.3"): 50,
                                       ("B", "TLS 1.2"): 50}),
    (["0.333,0.333,0.333,100", "0,0,0,0"], {("A", "No TLS"): 34, ("A", "TLS 1.2"): 33, ("A", "TLS 1.3"): 33}),
    # The opposite: a percent sign, or one row that fractions can't explain, and all are percentages.
    (["0%,1%,0%,100", "0%,0%,1%,50"], {("A", "TLS 1.2"): 1, ("A", "Unknown"): 99, ("B", "TLS 1.3"): 1,
                                       ("B", "Unknown"): 49}),
    (["0,1,0,100", "0,0,100,50"], {("A", "TLS 1.2"): 1, ("A", "Unknown"): 99, ("B", "TLS 1.3"): 50}),
    # Neither: parts of 1 that leave some out are not guessed at.
    (["0.1,0.3,0.4,1000", "0,1,0,50"], {("A", "No TLS"): 1, ("A", "TLS 1.2"): 3, ("A", "TLS 1.3"): 4,
                                        ("A", "Unknown"): 992, ("B", "TLS 1.2"): 1, ("B", "Unknown"): 49}),
    # Counts: each row adds up to its volume, and not to 100.
    (["5,15,20,40", "0,7,0,7"], {("A", "No TLS"): 5, ("A", "TLS 1.2"): 15, ("A", "TLS 1.3"): 20, ("B", "TLS 1.2"): 7}),
    (["10,40,50,100", "0,100,0,100"], {("A", "No TLS"): 10, ("A", "TLS 1.2"): 40, ("A", "TLS 1.3"): 50,
                                       ("B", "TLS 1.2"): 100}),
    (["5,15,20,40", "0,100,0,7"], {("A", "No TLS"): 2, ("A", "TLS 1.2"): 6, ("A", "TLS 1.3"): 8, ("A", "Unknown"): 24,
                                   ("B", "TLS 1.2"): 7}),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "counts"), UNITS)
def test_fractions_and_counts_are_told_from_percentages(
    tmp_path: Path, parts: list[str], counts: dict[tuple[str, str], int]
) -> None:
    settings = site(tmp_path)
    rows = [f"2026-11-16,Inbound: {name},Partner,True,{told}" for name, told in zip("AB", parts, strict=True)]
    said = ingest(settings, "eac", {"a.csv": table(*rows, "2026-11-16,Total,,,,,,140", header=HEAD)})["a.csv"]
    assert (said["used"], said["rejected"]) == (2, 0)
    assert +sums(settings, "connector", "tls_version") == counts


@pytest.mark.parametrize("reverse", [False, True])
def test_the_newest_export_restates_a_connector_whole_in_any_order(tmp_path: Path, reverse: bool) -> None:
    settings = site(tmp_path)
    old = table(
        "2026-11-16,Inbound: A,Partner,False,50,0,0,50,0,10", "2026-11-16,Outbound: A,,,0,0,0,100,0,4",
        "2026-11-16,Inbound: B,,,0,0,0,100,0,3", "2026-11-17,Inbound: A,,,0,0,0,100,0,6",
    )  # fmt: skip
    new = table("2026-11-16,Inbound: A,Partner,True,0,0,0,0,100,12", "2026-11-16,Inbound: C,,,0,0,0,100,0,1")
    files = {"old.csv": old, "new.csv": new}
    ingest(settings, "eac", files, reverse=reverse)
    assert sums(settings, "data_date::varchar", "direction", "connector", "tls_version") == {
        ("2026-11-16", "inbound", "A", "TLS 1.3"): 12,
        ("2026-11-16", "outbound", "A", "TLS 1.2"): 4,
        ("2026-11-16", "inbound", "B", "TLS 1.2"): 3,
        ("2026-11-16", "inbound", "C", "TLS 1.2"): 1,
        ("2026-11-17", "inbound", "A", "TLS 1.2"): 6,
    }
    forced = asked(settings, "select forced_tls from connector_days where connector = 'A' and data_date = '2026-11-16'"
                   " and direction = 'inbound'")  # fmt: skip
    assert forced == [(True,)]


NAMES = [
    ("Inbound: A", "inbound", "A"), ("outbound - A - B", "outbound", "A - B"), ("Inbound A", "inbound", "A"),
    ("From Fabrikam", "inbound", "Fabrikam"), ("To: Fabrikam", "outbound", "Fabrikam"),
    ("Fabrikam (Outbound)", "outbound", "Fabrikam"), ("Sent: To Fabrikam", "outbound", "To Fabrikam"),
    ("Inbound connector: A", "inbound", "A"), ("Inbound: Total Energies", "inbound", "Total Energies"),
    ("[Inbound] A", "inbound", "A"), ("Outbound, A", "outbound", "A"),
    ("Inbound from 3fa85f64", "inbound", "Inbound from 3fa85f64"), ("Sent to Fabrikam", "outbound", "Fabrikam"),
    ("Received: 组织内 SMTP", "inbound", "组织内 SMTP"), ("Outbound: No connector", "outbound", "No connector"),
]  # fmt: skip


def test_direction_and_name_in_one_cell(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [f'2026-11-{number:02},"{told}",,,0,0,0,100,0,1' for number, (told, _, _) in enumerate(NAMES, 1)]
    said = ingest(settings, "eac", {"a.csv": table(*rows)})["a.csv"]
    assert said["used"] == len(NAMES)
    found = asked(settings, "select direction, connector from facts order by data_date")
    assert found == [(direction, name) for _, direction, name in NAMES]


def test_direction_by_the_source_or_a_column_of_its_own(tmp_path: Path) -> None:
    settings = site(tmp_path / "one", options={"direction": "inbound"})
    rows = ["To Fabrikam", "Inbound: A", "To the internet without a connector"]
    ingest(settings, "eac", {"a.csv": table(*(f"2026-11-16,{told},,,0,0,0,100,0,1" for told in rows))})
    assert sums(settings, "direction", "connector") == {
        ("inbound", "To Fabrikam"): 1, ("inbound", "A"): 1, ("outbound", "No connector"): 1,
    }  # fmt: skip
    header = '"DATE";"Direction";connector_name;"No TLS (percentage)";"TLS 1.2 (percentage)";"volume"'
    settings = site(tmp_path / "two")
    ingest(settings, "eac", {"a.csv": table("2026-11-16;Sent;From A;20,00;80,00;5", header=header)})
    assert sums(settings, "direction", "connector", "tls_version") == {
        ("outbound", "From A", "No TLS"): 1, ("outbound", "From A", "TLS 1.2"): 4,
    }  # fmt: skip


DATES = [
    (["11/16/2026", "11/9/2026"], "2026-11-09"),
    (["16/11/2026", "9/11/2026"], "2026-11-09"),
    (["16/11/2026 00:00:00", "09/11/2026 00:00:00"], "2026-11-09"),
    (["16.11.2026", "9.11.2026"], "2026-11-09"),
    (["Nov 16, 2026", "Nov 9, 2026"], "2026-11-09"),
    (["2026-11-16T00:00:00Z", "2026-11-09T00:00:00Z"], "2026-11-09"),
    (["11/16/2026 12:00:00 AM", "11/09/2026 12:00:00 AM"], "2026-11-09"),
    # As Excel saves a table again, by the language of the machine.
    (["16-11-2026", "9-11-2026"], "2026-11-09"),
    (["16-Nov-2026", "09-nov-2026"], "2026-11-09"),
    (["16-Nov-26", "9-Nov-26"], "2026-11-09"),
    (["16. 11. 2026", "9. 11. 2026"], "2026-11-09"),
    (["2026. 11. 16.", "2026. 11. 09."], "2026-11-09"),
    (["Monday, November 16, 2026", "Monday, November 9, 2026"], "2026-11-09"),
]


@pytest.mark.parametrize(("texts", "first"), DATES)
def test_days_are_read_in_the_way_of_the_whole_file(tmp_path: Path, texts: list[str], first: str) -> None:
    settings = site(tmp_path)
    said = ingest(settings, "eac", {"a.csv": table(*(f'"{day}",Inbound: A,,,0,0,0,100,0,1' for day in texts))})["a.csv"]
    assert said["used"] == 2
    assert asked(settings, "select min(data_date)::varchar, max(data_date)::varchar from facts") == [
        (first, "2026-11-16")
    ]


def test_days_that_could_be_either_are_refused_until_stated(tmp_path: Path) -> None:
    content = table("11/12/2026,Inbound: A,,,0,0,0,100,0,1")
    said = ingest(site(tmp_path / "one"), "eac", {"a.csv": content})["a.csv"]
    assert said["state"] == "quarantined"
    assert "do not tell the day from the month" in said["reason"]
    assert "date_format = '%d/%m/%Y'" in said["reason"]
    mixed = table("11/16/2026,Inbound: A,,,0,0,0,100,0,1", "16/11/2026,Inbound: B,,,0,0,0,100,0,1")
    assert ingest(site(tmp_path / "two"), "eac", {"a.csv": mixed})["a.csv"]["state"] == "quarantined"
    settings = site(tmp_path / "three", options={"date_format": "%d/%m/%Y"})
    ingest(settings, "eac", {"a.csv": content})
    assert asked(settings, "select data_date::varchar from facts") == [("2026-12-11",)]


NO_DAYS = [
    ("46342", "numbers"),
    ("16.11.26", "years of two digits"),
    ("11/16/26", "years of two digits"),
    ("16-11-26", "years of two digits"),
    ("16-marras-2026", "in no way that this reader knows"),
    ("2026-11-16T23:00:00Z", "in no way that this reader knows"),
]


@pytest.mark.parametrize(("day", "why"), NO_DAYS)
def test_a_file_without_any_day_that_can_be_read_is_refused_with_the_way_out(
    tmp_path: Path, day: str, why: str
) -> None:
    rows = (f"{day},Inbound: A,,,0,0,0,100,0,1", "Total,,,,,,,,,1")
    said = ingest(site(tmp_path), "eac", {"a.csv": table(*rows)})["a.csv"]
    assert said["state"] == "quarantined"
    assert why in said["reason"]
    assert f"'{day}'" in said["reason"]
    assert "date_format" in said["reason"] or "yyyy-mm-dd" in said["reason"]


def test_years_of_two_digits_are_read_where_they_are_stated(tmp_path: Path) -> None:
    settings = site(tmp_path, options={"date_format": "%d.%m.%y"})
    ingest(settings, "eac", {"a.csv": table("16.11.26,Inbound: A,,,0,0,0,100,0,1")})
    assert asked(settings, "select data_date::varchar from facts") == [("2026-11-16",)]


def test_recognised_by_its_header_and_refused_without_one(tmp_path: Path) -> None:
    assert (
        formats.recognise(Sample("x.csv", table("2026-11-16,Inbound: A,,,0,0,0,100,0,1"))) == "m365_connector_details"
    )
    settings = site(tmp_path)
    said = ingest(settings, "eac", {
        "a.csv": b"Date,Connector,TLS 1.2\n2026-11-16,Inbound: A,100\n", "b.csv": b"", "c.csv": HEADER.encode() + b"\n",
    })  # fmt: skip
    assert "No column for no_tls, messages in the header (Date, Connector, TLS 1.2)" in said["a.csv"]["reason"]
    assert "empty" in said["b.csv"]["reason"]
    assert (said["c.csv"]["state"], said["c.csv"]["records"]) == ("counted", 0)


def test_the_record_behind_a_fact(tmp_path: Path) -> None:
    settings = site(tmp_path)
    said = ingest(settings, "eac", {"a.csv": table(
        "2026-11-16,Inbound: A,,,0,0,0,100,0,7", "too,few", "2026-11-16,Inbound: B,,,50,0,0,50,0,8",
    )})["a.csv"]  # fmt: skip
    found = staging.find_records(settings, "eac", said["sha256"], {"connector": "B", "tls_version": "TLS 1.2"})
    assert [(item.record, item.outcome) for item in found] == [(3, "used")]
    assert '"record": 3' in call(settings, "explain", "2026-W47", "--connector", "B", "--json")


def test_html_pdf_and_mail_say_that_the_numbers_are_estimates(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [f"2026-11-{day},Inbound: Fabrikam partner,Partner,True,30,0,0,70,0,100" for day in range(16, 23)]
    ingest(settings, "eac", {"a.csv": table(*rows)})
    out = tmp_path / "out"
    call(settings, "report", "2026-W47", "--out", str(out))
    html = next(out.rglob("report.html")).read_text(encoding="utf-8")
    assert "Estimated from percentages: eac." in html
    assert "estimated from percentages" in html
    assert html.count("Estimated from percentages: Fabrikam partner, in.") == 2, "above both tables of counts"
    assert "Estimated from percentages: eac." in next(out.rglob("mail.txt")).read_text(encoding="utf-8")
    assert "Estimated from percentages: eac." in next(out.rglob("mail.html")).read_text(encoding="utf-8")
    with pikepdf.open(next(out.rglob("report.pdf"))) as pdf:
        assert "facts.csv" in pdf.attachments
        assert b",true" in pdf.attachments["facts.csv"].get_file().read_bytes().splitlines()[1]
