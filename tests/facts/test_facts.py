"""Facts: what counts as what, dirty days by the set they are made of, publishing that readers never notice."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import chain, facts, landing, staging, warehouse
from etl.chain import bring_up
from etl.landing import evidence
from etl.settings import Settings
from tests.helpers import HEADER, bring, export, land, row, site

DAY = date(2026, 11, 16)
NO_IDENTITY = [name for name in HEADER if name not in ("message_id", "network_message_id")]
TABLES = (
    "facts",
    "connector_days",
    "source_days",
    "partitions",
    "files",
    "file_days",
    "skips",
    "rejects",
    "unknown_words",
    "sources",
)


def asked(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """What the published warehouse answers."""
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        return con.execute(query).fetchall()


def sums(settings: Settings) -> tuple[Any, ...]:
    """Messages, recipients and bytes of all facts."""
    return asked(settings, "select sum(messages), sum(recipients), sum(bytes) from facts")[0]


def contents(settings: Settings) -> dict[str, list[str]]:
    """Every row of the published warehouse."""
    with warehouse.connect(settings.storage.warehouse_path) as con:
        return {name: sorted(map(repr, con.table(name).fetchall())) for name in TABLES}


def test_a_message_to_three_is_one_transfer_to_each_partner(tmp_path: Path) -> None:
    settings = site(tmp_path)
    sent = [
        row(1, directionality="Sent", recipient_address=to, sender_address="a@contoso.example")
        for to in ("x@one.example", "y@one.example", "z@two.example")
    ]
    bring(settings, {"connector-1": export(sent)})
    found = asked(settings, "select partner_domain, messages, recipients, bytes from facts order by 1")
    assert found == [("one.example", 1, 2, 1000), ("two.example", 1, 1, 1000)]


@pytest.mark.parametrize("header", [HEADER, NO_IDENTITY])
def test_a_list_of_recipients_says_the_same(tmp_path: Path, header: list[str]) -> None:
    settings = site(tmp_path)
    many = "x@one.example##Receive, Deliver;y@one.example##Receive, Deliver; z@two.example##Receive, Send;"
    sent = row(1, directionality="Sent", recipient_address=many, sender_address="a@contoso.example")
    bring(settings, {"connector-1": export([sent], header)})
    found = asked(settings, "select partner_domain, messages, recipients, bytes from facts order by 1")
    assert found == [("one.example", 1, 2, 1000), ("two.example", 1, 1, 1000)]


def test_recipients_that_failed_do_not_count_and_records_stay_accounted_for(tmp_path: Path) -> None:
    settings = site(tmp_path)
    told = ["a@x.example##Receive, Fail;b@x.example##Receive, Deliver", "a@x.example##Receive, Fail;b@y.example##Fail",
            ";", "", "c@x.example##Receive, Deliver"]  # fmt: skip
    rows = [row(n, directionality="Sent", recipient_address=to) for n, to in enumerate(told)]
    bring(settings, {"connector-1": export(rows)})
    (files,) = facts.files_by_source(settings)
    (counts,) = files.counts.values()
    assert (counts.records, counts.used, counts.skipped) == (5, 4, {"not-transferred": 1})
    found = asked(settings, "select partner_domain, messages, recipients from facts order by 1")
    assert found == [("Unknown", 2, 2), ("x.example", 2, 2)]


def test_the_row_that_says_most_of_tls_stands(tmp_path: Path) -> None:
    settings = site(tmp_path)
    said = [("", ""), ("TLS", ""), ("TLS1.2", ""), ("TLS1.2", "TLS_AES_256_GCM_SHA384")]
    files = {}
    for number, (version, cipher) in enumerate([*said, *reversed(said)]):
        rows = [row(1, tls_version=version, tls_cipher=cipher, total_bytes=str(number), message_subject=str(number))]
        files[f"connector-{number}"] = export(rows)
    bring(settings, files)
    found = asked(settings, "select tls_version, tls_cipher, messages, bytes from facts")
    assert found == [("TLS 1.2", "TLS_AES_256_GCM_SHA384", 1, 7)]
    assert asked(settings, "select trace_rows, deliveries, duplicates from source_days") == [(8, 1, 7)]


def test_hours_without_a_row_are_whole_hours_of_the_day(tmp_path: Path) -> None:
    settings = site(tmp_path)
    times = ("09:00:00", "09:20:00", "09:59:59", "10:00:00", "22:59:59")
    bring(settings, {"connector-1": export([row(n, date_time_utc=f"2026-11-16T{at}Z") for n, at in enumerate(times)])})
    found = asked(settings, "select trace_rows, deliveries, duplicates, hours_without from source_days")
    assert found == [(5, 5, 0, 21)]


def test_facts_lie_in_canonical_order(tmp_path: Path) -> None:
    told = {"format": "m365_connector_report", "location": "exports"}
    settings = site(tmp_path, sources=[told | {"name": name, "pattern": f"{name}-*"} for name in ("z", "a")])
    cells = enumerate(product(("C", "", "Å"), ("b", "a", "ab"), ("TLS1.3", "No Tls", "")))
    rows = [
        row(n, connector_name=connector, sender_address=f"a@{domain}.example", tls_version=version)
        for n, (connector, domain, version) in cells
    ]
    for name in ("z", "a"):
        _written(settings, export(rows)).rename(tmp_path / "exports" / f"{name}-1")
    landing.collect(settings)
    bring_up(settings)
    found = asked(settings, "select * from facts")
    assert (len(found), found) == (54, asked(settings, "select * from facts order by all"))


def test_domains_are_lower_case_a_labels(tmp_path: Path) -> None:
    settings = site(tmp_path)
    senders = [
        "a@RÄKSMÖRGÅS.example",
        "b@xn--rksmrgs-5wao1o.example.",
        "c@Fabrikam.EXAMPLE",
        "<>",
        "",
        "nobody",
        "d@bad domain ö",
    ]
    bring(settings, {"connector-1": export([row(n, sender_address=text) for n, text in enumerate(senders)])})
    found = dict(asked(settings, "select partner_domain, sum(messages)::int from facts group by 1"))
    assert found == {"xn--rksmrgs-5wao1o.example": 2, "fabrikam.example": 1, "<>": 1, "Unknown": 2, "bad domain ö": 1}


def test_exports_without_identity_restate_the_hours_they_share(tmp_path: Path) -> None:
    settings = site(tmp_path)
    kept = [row(n, date_time_utc=f"2026-11-16T{n:02}:00:00Z") for n in range(24)]
    later = [row(n, date_time_utc=f"2026-11-17T{n:02}:00:00Z") for n in range(24)]
    bring(settings, {"connector-2026-11-16 20261117T010000Z": export(kept, NO_IDENTITY)})
    bring(settings, {"connector-2026-11-17 20261118T010000Z": export(later, NO_IDENTITY)})
    days = asked(settings, "select data_date::varchar, sum(messages)::int from facts group by 1 order by 1")
    assert days == [("2026-11-16", 23), ("2026-11-17", 24), ("2026-11-18", 1)]
    bring(settings, {"connector-2026-11-16 20261119T010000Z": export(kept[1:13], NO_IDENTITY)})
    days = asked(settings, "select data_date::varchar, sum(messages)::int from facts group by 1 order by 1")
    assert days == [("2026-11-16", 12), ("2026-11-17", 24), ("2026-11-18", 1)]
    bring(settings, {"connector-2026-11-16 20261101T010000Z": export(kept[2:20], NO_IDENTITY)})
    assert asked(settings, "select sum(messages)::int from facts")[0][0] == 37
    assert asked(settings, "select without_identity from source_days") == [(True,)] * 3


def test_an_aggregate_restates_and_counts_its_column(tmp_path: Path) -> None:
    settings = site(tmp_path)
    header = ("Date", "Direction", "Connector", "TLS Version", "Message Count")
    line = {"Date": "2026-11-16", "Direction": "Received", "Connector": "Hub"}
    first = [
        line | {"TLS Version": "TLS1.2", "Message Count": "90"},
        line | {"TLS Version": "No TLS", "Message Count": "10"},
    ]
    bring(settings, {"connector-2026-11-16 20261117T010000Z": export(first, header)})
    again = [line | {"TLS Version": "TLS1.2", "Message Count": count} for count in ("95", "-1", "many", "")]
    bring(settings, {"connector-2026-11-16 20261118T010000Z": export(again, header)})
    assert asked(settings, "select tls_version, messages, recipients from facts") == [("TLS 1.2", 95, None)]
    assert asked(settings, "select record, reason from rejects order by 1") == [
        (number, "not a count") for number in (2, 3, 4)
    ]


@pytest.mark.parametrize(("records", "suspected"), [(49_999, False), (50_000, True), (50_001, False), (100_000, True)])
def test_a_file_of_exactly_the_vendors_limit_is_suspected(tmp_path: Path, records: int, suspected: bool) -> None:
    settings = site(tmp_path)
    line = export([row(1)]).splitlines(keepends=True)
    landed = land(settings, _written(settings, line[0] + line[1] * (records - 1) + b"bad\n"))
    counts = staging.stage(settings, "m365", str(landed.sha256))
    assert (counts.records, counts.rejected, counts.suspected_cut) == (records, 1, suspected)


def _written(settings: Settings, content: bytes) -> Path:
    path = settings.sources[0].location / "connector-1"
    path.write_bytes(content)
    return path


def test_a_day_is_dirty_by_the_set_it_was_made_from(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(1)])})
    assert facts.dirty_days(settings) == []
    assert not facts.rebuild_day(settings, DAY)
    (settings.sources[0].location / "connector-2").write_bytes(export([row(2)]))
    landing.collect(settings, files=[settings.sources[0].location / "connector-2"])
    chain.stage(settings)
    assert facts.dirty_days(settings) == [DAY]
    other = site(tmp_path, report={"time_zone": "Pacific/Auckland"})
    assert facts.dirty_days(other) == [DAY]
    assert facts.rebuild_day(settings, DAY)
    assert facts.dirty_days(settings) == []
    assert facts.dirty_days(site(tmp_path, connectors=[{"name": "Hub", "forced_tls": True}])) == [DAY]


def test_a_source_taken_out_of_the_settings_takes_its_facts_along(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(1)])})
    without = site(tmp_path, sources=[])
    bring_up(without)
    assert asked(without, "select (select count(*) from facts), (select count(*) from files)") == [(0, 0)]
    bring_up(settings)
    assert sums(settings) == (1, 1, 1000)


def test_digest_is_equal_however_the_facts_came_to_be(tmp_path: Path) -> None:
    rows = [row(n, date_time_utc=f"2026-11-{14 + n % 4}T{n % 24:02}:30:00Z") for n in range(60)]
    exports = {f"connector-{n}": export(rows[n * 10 : n * 10 + 25]) for n in range(5)}
    straight, backwards = site(tmp_path / "a"), site(tmp_path / "b")
    bring(straight, exports)
    names = list(reversed(exports))
    for chosen in (names[:2], names[2:], names[:1]):
        bring(backwards, {name: exports[name] for name in chosen} | {f"{name} again": exports[name] for name in chosen})
    found = warehouse.digest(straight).digest
    assert warehouse.digest(backwards).digest == found
    before = contents(straight)
    warehouse.rebuild(straight)
    assert (warehouse.digest(straight).digest, contents(straight)) == (found, before)


def test_digest_does_not_depend_on_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(1), row(1), row(2)])})
    found = warehouse.digest(settings).digest
    monkeypatch.setenv(settings.storage.key_env, "another")
    warehouse.rebuild(settings)
    assert warehouse.digest(settings).digest == found
    assert sums(settings) == (2, 2, 2000)
    assert asked(settings, "select count(*) from trace_rows") == [(3,)]


def test_retracting_and_replacing_change_the_facts_and_back(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(1)]), "connector-2": export([row(2), row(3)])})
    found = {name: evidence.find(settings, name).receipt.sha256 for name in ("connector-1", "connector-2")}
    note = evidence.add_note(settings, "retract", who="t", why="w", source="m365", sha256=found["connector-2"])
    bring_up(settings)
    assert sums(settings) == (1, 1, 1000)
    assert asked(settings, "select name, state, reason from files order by 1")[1] == ("connector-2", "retracted", "w")
    evidence.add_note(settings, "revoke", who="t", why="w", revokes=note.number)
    about = {"source": "m365", "sha256": found["connector-1"], "other": found["connector-2"]}
    evidence.add_note(settings, "replace", who="t", why="w", **about)
    bring_up(settings)
    assert sums(settings) == (2, 2, 2000)


def test_every_total_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    settings = site(tmp_path)
    rows = [
        row(n % 40, directionality=("Received", "Sent")[n % 2], tls_version=("TLS1.2", "No TLS", "", "TLS1.3")[n % 4],
            recipient_address=f"p{n}@{n % 5}.example", connector_name=("", "Hub", "Edge")[n % 3], total_bytes=str(n))
        for n in range(200)
    ]  # fmt: skip
    bring(settings, {"connector-1": export(rows)})
    with warehouse.connect(settings.storage.warehouse_path) as con:
        (total,) = con.execute("select sum(messages), sum(recipients), sum(bytes) from facts").fetchall()
        for column in ("data_date", "direction", "connector", "partner_domain", "tls_version", "tls_cipher"):
            parts = con.table("facts").aggregate(f"{column}, sum(messages) m, sum(recipients) r, sum(bytes) b", column)
            assert parts.aggregate("sum(m), sum(r), sum(b)").fetchall() == [total]
    assert total[1] == 200


def test_rebuilding_takes_nothing_away_before_the_new_is_there(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(n, date_time_utc=f"2026-11-{10 + n}T12:00:00Z") for n in range(5)])})
    finished = threading.Event()
    seen = set()

    def read() -> None:
        while not finished.is_set():
            seen.add(sums(settings))
            seen.add(("days", len(facts.partitions(settings))))

    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read)
        warehouse.rebuild(settings)
        finished.set()
        reading.result()
    assert seen == {(5, 5, 5000), ("days", 5)}


@pytest.mark.parametrize("count", range(1, 8))
def test_killed_while_rebuilding_a_day_the_old_or_the_new_holds(tmp_path: Path, count: int) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(1)])})
    before = facts.partition(settings, DAY)

    def die() -> None:
        real, left = os.fsync, [count]

        def counted(handle: int) -> None:
            left[0] -= 1
            if left[0] == 0:
                os._exit(137)
            real(handle)

        os.fsync = counted
        facts.rebuild_day(settings, DAY, anew=True)

    child = multiprocessing.get_context("fork").Process(target=die)
    child.start()
    child.join()
    made = facts.partition(settings, DAY)
    assert made is not None
    assert before is not None
    assert made.facts_sha256 == before.facts_sha256
    assert facts.recompute_sha256(settings, made) == made.facts_sha256
    bring_up(settings)
    assert sums(settings) == (1, 1, 1000)


def test_a_warehouse_of_an_older_version_is_made_anew(tmp_path: Path) -> None:
    settings = site(tmp_path)
    bring(settings, {"connector-1": export([row(1)])})
    before = contents(settings)
    with duckdb.connect(str(settings.storage.warehouse_path)) as con:
        con.execute("update warehouse_version set version = 0")
        con.execute("drop table skips")
    warehouse.publish(settings)
    assert contents(settings) == before


def test_a_file_that_nobody_has_read_yet_counts_nowhere_and_is_stated_so(tmp_path: Path) -> None:
    settings = site(tmp_path)
    path = settings.sources[0].location / "connector-2026-11-16.csv"
    path.write_bytes(export([row(1)]))
    landed = land(settings, path)
    (item,) = facts.files_by_source(settings)
    assert item.states[str(landed.sha256)][0] == "unstaged"
    assert (item.counted(DAY), facts.dirty_days(settings)) == ([], [])
    assert sorted(found.name for found in settings.storage.root.iterdir()) == ["landed", "locks", "receipts"]
    bring_up(settings)
    (item,) = facts.files_by_source(settings)
    assert item.states[str(landed.sha256)][0] == "counted"
    assert item.counted(DAY) == [landed.sha256]
