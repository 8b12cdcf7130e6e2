"""What the tests of logs share: a site with one log source, its facts, and its trace rows message by message."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from etl import facts, landing, staging
from etl import settings as settings_module
from etl.common import database
from etl.settings import Settings
from etl.staging import FileCounts

DATA = Path(__file__).parents[1] / "data"
FORMATS = Path(__file__).parents[2] / "etl" / "formats"
"""The formats' folders, with their samples and hostile files."""
EXPORTED = 1733356800
"""2024-12-05T00:00:00Z: when the logs of these tests were exported, unless a test says otherwise."""
SAMPLED = 1795500000
"""2026-11-24T06:00:00Z: when the samples were."""
VERSIONS = {"none": "No TLS", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}


def site(
    folder: Path, log: str = "postfix_log", organisation: Mapping[str, Any] | None = None, **source: Any
) -> Settings:
    """Settings of a site with one source of the format `log`; `source` adds to its table."""
    (folder / "exports").mkdir(parents=True, exist_ok=True)
    own = {"name": "Contoso", "domains": ["contoso.example", "contoso-research.example"]}
    table = {"name": "mx", "format": log, "location": "exports", "pattern": "*"}
    zone = source.pop("report_zone", "UTC")
    raw = {
        "organisation": own | dict(organisation or {}),
        "report": {"time_zone": zone},
        "storage": {"root": "data"},
        "sources": [table | source],
    }
    return settings_module.parse(raw, folder / "config.toml", {"TRANSIT_LEDGER_KEY": "test"})


def take(settings: Settings, files: Mapping[str, bytes], exported: int = EXPORTED) -> list[FileCounts]:
    """Lands `files`, each a second after the one before, stages them and rebuilds all dirty days."""
    for number, (name, content) in enumerate(files.items()):
        path = settings.sources[0].location / name
        path.write_bytes(content)
        os.utime(path, (exported + number, exported + number))
        landing.collect(settings, source="mx", files=[path])
    return bring(settings)


def bring(settings: Settings) -> list[FileCounts]:
    """Stages what is landed and rebuilds all dirty days."""
    counts = staging.stage_all(settings)
    for day in facts.dirty_days(settings):
        facts.rebuild_day(settings, day)
    return counts


def sums(settings: Settings, *columns: str) -> Counter[tuple[str, ...]]:
    """Messages by `columns` of the facts."""
    return Counter({key: messages for key, (messages, _, _) in measures(settings, *columns).items()})


def measures(settings: Settings, *columns: str) -> dict[tuple[str, ...], tuple[int, int, int | None]]:
    """Messages, recipients and bytes by `columns` of the facts, all days together."""
    found: dict[tuple[str, ...], tuple[int, int, int | None]] = {}
    for row in rows(settings):
        key = tuple(str(row[column]) for column in columns)
        messages, recipients, size = found.get(key, (0, 0, 0))
        found[key] = (messages + row["messages"], recipients + row["recipients"], (size or 0) + (row["bytes"] or 0))
    return found


def rows(settings: Settings) -> list[dict[str, Any]]:
    """All facts, in canonical order."""
    with database.workbench(settings.resources) as con:
        return [
            row
            for _, item in sorted(facts.partitions(settings).items())
            for row in database.rows(
                con,
                "select * from read_parquet($file) order by all",
                {"file": str(facts.partition_folder(settings, item) / "facts.parquet")},
            )
        ]


def trace(settings: Settings, day: date, *identity: str) -> list[dict[str, Any]]:
    """The trace rows of `day` with `message` for the message that the log knows by `identity` (host, queue id)."""
    files = facts.files_by_source(settings)[0]
    with database.workbench(settings.resources) as con:
        facts.make_tables(con)
        con.execute(database.sql("facts", "day_connectors"), {"told": "[]"})
        database.set_variables(con, {"data_date": day.isoformat()})
        facts._add_source(con, settings, files.source, day, files.staged_paths(settings, day), [])
        keys = {
            database.value(
                con, "select hash($1)" if len(part) == 1 else "select hash($1, $2)", dict(enumerate_keys(part))
            ): part[-1]
            for part in (tuple(word.split(" ")) for word in identity)
        }
        return [row | {"message": keys.get(row["message_key"])} for row in database.rows(con, "select * from trace")]


def enumerate_keys(part: tuple[str, ...]) -> list[tuple[str, str]]:
    """Positional parameters as DuckDB names them."""
    return [(str(number), word) for number, word in enumerate(part, 1)]
