"""Beside itself: four processes ingest overlapping days at once, a reader asks all the time, and nobody notices."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from etl import facts, landing, warehouse
from etl.chain import bring_up
from etl.settings import Settings
from tests.helpers import export, row, site
from tests.promise.test_histories import told

DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")
PROCESSES = 4
OWN, SHARED = 5, 3
"""Messages that one file alone has of a day, and those that all files have."""
QUERY = """
select
    (select list((data_date::varchar, partner_domain, messages::int)) from facts) as facts,
    (select coalesce(sum(messages), 0)::int from facts) as messages,
    (select coalesce(sum(deliveries), 0)::int from source_days) as deliveries,
    (select list(distinct data_date::varchar order by 1) from facts) as days_with_facts,
    (select list(data_date::varchar order by 1) from partitions) as days
"""


def files(number: int) -> dict[str, bytes]:
    """What process `number` brings: two files of the same three days, with messages of its own and shared ones."""
    made = {}
    for half in range(2):
        key = number * 2 + half
        rows = [
            row(1000 * key + 100 * place + n, date_time_utc=f"{day}T10:00:00Z", sender_address=f"u{n}@{key}.example")
            for place, day in enumerate(DAYS)
            for n in range(OWN)
        ]
        rows += [
            row(90_000 + 10 * place + n, date_time_utc=f"{day}T11:00:00Z", sender_address="u@shared.example")
            for place, day in enumerate(DAYS)
            for n in range(SHARED)
        ]
        made[f"connector-{key}.csv"] = export(rows)
    return made


def bring_all(settings: Settings, number: int) -> None:
    """One process: its files, one after the other, each to a published warehouse."""
    for name in files(number):
        landing.collect(settings, files=[settings.sources[0].location / name])
        bring_up(settings)


def drop(settings: Settings) -> None:
    """Lays all files where they are looked for."""
    for number in range(PROCESSES):
        for name, content in files(number).items():
            path = settings.sources[0].location / name
            path.write_bytes(content)
            os.utime(path, (1_795_000_000,) * 2)


def is_whole(asked: tuple[Any, ...]) -> bool:
    """Whether each file counts wholly or not at all on each day, as after some order of ingests one after the other,
    and the parts of what is told agree."""
    counted, messages, deliveries, days_with_facts, days = asked
    for day, partner, found in counted or []:
        if found != (SHARED if partner == "shared.example" else OWN):
            return False
        if partner != "shared.example" and (day, "shared.example", SHARED) not in counted:
            return False
    return sum(found for *_, found in counted or []) == messages == deliveries and days == days_with_facts


def test_four_at_once_and_a_reader_who_never_notices(tmp_path: Path) -> None:
    settings = site(tmp_path, limits={"threads": 1})
    drop(settings)
    bring_all(settings, 0)
    context = multiprocessing.get_context("fork")
    works: list[Callable[[], object]] = [partial(bring_all, settings, number) for number in range(PROCESSES)]
    workers = [context.Process(target=work) for work in works]
    for worker in workers:
        worker.start()
    states = []
    while any(worker.is_alive() for worker in workers):
        with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
            asked = con.execute(QUERY).fetchone()
        assert asked is not None
        if not states or states[-1] != asked:
            states.append(asked)
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    assert len(states) > 1
    assert [state for state in states if not is_whole(state)] == []
    messages = [state[1] for state in states]
    assert messages == sorted(messages)
    assert facts.dirty_days(settings) == []
    alone = site(tmp_path / "alone", limits={"threads": 1})
    drop(alone)
    for number in reversed(range(PROCESSES)):
        bring_all(alone, number)
    assert warehouse.digest(settings) == warehouse.digest(alone)
    assert told(settings) == told(alone)
    assert sum(item.messages for item in facts.partitions(settings).values()) == 3 * (8 * OWN + SHARED)
