"""Sealing and removing: facts stay, bytes go, and never what no sealed fact covers."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from etl import facts, landing, warehouse
from etl.chain import bring_up
from etl.common import database
from etl.common.errors import ArchiveBroken, UsageInvalid
from etl.landing import evidence
from etl.ops import retention
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
    with database.workbench(settings.resources) as con:
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


def test_a_day_whose_rows_may_still_come_is_not_sealed(settings: Settings) -> None:
    soon = settings.model_copy(update={"retention": settings.retention.model_copy(update={"landed_days": 1})})
    assert soon.sources[0].lateness_days == 2
    assert retention.plan(soon, date(2026, 11, 27)).seal == (date(2026, 11, 16),)
    assert retention.plan(soon, date(2026, 11, 28)).seal == (date(2026, 11, 16), date(2026, 11, 25))


def test_a_file_with_one_open_day_stays_until_that_is_sealed(settings: Settings) -> None:
    two_days = [row(20, date_time_utc="2026-11-17T09:00:00Z"), row(21, date_time_utc="2026-11-21T09:00:00Z")]
    bring(settings, {"connector-2026-11-17.csv": export(two_days)})
    first = retention.plan(settings, date(2026, 12, 1))
    assert first.seal == (date(2026, 11, 16), date(2026, 11, 17))
    assert [item.name for item in first.remove] == ["connector-2026-11-16.csv"]
    retention.carry_out(settings, retention.plan(settings, date(2026, 12, 2)), who="ops")
    assert "connector-2026-11-17.csv" not in landed_names(settings)


def test_killed_between_sealing_and_removing_the_next_run_does_the_rest(settings: Settings) -> None:
    plan = retention.plan(settings, TODAY)
    for day in plan.seal:
        retention.seal(settings, day, who="ops", why="retention")
    again = retention.plan(settings, TODAY)
    assert again.seal == ()
    assert [item.name for item in again.remove] == ["connector-2026-11-16.csv"]
    retention.carry_out(settings, again, who="ops")
    assert retention.plan(settings, TODAY).remove == ()


def test_nothing_goes_while_its_day_has_changes_not_counted(settings: Settings) -> None:
    path = settings.sources[0].location / "connector-2026-11-16_more.csv"
    path.write_bytes(export([row(5)]))
    landing.collect(settings, files=[path])
    retention.carry_out(settings, retention.plan(settings, TODAY), who="ops")
    assert facts.sealed_days(settings) == {}
    assert "connector-2026-11-16.csv" in landed_names(settings)


def test_a_year_is_sealed_from_one_list_of_files(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    more = [row(30 + n, date_time_utc=f"2026-11-{10 + n}T09:00:00Z") for n in range(4)]
    bring(settings, {"connector-2026-11-10.csv": export(more)})
    listed = []
    real = facts.files_by_source
    monkeypatch.setattr(facts, "files_by_source", lambda told: listed.append(told) or real(told))
    plan = retention.plan(settings, TODAY)
    assert len(plan.seal) == 5
    before = len(listed)
    retention.carry_out(settings, plan, who="ops")
    assert len(listed) == before + 1
    assert set(facts.sealed_days(settings)) == set(plan.seal)


def test_a_day_made_anew_since_its_files_were_listed_is_not_sealed(settings: Settings) -> None:
    plan = retention.plan(settings, TODAY)
    bring(settings, {"connector-2026-11-16_more.csv": export([row(5)])})
    (day,), stale = plan.seal, facts.files_by_source(settings)
    older = [facts.SourceFiles(item.source, item.landed, dict.fromkeys(item.states, ("retracted", "")), item.counts)
             for item in stale]  # fmt: skip
    with pytest.raises(UsageInvalid, match="not counted yet"):
        retention._seal(settings, older, day, who="ops", why="retention")


def test_a_log_stays_while_an_open_day_reads_its_lines(tmp_path: Path) -> None:
    source = {"name": "mx", "format": "postfix_log", "location": "exports", "pattern": "mail-{date}*"}
    made = site(tmp_path, sources=[source], retention={"landed_days": 10})

    def night(day: int) -> bytes:
        at, mail = f"2026-11-{day}T21:59:0", f"4ABC{day}Yz0001"
        lines = (
            f"{at}0.000000+00:00 mx postfix/smtpd[7]: connect from mail.fabrikam.example[198.51.100.7]",
            f"{at}1.000000+00:00 mx postfix/smtpd[7]: {mail}: client=mail.fabrikam.example[198.51.100.7]",
            f"{at}2.000000+00:00 mx postfix/qmgr[9]: {mail}: from=<a@fabrikam.example>, size=9, nrcpt=1 (queue active)",
            f"{at}3.000000+00:00 mx postfix/qmgr[9]: {mail}: removed",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    bring(made, {"mail-2026-11-16.log": night(16), "mail-2026-11-17.log": night(17)})
    assert set(facts.partitions(made)) == {date(2026, 11, 16), date(2026, 11, 17)}
    plan = retention.plan(made, date(2026, 11, 27))
    assert plan.seal == (date(2026, 11, 16),)
    assert plan.remove == ()
    later = retention.plan(made, date(2026, 11, 30))
    assert [item.name for item in later.remove] == ["mail-2026-11-16.log", "mail-2026-11-17.log"]


def test_old_mails_go_after_a_time_of_their_own(settings: Settings) -> None:
    kept = settings.model_copy(update={"retention": settings.retention.model_copy(update={"deliveries_days": 30})})
    folder = kept.storage.deliveries_path / "2026" / "W40" / "e1" / "abc"
    folder.mkdir(parents=True)
    for name, day in (("00000001.eml", date(2026, 10, 5)), ("00000002.eml", date(2026, 11, 20))):
        (folder / name).write_text("x")
        at = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        os.utime(folder / name, (at, at))
    (folder / "00000001.json").write_text("{}")
    retention.carry_out(kept, retention.plan(kept, TODAY), who="ops")
    assert sorted(path.name for path in folder.iterdir()) == ["00000001.json", "00000002.eml"]
