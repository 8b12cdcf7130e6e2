"""Delimited exports: every encoding, delimiter and line end; dates; records told apart as Python's csv module does."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from etl import staging
from etl.formats.delimited import csv_table
from etl.settings import Settings
from tests.helpers import HEADER, export, land, row, site

ROWS = [row(1, connector_name="Malmö – ö"), row(2, message_subject='a "b"\nc;d,e')]
LATIN = [row(1, connector_name="Malmö"), row(2, connector_name="Århus"), row(3, message_subject="ÄÖ é ß ø")]


def stage(settings: Settings, content: bytes) -> staging.FileCounts:
    """What staging one export comes to."""
    path = settings.sources[0].location / "connector-2026-11-16"
    path.write_bytes(content)
    landed = land(settings, path)
    return staging.stage(settings, "m365", str(landed.sha256))


def rows_of(settings: Settings, found: staging.FileCounts, columns: str) -> list[tuple[object, ...]]:
    """Columns of the staged records that are used."""
    folder = staging.staged_folder(settings, settings.sources[0], found.sha256)
    return duckdb.read_parquet(str(folder / "records.parquet")).filter("outcome = 'used'").project(columns).fetchall()


def rejects_of(settings: Settings, found: staging.FileCounts) -> list[tuple[int, str]]:
    """Record numbers and reasons."""
    folder = staging.staged_folder(settings, settings.sources[0], found.sha256)
    return duckdb.read_parquet(str(folder / "rejects.parquet")).project("record, reason").fetchall()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_utf8_with_any_delimiter(tmp_path: Path, delimiter: str, mark: bytes) -> None:
    settings = site(tmp_path)
    found = stage(settings, mark + export(ROWS, delimiter=delimiter))
    assert (found.used, found.notes["delimiter"], found.notes["encoding"]) == (2, delimiter, "utf-8")
    assert ("Malmö – ö",) in rows_of(settings, found, "connector")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("with_mark", [True, False])
def test_utf16_with_and_without_its_mark(tmp_path: Path, encoding: str, with_mark: bool) -> None:
    settings = site(tmp_path)
    text = export(ROWS * 400).decode()
    found = stage(settings, (("\ufeff" if with_mark else "") + text).encode(encoding))
    assert (found.used, found.notes["encoding"]) == (800, encoding)
    assert ("Malmö – ö",) in rows_of(settings, found, "connector")


def test_latin_1(tmp_path: Path) -> None:
    settings = site(tmp_path)
    found = stage(settings, export(LATIN).decode().encode("latin-1"))
    assert (found.used, found.notes["encoding"]) == (3, "latin-1")
    assert {name for (name,) in rows_of(settings, found, "connector")} == {"Malmö", "Århus", "Fabrikam partner"}


@pytest.mark.parametrize(
    "ends", [b"\n", b"\r\n", b"\r", (b"\r\n", b"\n"), (b"\n", b"\n\n"), (b"\n", b"\r\n\r\n"), (b"\r\n", b"\n\n\n")]
)
@pytest.mark.parametrize("last", [True, False])
def test_any_line_ends_and_blank_lines(tmp_path: Path, ends: bytes | tuple[bytes, bytes], last: bool) -> None:
    settings = site(tmp_path)
    lines = export([row(n) if n != 7 else row(n, directionality="Sideways") for n in range(1, 11)]).splitlines()
    lines[4] = b"too,few"
    used = [ends] if isinstance(ends, bytes) else list(ends)
    content = b"".join(line + used[number % len(used)] for number, line in enumerate(lines))
    found = stage(settings, content if last else content.rstrip(b"\r\n"))
    assert (found.records, found.used, found.rejected) == (10, 8, 2)
    assert rejects_of(settings, found) == [(4, "too few fields"), (7, "an unknown direction")]


def test_a_line_that_names_the_separator_and_a_header_with_line_feeds(tmp_path: Path) -> None:
    settings = site(tmp_path)
    content = export(ROWS, delimiter=";").replace(b"message_subject", b'"message\nsubject"', 1)
    for start in (b"", b"sep=;\r\n", b'"sep=;"\n'):
        found = stage(settings, start + content + b"too;few\n")
        assert (found.used, found.rejected) == (2, 1), start
        assert rejects_of(settings, found) == [(3, "too few fields")]


def test_headers_are_found_whatever_their_case_and_order(tmp_path: Path) -> None:
    settings = site(tmp_path)
    header = {"Date Time": "date_time_utc", "TLS-Version": "tls_version", "DIRECTION": "directionality",
              "tls_version": None, "Message ID": "message_id", "Sender Address": "sender_address"}  # fmt: skip
    lines = [
        ",".join(header),
        *(",".join(row(n)[key] if key else "TLS1.0" for key in header.values()) for n in range(3)),
    ]
    found = stage(settings, "\n".join(lines).encode())
    assert (found.used, found.has_identity) == (3, True)
    assert set(rows_of(settings, found, "tls_version")) == {("TLS 1.2",)}


def test_a_site_names_its_own_headers_and_they_come_first(tmp_path: Path) -> None:
    source = {"name": "m365", "format": "m365_connector_report", "location": "exports"}
    own = {"tls_version": ["Kryptering"], "direction": "Riktning", "date_time": "Tid"}
    settings = site(tmp_path, sources=[source | {"columns": own}])
    found = stage(settings, b"Tid,Riktning,Kryptering,tls_version\n2026-11-16,In,TLS1.3,TLS1.0\n")
    assert rows_of(settings, found, "tls_version") == [("TLS 1.3",)]
    wrong = site(tmp_path, sources=[source | {"columns": {"tls_verison": "x"}}])
    refused = stage(wrong, export(ROWS))
    assert refused.state == "quarantined"
    assert "which this format does not have" in str(refused.reason)


DATES = [
    ("UTC", {}, "2026-11-16T23:30:00Z", date(2026, 11, 17)),
    ("UTC", {}, "2026-11-16 22:30:00.123", date(2026, 11, 16)),
    ("Europe/Stockholm", {}, "2026-11-16T23:30:00", date(2026, 11, 16)),
    ("Europe/Stockholm", {}, "2026-11-16T23:30:00Z", date(2026, 11, 17)),
    ("Asia/Kolkata", {}, "2026-11-17T03:30:00", date(2026, 11, 16)),
    ("Asia/Kolkata", {}, "2026-11-17T03:30:00+05:30", date(2026, 11, 16)),
    ("America/New_York", {}, "2026-11-16T20:00:00-05:00", date(2026, 11, 17)),
    ("UTC", {}, "11/16/2026 11:30:00 PM", date(2026, 11, 17)),
    ("UTC", {}, "11/16/2026 23:30", date(2026, 11, 17)),
    ("UTC", {}, "11/16/2026 11:30:00\u202fPM", date(2026, 11, 17)),
    ("UTC", {}, "2026/11/16 23:30:00", date(2026, 11, 17)),
    ("America/New_York", {}, "2026/11/16", date(2026, 11, 16)),
    ("Europe/Stockholm", {}, "2026-11-16", date(2026, 11, 16)),
    ("Pacific/Auckland", {}, "2026-11-16", date(2026, 11, 16)),
    ("America/New_York", {}, "11/16/2026", date(2026, 11, 16)),
    ("UTC", {"date_format": "%d.%m.%Y %H:%M"}, "16.11.2026 23:30", date(2026, 11, 17)),
    ("America/New_York", {"date_format": "%d/%m/%Y"}, "16/11/2026", date(2026, 11, 16)),
]


@pytest.mark.parametrize(("zone", "options", "text", "day"), DATES)
def test_dates_in_every_style(tmp_path: Path, zone: str, options: dict[str, str], text: str, day: date) -> None:
    source = {"name": "m365", "format": "m365_connector_report", "location": "exports", "time_zone": zone}
    settings = site(tmp_path, sources=[source | {"options": options}])
    assert stage(settings, export([row(1, date_time_utc=text)])).days == {day.isoformat(): 1}


@pytest.mark.parametrize(
    ("most", "other"),
    [
        ("2026-11-16 10:00:00", "2026-11-16T10:00:00+05:00"),
        ("2026-11-16 10:00:00", "11/16/2026 10:00"),
        ("2026-11-16T10:00:00+01:00", "2026-11-16T10:00:00"),
        ("11/16/2026 10:00", "2026-11-16T10:00:00Z"),
        ("2026-11-16", "2026-11-16T10:00:00Z"),
    ],
)
def test_the_style_is_decided_for_the_whole_file(tmp_path: Path, most: str, other: str) -> None:
    settings = site(tmp_path)
    rows = [row(n, date_time_utc=other if n == 2500 else most) for n in range(1, 3001)]
    found = stage(settings, export(rows))
    assert (found.used, rejects_of(settings, found)) == (2999, [(2500, "not a date")])


def test_a_quote_left_open_in_the_middle_of_a_large_file(tmp_path: Path) -> None:
    settings = site(tmp_path)
    lines = export([row(n) for n in range(1, 2001)]).splitlines(keepends=True)
    many = lines[:1] + lines[1:] * 40
    for place, bad in (
        (40_000, b'2026-11-16T10:00:00Z,"Received,rest\n'),
        (60_000, many[5].replace(b"Partner", b'"Part')),
    ):
        found = stage(settings, b"".join([*many[:place], bad, *many[place:]]))
        assert found.state == "quarantined"
        assert "a quote is not closed" in str(found.reason)


def test_two_stray_quotes_that_close_each_other_are_noticed(tmp_path: Path) -> None:
    settings = site(tmp_path)
    lines = export([row(n, message_subject="s") for n in range(1, 50)]).decode().splitlines(keepends=True)
    lines[10] = lines[10].removesuffix("s\r\n") + '"s\r\n'
    lines[20] = lines[20].removesuffix("s\r\n") + 's"\r\n'
    found = stage(settings, "".join(lines).encode())
    assert (found.state, found.used) == ("quarantined", 0)


def test_a_file_of_another_width_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "MOST_REFUSED", 100)
    settings = site(tmp_path)
    few = stage(settings, export([row(1)]) + b"a,b\n" * 90)
    assert (few.used, few.rejected) == (1, 90)
    found = stage(settings, export([]) + b"a,b\n" * 5000)
    assert found.state == "quarantined"
    assert "5,000 lines are no records with the 14 fields" in str(found.reason)


cells = st.text(st.sampled_from('ab,;" \n\r\té=#\0'), max_size=8)
lists = st.lists(
    st.one_of(
        st.tuples(st.just("good"), cells),
        st.tuples(st.just("rule"), cells),
        st.tuples(st.just("short"), cells),
        st.tuples(st.just("long"), cells),
    ),
    max_size=12,
)


@examples(max_examples=40, deadline=None)
@given(lists, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_records_are_told_apart_and_numbered_as_python_does(
    drawn: list[tuple[str, str]], delimiter: str, end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(HEADER)
    expected = []
    for number, (kind, subject) in enumerate(drawn, 1):
        values = row(number, message_subject=subject, directionality="Received" if kind != "rule" else "?")
        told = [values[name] for name in HEADER]
        writer.writerow({"short": told[:5], "long": [*told, "more"]}.get(kind, told))
        reason = {"rule": "an unknown direction", "short": "too few fields", "long": "too many fields"}.get(kind)
        expected += [(number, reason)] if reason else []
    with tempfile.TemporaryDirectory() as folder:
        settings = site(Path(folder))
        found = stage(settings, text.getvalue().encode())
        if drawn and len(expected) == len(drawn) and "refused" in str(found.reason):
            assert f"{len(drawn)} of {len(drawn)} records were refused" in str(found.reason)
        elif found.state == "staged":
            assert (found.records, found.used) == (len(drawn), len(drawn) - len(expected))
            assert rejects_of(settings, found) == expected
        else:
            assert any(mark in subject for _, subject in drawn for mark in "\r\n"), found.reason
