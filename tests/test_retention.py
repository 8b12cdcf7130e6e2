"""Sealing and removing: facts stay, bytes go, and never what no sealed fact covers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from etl import database, evidence, facts, landing, retention, warehouse
from etl.commands.data import bring_up
from etl.errors import ArchiveBroken, UsageInvalid
from etl.settings import Settings
from tests.helpers import bring, export, row, site

TODAY = date(2026, 11, 30)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two days of mail, one quarantined file, and raw data that may go after ten days."""
    made = site(tmp_path, retention={"landed_days": 10})
    bring(
        made,
        {
            "connector-2026-11-16.csv": export([row(1), row(2, tls_version="No Tls")]),
            "connector-2026-11-25.csv": export([row(3, date_time_utc="2026-11-25T09:00:00Z")]),
            "connector-2026-11-15.csv": b"no,known,header\n1,2,3\n",
        },
    )
    return made


def landed_names(settings: Settings) -> set[str]:
    return {item.receipt.name for item in evidence.landed(settings, "m365").values() if item.path.exists()}


def late_rows(settings: Settings) -> list[tuple[str, int]]:
    with warehouse.connect(settings.storage.warehouse_path) as con:
        return con.execute("select data_date::varchar, late_rows from late_rows").fetchall()


def test_removing_keeps_facts_and_what_no_sealed_fact_covers(settings: Settings) -> None:
    before = warehouse.digest(settings)
    retention.carry_out(settings, retention.plan(settings, TODAY), who="ops")
    bring_up(settings)
    assert landed_names(settings) == {"connector-2026-11-25.csv", "connector-2026-11-15.csv"}
    assert list(facts.sealed_days(settings)) == [date(2026, 11, 16)]
    assert warehouse.digest(settings).digest == before.digest
    with warehouse.connect(settings.storage.warehouse_path) as con:
        files = database.rows(con, "select name, used, records from files where name like '%11-16%'")
    assert files == [{"name": "connector-2026-11-16.csv", "used": 2, "records": 2}]


def test_a_dry_run_changes_nothing(settings: Settings) -> None:
    plan = retention.plan(settings, TODAY)
    assert [removal.name for removal in plan.remove] == ["connector-2026-11-16.csv"]
    assert plan.seal == (date(2026, 11, 16),)
    assert len(landed_names(settings)) == 3
    assert facts.sealed_days(settings) == {}


def test_nothing_goes_without_a_number_of_days(settings: Settings) -> None:
    without = settings.model_copy(update={"retention": settings.retention.model_copy(update={"landed_days": None})})
    plan = retention.plan(without, TODAY)
    assert (plan.seal, plan.remove, plan.mails) == ((), (), ())


def test_a_late_row_for_a_sealed_day_is_listed_and_changes_nothing(settings: Settings) -> None:
    before = warehouse.digest(settings).digest
    retention.seal(settings, date(2026, 11, 16), who="ops", why="closed")
    bring(settings, {"connector-2026-11-16_late.csv": export([row(1), row(9)])})
    assert warehouse.digest(settings).digest == before
    assert late_rows(settings) == [("2026-11-16", 2)]
    warehouse.rebuild(settings)
    assert warehouse.digest(settings).digest == before


def test_taking_the_seal_back_counts_the_late_row(settings: Settings) -> None:
    note = retention.seal(settings, date(2026, 11, 16), who="ops", why="closed")
    bring(settings, {"connector-2026-11-16_late.csv": export([row(1), row(9)])})
    evidence.add_note(settings, "revoke", who="ops", why="too early", revokes=note.number)
    bring_up(settings)
    assert late_rows(settings) == []
    assert facts.partitions(settings)[date(2026, 11, 16)].messages == 3


def test_rebuild_refuses_a_sealed_day_whose_facts_were_changed(settings: Settings) -> None:
    retention.seal(settings, date(2026, 11, 16), who="ops", why="closed")
    made = facts.partition(settings, date(2026, 11, 16))
    assert made is not None
    parquet = facts.partition_folder(settings, made) / "facts.parquet"
    with database.workbench(settings) as con:
        con.execute("create table changed as from read_parquet($file)", {"file": str(parquet)})
        con.execute("update changed set messages = messages + 1")
        con.table("changed").write_parquet(str(parquet))
    with pytest.raises(ArchiveBroken, match="2026-11-16"):
        warehouse.rebuild(settings)


def test_a_dirty_day_can_not_be_sealed(settings: Settings) -> None:
    path = settings.sources[0].location / "connector-2026-11-16_more.csv"
    path.write_bytes(export([row(5)]))
    landing.collect(settings, files=[path])
    with pytest.raises(UsageInvalid, match="not counted yet"):
        retention.seal(settings, date(2026, 11, 16), who="ops", why="closed")
