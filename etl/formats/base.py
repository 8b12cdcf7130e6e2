"""What a reader is: how it recognises a file, and how it makes typed records of it.

A format is a folder `etl/formats/<name>/` whose `__init__.py` holds `READER`. Its SQL reads whole columns of the raw
file; Python only unpacks, recodes, and tells SQL which column is which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, Protocol

import duckdb

from etl.settings import Settings, Source

RECORD_COLUMNS = {
    "outcome": "VARCHAR", "reason": "VARCHAR", "data_date": "DATE", "occurred_at": "TIMESTAMP", "direction": "VARCHAR",
    "connector": "VARCHAR", "connector_type": "VARCHAR", "forced_tls": "BOOLEAN", "partner_domain": "VARCHAR",
    "tls_version": "VARCHAR", "tls_cipher": "VARCHAR", "tls_group": "VARCHAR", "tls_auth": "VARCHAR",
    "message_key": "UUID", "recipient_key": "UUID", "bytes": "BIGINT", "messages": "BIGINT", "recipients": "BIGINT",
    "is_estimated": "BOOLEAN", "ordinal": "INTEGER",
}  # fmt: skip
"""Columns of a trace row as staged. `outcome` is `used`, `skipped` (by the rule in `reason`) or `rejected` (for the
reason there); `ordinal` is 1 for the first row of a record and counts on where one record told of several recipients;
keys are 128-bit keyed hashes; `messages` and `recipients` are set only for aggregate rows."""


@dataclass(frozen=True)
class Sample:
    """What a reader sees of a file to recognise it: its name and its first 64 KiB as UTF-8, unpacked."""

    name: str
    head: bytes


@dataclass(frozen=True)
class Job:
    """One landed file to be read: a connection within the limits, the bytes, how the source is set, where to write."""

    con: duckdb.DuckDBPyConnection
    path: Path
    name: str
    named_date: date | None
    export_at: str
    source: Source
    settings: Settings
    key: bytes
    out: Path
    work: Path
    none_rejected: bool = False
    """Whether staging is known to have rejected none of its records: they need not be looked for again."""


@dataclass(frozen=True)
class Staged:
    """What staging one file came to. *records = used + rejected + skipped*, always."""

    records: int
    used: int
    rejected: int
    skipped: dict[str, int]
    days: dict[str, int]
    """Used rows per data date."""
    unknown_words: list[dict[str, Any]] = field(default_factory=list)
    """`{field, word, records}`: spellings that no reader knows."""
    has_identity: bool = True
    is_aggregate: bool = False
    suspected_cut: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    """What was decided for the whole file: encoding, delimiter, date style, columns."""


def counted(counts: Iterable[Mapping[str, Any]], refused: int = 0, **more: Any) -> Staged:
    """What staging came to, from `outcome, reason, data_date, records`; `refused` records were never rows of those."""
    by_outcome: Counter[str] = Counter(rejected=refused)
    skipped: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for row in counts:
        by_outcome[row["outcome"]] += row["records"]
        if row["outcome"] == "skipped":
            skipped[row["reason"]] += row["records"]
        if row["outcome"] == "used":
            days[row["data_date"].isoformat()] += row["records"]
    return Staged(
        records=by_outcome.total(),
        used=by_outcome["used"],
        rejected=by_outcome["rejected"],
        skipped=dict(sorted(skipped.items())),
        days=dict(sorted(days.items())),
        **more,
    )


FILTERS = (
    "outcome", "first_date", "last_date", "direction", "connector", "partner_domain", "tls_version", "record",
)  # fmt: skip
"""What `Reader.find` may be asked for; nothing for any."""


@dataclass(frozen=True)
class Found:
    """A record that `explain` names: its number in the file, what became of it and why, and what it says.

    `says` has data date, direction, connector, partner domain, TLS version, cipher and bytes; never an address.
    """

    record: int
    outcome: str
    reason: str | None
    says: dict[str, Any]
    key: str | int | None = None
    """What it is known by among staged rows: its message key (hexadecimal), or its line key. Not to be shown."""


class Reader(Protocol):
    """One format's reader. `version` goes up with every change that could change a record."""

    name: str
    version: int
    kind: Literal["trace", "log"]
    """`trace`: records are trace rows already. `log`: `trace.sql` joins them over files and neighbouring days."""
    reach: tuple[int, int]
    """For logs: how many days before and after a data date `trace.sql` has to see."""

    # A reader may have, besides: `before_trace` and `before_joined` (formats.trace_scripts); `own_facts` (SQL files
    # that fill a fact table other than the messages') with `own_cells` (the SQL file that tells what a record adds to
    # it); `restates` (whether a newer export takes the place of what an older one tells of a day, direction and
    # connector).

    def recognise(self, sample: Sample) -> bool:
        """Whether the content (first) or the name speaks for this format."""
        ...

    def stage(self, job: Job) -> Staged:
        """Writes `records.parquet` and `rejects.parquet` (record, data_date, reason) into `job.out`."""
        ...

    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[Found]:
        """Reads the file again for at most `most` records that fit all of `wanted` (keys: FILTERS)."""
        ...
