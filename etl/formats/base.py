"""What a reader is: how it recognises a file, and how it makes typed records of it.

A format is a folder `etl/formats/<name>/` whose `reader.py` holds `READER`. Its SQL reads whole columns of the raw
file; Python only unpacks, recodes, and tells SQL which column is which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from etl.common.canonical import canonical_sha256, plain_json

if TYPE_CHECKING:
    import duckdb

Script = tuple[str, str]
"""An SQL file: its folder below `etl/`, and its name."""


@dataclass(frozen=True)
class Sample:
    """What a reader sees of a file to recognise it: its name and its first 64 KiB as UTF-8, unpacked."""

    name: str
    head: bytes


@dataclass(frozen=True)
class Reading:
    """All that a reader may depend on besides the bytes, their receipt and the hash key, each value plain JSON.

    Its hash is part of the key of what was staged, so a reader can't see what the key does not cover.
    """

    format: str
    time_zone: str
    """The zone of the source's clock."""
    report_time_zone: str
    """The zone whose calendar gives the data dates."""
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """For columns that the format knows, further headers that stand for them."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The source's options, as the format allows them (`formats.stated`)."""
    domains: Sequence[str] = ()
    """The organisation's own domains, A-labels in order."""
    networks: Sequence[str] = ()
    """The organisation's own networks, in order."""
    internal_services: Sequence[str] = ()

    def as_plain(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {key: plain_json(value) for key, value in vars(self).items()}

    def sha256(self) -> str:
        """Hash over its canonical form (RFC 8785)."""
        return canonical_sha256(vars(self))


@dataclass(frozen=True)
class Job:
    """One landed file to be read: a connection within the limits, the bytes, how to read them, where to write."""

    con: duckdb.DuckDBPyConnection
    path: Path
    name: str
    named_date: date | None
    export_at: str
    reading: Reading
    key: bytes
    expanded_size: int
    """How many bytes the file may unpack to ([limits] expanded_size); one beyond it raises `LimitExceeded`."""
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
class FoundRecord:
    """A record that `explain` names: its number in the file, what became of it and why, and what it says.

    `says` has data date, direction, connector, partner domain, TLS version, cipher and bytes; never an address.
    """

    record: int
    outcome: str
    reason: str | None
    says: dict[str, Any]
    key: str | int | None = None
    """What it is known by among staged rows: its message key (hexadecimal), or its line key. Not to be shown."""


@dataclass(frozen=True, kw_only=True)
class Reader(ABC):
    """One format's reader: every hook stands here with its default, and a format overrides what is its own.

    `version` goes up with every change that could change a record.
    """

    name: str
    version: int
    for_tls: str = ""
    """Where the format can never tell TLS: what to take for that instead, as a clause."""
    kind: Literal["trace", "log"] = "trace"
    """`trace`: records are trace rows already. `log`: `trace.sql` joins them over files and neighbouring days."""
    reach: tuple[int, int] = (0, 0)
    """For logs: how many days before and after a data date `trace.sql` has to see."""
    restates: bool = False
    """Whether a newer export takes the place of all that an older one says of a day, direction and connector."""
    before_trace: tuple[Script, ...] = ()
    """For logs: what runs before `trace.sql`."""
    before_joined: tuple[Script, ...] = ()
    """The same where another source's records are joined."""
    in_parts: tuple[Script, ...] = ()
    """Those of the scripts that run once for each part of a large log, numbered by the session variable `part`; a
    script before them sets how many `parts` there are."""
    own_facts: tuple[Script, ...] = ()
    """What fills a fact table other than the messages'."""
    own_cells: Script | None = None
    """What shows what a record adds to that table."""
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """For delimited exports: for each column the headers that stand for it, best first."""
    required: Sequence[str] = ()
    """Columns without which a delimited file is refused."""
    limits: Sequence[int] = ()
    """Numbers of records at which the vendor cuts a file short."""
    refused_script: Script | None = None
    """What says why records are rejected that formats of the same kind have in common."""

    def trace_scripts(self, *, joined: bool = False) -> tuple[Script, ...]:
        """The SQL files that make the view `trace` of one data date from staged records."""
        if self.kind == "trace":
            return (("formats/delimited", "trace_files"),)
        return (*(self.before_joined if joined else self.before_trace), (f"formats/{self.name}", "trace"))

    @abstractmethod
    def recognise(self, sample: Sample) -> bool:
        """Whether the content (first) or the name speaks for this format."""

    @abstractmethod
    def stage(self, job: Job) -> Staged:
        """Writes `records.parquet` and `rejects.parquet` (record, data_date, reason) into `job.out`.

        Raises `ExportUnreadable` for a file that can't be used as a whole, `LimitExceeded` where only a limit says so.
        """

    @abstractmethod
    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[FoundRecord]:
        """Reads the file again for at most `most` records that fit all of `wanted` (keys: FILTERS)."""
