"""The samples: made anew they are the same, their truth agrees with their files, and nothing in them is real."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import ipaddress
import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from etl import settings

SAMPLES = Path(__file__).parents[2] / "samples"
MEGABYTE = 1_000_000
SUMS = ("messages", "recipients", "bytes")

# zlib's own deflate packs this so; other implementations (zlib-ng) pack the same content into other bytes
PROBE = b"".join(hashlib.sha256(bytes([n])).hexdigest().encode() * (n % 5) for n in range(200))
REFERENCE = "a88434be48b9248a98854493d6bea139b224df8664a536ce415bb1ab6f42f05d"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples made anew."""
    out = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, SAMPLES / "make.py", "--out", out, "--facts"], check=True, timeout=240)
    return out


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))


def exports(folder: Path) -> list[Path]:
    return sorted([*(folder / "exports").iterdir(), *(folder / "late").iterdir()])


def unpacked(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            return archive.read(name)
    return path.read_bytes()


def text(path: Path) -> str:
    data = unpacked(path)
    if data[:2] == b"\xfe\xff" or data[1] == 0:
        return data.decode("utf-16" if data[:2] == b"\xfe\xff" else "utf-16-le")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def test_made_anew_they_have_the_same_bytes(made: Path) -> None:
    names = [path.relative_to(SAMPLES) for path in exports(SAMPLES)]
    assert names == [path.relative_to(made) for path in exports(made)]
    same_zlib = hashlib.sha256(zlib.compress(PROBE, 9)).hexdigest() == REFERENCE
    for name in names:
        assert unpacked(made / name) == unpacked(SAMPLES / name), name
        assert (made / name).read_bytes() == (SAMPLES / name).read_bytes() or not same_zlib, name
    assert (made / "expected.json").read_bytes() == (SAMPLES / "expected.json").read_bytes()


def test_they_are_small() -> None:
    own = [path for path in SAMPLES.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in [*exports(SAMPLES), *own]) < 3 * MEGABYTE


def test_no_domain_or_network_is_real() -> None:
    allowed = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "127.0.0.0/8")
    own = [path for path in SAMPLES.iterdir() if path.suffix in (".md", ".toml", ".json", ".py")]
    for path in [*exports(SAMPLES), *own]:
        content = text(path)
        domains = set(re.findall(r"@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)", content))
        assert {domain for domain in domains if not domain.lower().endswith(".example")} == set(), path.name
        for address in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", content):
            networks = map(ipaddress.ip_network, allowed)
            assert any(ipaddress.ip_address(address) in net for net in networks), (path.name, address)


@pytest.mark.parametrize("state", ["before_late", "after_late"])
def test_every_total_is_the_sum_of_its_parts(expected: dict[str, Any], state: str) -> None:
    for name, period in expected[state]["periods"].items():
        days = [
            day for day in expected[state]["days"] if "{}-W{:02}".format(*date.fromisoformat(day).isocalendar()) == name
        ]
        parts = {
            "days": [expected[state]["days"][day] for day in days],
            **{
                column: list(period[column].values())
                for column in ("by_direction", "by_tls_version", "by_partner_domain")
            },
            "by_connector": period["by_connector"],
            "flow": period["flow"],
        }
        for column, rows in parts.items():
            for unit in SUMS:
                assert sum(row[unit] for row in rows) == period["total"][unit], (name, column, unit)


def test_records_are_used_rejected_or_skipped(expected: dict[str, Any]) -> None:
    for file in expected["files"]:
        assert file["records"] == file["used"] + file["rejected"] + sum(file["skipped"].values()), file["name"]
        assert file["used"] == sum(file["days"].values())
        assert file["rejected"] == len(file["rejects"])
    assert sum(file["rejected"] for file in expected["files"]) == 12


# A second count, from the files alone, in the plainest Python.


def records(path: Path) -> Iterator[dict[str, str] | None]:
    """Each record by the words of its header without case, spaces and underscores; nothing for a wrong count."""
    content = text(path)
    delimiter = next(char for char in "\t;," if char in content.splitlines()[0])
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    header = [re.sub(r"[ _]", "", word).lower() for word in next(reader)]
    for fields in reader:
        yield dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None


def first(record: dict[str, str], *names: str) -> str:
    return next(record[name] for name in names if name in record)


def instant(word: str) -> datetime | None:
    for form in ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%m/%d/%Y %I:%M:%S %p"):
        try:
            return datetime.strptime(word, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


WORDS = {"received": "inbound", "inbound": "inbound", "sent": "outbound", "outbound": "outbound"}


def version(word: str) -> str:
    squeezed = word.lower().replace(" ", "").replace("v", "")
    known = {"notls": "No TLS", "ssl3": "SSL 3.0", "": "Unknown"} | {f"tls1.{n}": f"TLS 1.{n}" for n in range(4)}
    return known.get(squeezed, "TLS unknown")


def read(path: Path) -> tuple[Counter[str], list[tuple[Any, ...]]]:
    """The fates of a file's records, and what the used ones tell: the delivery's key, then TLS, partner and size."""
    fates: Counter[str] = Counter()
    told = []
    for record in records(path):
        moment = instant(first(record, "datetimeutc", "origintimestamputc")) if record else None
        direction = WORDS.get(first(record, "directionality", "direction").lower()) if record else None
        if not (record and moment and direction):
            fates["rejected"] += 1
        elif first(record, "recipientstatus", "deliverystatus") in ("Failed", "Expanded"):
            fates["skipped"] += 1
        else:
            fates["used"] += 1
            day = moment.astimezone(ZoneInfo("Europe/Stockholm")).date()
            connector = first(record, "connectorname", "connectorid") or "No connector"
            address = record["senderaddress" if direction == "inbound" else "recipientaddress"]
            key = (day, direction, connector, record["networkmessageid"], record["recipientaddress"])
            tls = version(first(record, "tlsversion", "tlsused"))
            domain = address.lower().split("@")[-1]
            told.append((key, (tls, record["tlscipher"]), domain, int(record["totalbytes"] or 0)))
    return fates, told


def counted(rows: list[tuple[Any, ...]]) -> dict[tuple[str, ...], list[int]]:
    """Messages, recipients and bytes per week, direction, connector and TLS version."""
    best: dict[Any, Any] = {}
    for key, tls, domain, size in rows:
        old_tls, old_domain, old_size = best.get(key, (tls, domain, size))
        best[key] = (old_tls if old_tls[0] != "Unknown" else tls, old_domain, max(size, old_size))
    transfers: defaultdict[Any, list[int]] = defaultdict(list)
    for (day, direction, connector, message, _), (tls, domain, size) in best.items():
        transfers[day, direction, connector, message, domain, tls].append(size)
    flow: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, direction, connector, _, _, tls), sizes in transfers.items():
        sums = flow["{}-W{:02}".format(*day.isocalendar()), direction, connector, tls[0]]
        for place, more in enumerate((1, len(sizes), max(sizes))):
            sums[place] += more
    return flow


def test_the_files_tell_what_is_expected(expected: dict[str, Any]) -> None:
    """Deliveries, transfers and sums counted from the files are those counted from the generated mail."""
    late, seen, rows = [], set(), []
    about = {file["name"]: file for file in expected["files"]}
    for path in exports(SAMPLES):
        fates, told = read(path)
        mine = about.pop(path.name)
        assert fates["used"] == mine["used"], path.name
        assert fates["rejected"] == mine["rejected"], path.name
        assert fates["skipped"] == mine["skipped"]["not-transferred"], path.name
        content = path.read_bytes()
        assert (content in seen) == bool(mine["duplicate_of"]), path.name
        seen.add(content)
        (late if path.parent.name == "late" else rows).extend(told)
    assert not about
    for state, evidence in (("before_late", rows), ("after_late", rows + late)):
        flow = counted(evidence)
        for name, period in expected[state]["periods"].items():
            theirs = {
                (name, r["direction"], r["connector"], r["tls_version"]): [r[s] for s in SUMS] for r in period["flow"]
            }
            assert {key: sums for key, sums in flow.items() if key[0] == name} == theirs, (state, name)


# What is planted.


def share(expected: dict[str, Any], week: str, connector: str, word: str, state: str = "after_late") -> tuple[int, int]:
    rows = [row for row in expected[state]["periods"][week]["flow"] if row["connector"] == connector]
    return sum(r["messages"] for r in rows if r["tls_version"] == word), sum(r["messages"] for r in rows)


def spoken(expected: dict[str, Any], week: str, state: str = "after_late") -> set[tuple[str, str, str | None]]:
    return {(i["rule"], i["verdict"], i["connector"]) for i in expected[state]["periods"][week]["insights"]}


def test_the_insights_are_as_planted(expected: dict[str, Any]) -> None:
    both = {
        ("no-tls-above-25", "speaks", "From Fabrikam Logistics"),
        ("tls-1-0-above-50", "speaks", "Scanners and devices"),
    }
    litware = {("no-tls-above-25", "undecided", "To Litware Archive, Malmö")}
    incomplete = {("data-incomplete", "speaks", None)}
    for week in ("2026-W43", "2026-W44", "2026-W45"):
        assert spoken(expected, week) == set()
    assert spoken(expected, "2026-W46", "before_late") == both | litware | incomplete
    assert spoken(expected, "2026-W46") == both
    assert spoken(expected, "2026-W47") == both | litware | incomplete


def test_shares_at_the_threshold_are_exact(expected: dict[str, Any]) -> None:
    assert share(expected, "2026-W47", "To Adatum Suppliers", "No TLS") == (28, 112)
    assert share(expected, "2026-W45", "Scanners and devices", "TLS 1.0") == (100, 200)


def test_connectors_are_as_planted(expected: dict[str, Any]) -> None:
    named = [row for row in expected["connectors"] if row["connector"] != "No connector"]
    assert len(named) == 8
    assert {(row["direction"], row["connector_type"]) for row in expected["connectors"]} == {
        (direction, kind) for direction in ("inbound", "outbound") for kind in ("OnPremises", "Partner", "NoConnector")
    }
    assert {row["connector"]: row["no_tls_though_forced"] for row in named if row["no_tls_though_forced"]} == {
        "From Northwind Bank": {"2026-W46": 17, "2026-W47": 13}
    }
    assert [row["connector"] for row in named if row["fell_silent"]] == ["Fax gateway"]


def test_files_are_as_planted(expected: dict[str, Any]) -> None:
    files = {file["name"]: file for file in expected["files"]}
    assert [name for name, file in files.items() if file["suspected_cut"]] == ["connector-2026-11-19.csv.gz"]
    assert files["connector-2026-11-19.csv.gz"]["records"] == 50_000
    assert {name for name, file in files.items() if file["folder"] == "late"} == {
        "connector-2026-11-10_corrected.csv.gz",
        "connector-2026-11-12.csv.gz",
    }
    assert "2026-11-18" not in {file["named_date"] for file in files.values()}
    before, after = (expected[state]["days"] for state in ("before_late", "after_late"))
    assert before["2026-11-12"]["export_came"] is False
    assert after["2026-11-12"]["deliveries"] > 100 * before["2026-11-12"]["deliveries"]
    assert after["2026-11-10"]["deliveries"] == before["2026-11-10"]["deliveries"]
    assert share(expected, "2026-W46", "To Litware Archive, Malmö", "Unknown", "before_late")[0] == 19
    assert share(expected, "2026-W46", "To Litware Archive, Malmö", "Unknown")[0] == 0


def test_mail_around_midnight_lies_on_both_days(expected: dict[str, Any]) -> None:
    """Also on the day daylight saving time ended, in both of its hours from two to three."""
    for file in expected["files"]:
        following = date.fromordinal(date.fromisoformat(file["named_date"]).toordinal() + 1).isoformat()
        cut_short = file["suspected_cut"] or file["name"] == "connector-2026-11-04.csv.gz"
        assert cut_short or {file["named_date"], following} <= set(file["days"]), file["name"]
    moments = [
        moment.hour
        for record in records(SAMPLES / "exports" / "connector-2026-10-25.csv.gz")
        if record and (moment := instant(record["datetimeutc"]))
    ]
    assert {0, 1, 21, 22} <= set(moments)


def test_the_readme_tells_the_numbers(expected: dict[str, Any]) -> None:
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| 2026-W\d\d.*$", readme, re.MULTILINE)
    versions = ("No TLS", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "TLS unknown", "Unknown")
    lines = set()
    for state, name, period in states_and_periods(expected):
        by = {word: period["by_tls_version"].get(word, {"messages": 0})["messages"] for word in versions}
        way = period["by_direction"]
        numbers = [period["total"]["messages"], way["inbound"]["messages"], way["outbound"]["messages"]]
        cells = [name + state, *(f"{n:,}" for n in [*numbers, period["total"]["recipients"], *by.values()])]
        lines.add(f"| {' | '.join(cells)} |")
        for i in period["insights"]:
            if i["rule"] == "data-incomplete":
                continue
            cells = [
                name + state.replace(", before the late files", " before"), i["rule"], i["direction"], i["connector"],
                i["verdict"], f"{i['numerator']} of {i['denominator']}", str(i["undecided"]), f"{i['lower']:.4f}",
                f"{i['upper']:.4f}", "yes" if i["provisional"] else "no",
            ]  # fmt: skip
            lines.add(f"| {' | '.join(cells)} |")
    assert set(told) == lines


def states_and_periods(expected: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each period once, and the one that the late files changed twice."""
    yield ", before the late files", "2026-W46", expected["before_late"]["periods"]["2026-W46"]
    for name, period in expected["after_late"]["periods"].items():
        yield "", name, period
        assert name == "2026-W46" or period == expected["before_late"]["periods"][name]


def test_the_settings_load() -> None:
    loaded = settings.load(SAMPLES / "config.toml", {})
    assert [(source.name, source.expect) for source in loaded.sources] == [("m365", "daily")]
    connectors = {connector.name for connector in loaded.connectors}
    assert all(set(audience.connectors) <= connectors for audience in loaded.audiences)
    assert {audience.language for audience in loaded.audiences} == {None, "sv"}
    for path in exports(SAMPLES):
        day = path.name[len("connector-") :][:10]
        assert path.match(loaded.sources[0].pattern.replace("{date}", day)), path.name
