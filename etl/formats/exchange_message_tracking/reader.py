"""Message tracking logs of Exchange Server (MSGTRK*.LOG), 2010 to Subscription Edition; plain or gzip.

They tell volume and connector, and nothing of TLS. With `options.joins` naming the source of the protocol logs, a
message has the TLS of its session, which both logs name. NOTES.md says which events count.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from etl.common import database
from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.base import FoundRecord, Job, Sample, Script, Staged
from etl.formats.delimited import csv_table
from etl.formats.delimited.csv_trace import CsvTrace
from etl.formats.lines import exchange_headers
from etl.formats.lines.log_file import own_words

ALIASES = {
    "date_time": ("date-time",),
    "client_ip": ("client-ip",),
    "server_ip": ("server-ip",),
    "server": ("server-hostname",),
    "source_context": ("source-context",),
    "connector": ("connector-id",),
    "source": ("source",),
    "event": ("event-id",),
    "internal_message_id": ("internal-message-id",),
    "message_id": ("message-id",),
    "network_message_id": ("network-message-id",),
    "recipient": ("recipient-address",),
    "recipient_status": ("recipient-status",),
    "bytes": ("total-bytes",),
    "sender": ("sender-address",),
    "return_path": ("return-path",),
    "direction": ("directionality",),
    "original_client_ip": ("original-client-ip",),
}

_TOLD = re.compile(rb"^\W{0,3}#Log-type: *(.*?)\s*$", re.MULTILINE)
_PRINTED = re.compile(
    rb"MessageTrackingEvent\b|^\W*(?=[^\n]*\bEventId\b)(?=[^\n]*\bSource\b)[\w\" ,;|\t]+\r?$", re.MULTILINE
)
"""What the shell writes of events: `#TYPE …MessageTrackingEvent`, or a header of its properties' names."""
_FIELDS = re.compile(rb"^#Fields:.*\bevent-id\b.*\binternal-message-id\b", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _Tracking(CsvTrace):
    before_trace: tuple[Script, ...] = (("formats/exchange_message_tracking", "no_sessions"),)
    before_joined: tuple[Script, ...] = (
        ("formats/exchange_message_tracking", "joined_files"),
        ("formats/exchange_smtp_log", "sessions_begin"),
        ("formats/exchange_smtp_log", "sessions"),
        ("formats/exchange_smtp_log", "proxied"),
        ("formats/exchange_message_tracking", "joined_sessions"),
    )

    def recognise(self, sample: Sample) -> bool:
        """Whether the header says so, by the log's type or by its fields."""
        told = _TOLD.search(sample.head)
        if told:
            return told[1].startswith(b"Message Tracking")
        return _FIELDS.search(sample.head) is not None

    def prepare(self, job: Job) -> Job:
        """The log as a table: its fields as header, and each header line a record of nothing else."""
        plain = text.plain(job.path, job.work / "plain.log", job.expanded_size)
        pieces = exchange_headers.parts(plain.path, quoted=True)
        if not pieces[0].fields:
            with plain.path.open("rb") as file:
                raise _without_fields(file.read(text.HEAD))
        tables = []
        for number, piece in enumerate(pieces):
            tables.append(job.work / f"table-{number:04d}.csv")
            _write_table(piece, tables[-1])
        return replace(job, path=_one_table(job, tables))

    def stage(self, job: Job) -> Staged:
        """As every delimited export; a log of which no event could be used is refused."""
        staged = super().stage(job)
        exchange_headers.refuse_unusable(job.con, staged, job.out / "rejects.parquet")
        return staged

    def dates(self, job: Job) -> dict[str, Any]:  # noqa: ARG002  one style, whatever the source
        """Times are ISO 8601 with a Z."""
        return {"date_style": "offset", "date_formats": ["%Y-%m-%d"]}

    def variables(self, job: Job, table: csv_table.Table) -> dict[str, Any]:
        """Own domains, networks and services: an event says neither whence nor whither in those words."""
        return own_words(job.reading) | {"has_return_path": "return_path" in table.columns}

    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[FoundRecord]:
        """The events behind a fact; of a joined log those of any TLS, which only the session tells."""
        asked = {**wanted, "tls_version": None} if job.reading.options.get("joins") else wanted
        return super().find(job, asked, most)

    def _make_rows(self, con: duckdb.DuckDBPyConnection, *, many: bool) -> None:  # noqa: ARG002  all may be lists
        con.execute(database.sql("formats/lines", "log_networks"))
        con.execute(database.sql("formats/delimited", "quoted_lists"))
        self._make_records(con)
        for folder, name in (("formats/delimited", "told_many"), (f"formats/{self.name}", "rows")):
            con.execute(database.sql(folder, name))


def _without_fields(head: bytes) -> ExportUnreadable:
    """What is wrong with a file without `#Fields`: a piece of a log, or what a command printed of one."""
    if _PRINTED.search(head):
        return ExportUnreadable(
            "this is what Get-MessageTrackingLog found, exported: recipients are lost in it (System.String[])",
            "the log itself, with its #Fields line",
            "copy the server's own MSGTRK*.LOG files (TransportRoles\\Logs\\MessageTracking)",
        )
    return ExportUnreadable(
        f"there is no #Fields line; the first line is '{text.first_line(head)}'",
        "a message tracking log with its header",
        "fetch the log again, whole",
    )


def _write_table(piece: exchange_headers.Part, path: Path) -> None:
    padding = b"," * (len(piece.fields) - 1)
    with (
        piece.path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
        disk_errors(path),
        path.open("wb") as copy,
    ):
        ending = b"\r\n" if b"\r\n" in whole[: text.HEAD] else b"\n"
        copy.write(",".join(piece.fields).encode() + ending)
        at = piece.start
        for start, end in exchange_headers.header_spans(whole, piece.start, piece.end, quoted=True):
            copy.writelines(text.parts(whole, at, start))
            copy.write(b"#header" + padding + ending)
            at = end
        copy.writelines(text.parts(whole, at, piece.end))


def _one_table(job: Job, tables: list[Path]) -> Path:
    """The tables of stretches with different fields as one, by name; the table itself where there is one."""
    if len(tables) == 1:
        return tables[0]
    whole = job.work / "table.csv"
    database.set_variables(job.con, {"tables": [str(path) for path in tables], "table_file": str(whole)})
    job.con.execute("set preserve_insertion_order = true")
    job.con.execute(database.sql("formats/exchange_message_tracking", "one_table"))
    job.con.execute("set preserve_insertion_order = false")
    return whole


READER = _Tracking(
    in_parts=(("formats/exchange_smtp_log", "sessions"),),
    name="exchange_message_tracking",
    version=5,
    aliases=ALIASES,
    required=("date_time", "source", "event", "connector", "recipient", "sender"),
    kind="log",
    limits=(),
)
