"""Reader for delimited exports whose records are trace rows: header by alias, SQL for the rest."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from etl import reference
from etl.common import database
from etl.formats import domains, text, zones
from etl.formats.base import FoundRecord, Job, Reader, Sample, Script, Staged, counted
from etl.formats.delimited import csv_table, dates, misfits

VENDOR_LIMITS = (50_000, 100_000)
"""Row limits of Exchange Online's exports: a file that ends at exactly one of them is suspected to be cut short."""


@dataclass(frozen=True, kw_only=True)
class CsvTrace(Reader):
    """A delimited format, read whole columns at a time."""

    telling: Sequence[str] = ()
    """Columns that a file must have, besides the required ones, to be recognised without being told its format."""
    own_rows: bool = False
    """Whether the format's own `rows.sql` makes the view `trace_rows` of the view `records`, in place of the common
    told_*.sql and trace_rows.sql."""
    aggregate: bool | None = None
    """Whether records are sums already; unless said, a column of counts says so."""
    of_events: bool = False
    """Whether a record is an event of a message, of which it has several; else a header of events is refused."""
    limits: Sequence[int] = VENDOR_LIMITS
    refused_script: Script | None = ("formats/delimited", "csv_refused")

    def prepare(self, job: Job) -> Job:
        """The job over a plain table where the export is none yet; for formats to override."""
        return job

    def refuse_misfits(self, job: Job) -> None:
        """Raises `ExportUnreadable` for a file of another kind, by its first bytes and its header."""
        misfits.refuse_file(job.path)
        if not (self.of_events and job.reading.columns):
            misfits.refuse_events(text.head(job.path), takes_extended=self.of_events)

    def dates(self, job: Job) -> dict[str, Any]:
        """How the file writes its dates, as dated.sql takes it; see `dates.style`."""
        return dates.style(job)

    def variables(self, job: Job, table: csv_table.Table) -> dict[str, Any]:  # noqa: ARG002  for formats to override
        """What the format's own SQL asks for besides the common session variables."""
        return {}

    def recognise(self, sample: Sample) -> bool:
        """Whether the first line is a header with this format's required and telling columns."""
        if not sample.head or b"\0" in sample.head:
            return False
        _, cells = csv_table.header(sample.head)
        found = csv_table.match(cells, self.aliases)
        return all(column in found for column in (*self.required, *self.telling))

    def stage(self, job: Job) -> Staged:
        """One pass over the file into `records.parquet`; more only where records were refused or rejected.

        The fast pass leaves out what is no record, and now and then a good one beside it: a file whose lines it does
        not all account for is read again by the strict one, which notes what it refuses.
        """
        table = self._open(job)
        self._make_rows(job.con, many=table.plain.lists)
        counts, refused = self._pass(job), 0
        if not csv_table.is_whole(job.con, table, _sum(counts)):
            job.con.execute(database.sql("formats/delimited", "csv_strict"))
            self._make_records(job.con)
            counts = self._pass(job)
            refused = csv_table.account(job.con, table, _sum(counts))
        self._write_rejects(job, any(row["outcome"] == "rejected" for row in counts))
        return self._result(job, table, counts, refused)

    @staticmethod
    def _pass(job: Job) -> list[dict[str, Any]]:
        """Reads `raw` into `records.parquet`; how many records came to which outcome, reason and day."""
        path = job.out / "records.parquet"
        database.set_variables(job.con, {"records_file": str(path)})
        job.con.execute(database.sql("formats/delimited", "stage_copy"))
        domains.mend(job.con, path)
        return database.rows(job.con, database.sql("formats/delimited", "stage_counts"), {"file": str(path)})

    def _open(self, job: Job) -> csv_table.Table:
        """Everything up to the view `raw`, nothing read yet but the head."""
        self.refuse_misfits(job)
        job, con = self.prepare(job), job.con
        con.execute(database.sql("formats/delimited", "csv_settings"))
        template = database.sql(f"formats/{self.name}", "columns")
        reference.load(con)
        zones.load(con, job.reading.report_time_zone, job.reading.time_zone, job.work)
        table = csv_table.open_table(job, self.aliases, self.required, template)
        variables: dict[str, Any] = {
            "hash_key": job.key.hex(),
            "identity_key": short_key(job.key),
            "has_nul": table.plain.has_nul,
            "has_identity": has_identity(table.columns),
            "has_messages": "messages" in table.columns,
            "own_domains": f",{','.join(job.reading.domains)},",
        }
        database.set_variables(con, variables | self.dates(job) | self.variables(job, table))
        return table

    def _make_rows(self, con: duckdb.DuckDBPyConnection, *, many: bool) -> None:
        """The views from `dated` to `trace_rows`, over whatever `raw` is."""
        self._make_records(con)
        if self.own_rows:
            con.execute(database.sql(f"formats/{self.name}", "rows"))
            return
        con.execute(database.sql("formats/delimited", "told_many" if many else "told_one"))
        con.execute(database.sql("formats/delimited", "trace_rows"))

    def _make_records(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(database.sql("formats/delimited", "dated"))
        con.execute(database.sql("formats/delimited", "told_words"))
        con.execute(database.sql(f"formats/{self.name}", "records"))

    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[FoundRecord]:
        """The records behind a fact, as numbered in the file; see `Reader.find`."""
        con, table = job.con, self._open(job)
        refused: list[int] = []
        if not job.none_rejected:
            self._make_rows(con, many=table.plain.lists)
            refused = [item.record for item in csv_table.unread(con)[0]]
        con.execute("set preserve_insertion_order = true")
        con.execute(database.sql("formats/delimited", "csv_numbered"))
        self._make_rows(con, many=True)
        asked = {**wanted, "record": csv_table.ordinal_of(wanted.get("record"), refused), "most": most}
        rows = database.rows(con, database.sql("formats/delimited", "find_records"), asked)
        return [found(row, refused) for row in rows]

    def _write_rejects(self, job: Job, some_by_rule: bool) -> None:
        """Numbers the records that a rule rejected in a second pass, in the file's order, only where there are any."""
        con = job.con
        if some_by_rule:
            con.execute("set preserve_insertion_order = true")
            con.execute(database.sql("formats/delimited", "csv_numbered"))
            self._make_records(con)
        con.execute(database.sql("formats/delimited", "rejects_numbered" if some_by_rule else "rejects_none"))
        con.execute("set preserve_insertion_order = false")
        database.set_variables(con, {"rejects_file": str(job.out / "rejects.parquet")})
        con.execute(database.sql("formats/delimited", "rejects_copy"))

    @staticmethod
    def _spans(job: Job) -> dict[str, list[str]]:
        """For each data date the first and last instant of a file's used rows: what a file without identity covers."""
        found = database.rows(
            job.con, database.sql("formats/delimited", "stage_spans"), {"file": str(job.out / "records.parquet")}
        )
        return {row["data_date"].isoformat(): [row["first_at"], row["last_at"]] for row in found}

    def _result(self, job: Job, table: csv_table.Table, counts: list[dict[str, Any]], refused: int) -> Staged:
        return counted(
            counts,
            refused,
            unknown_words=database.rows(
                job.con, database.sql("formats/delimited", "stage_words"), {"file": str(job.out / "records.parquet")}
            ),
            has_identity=has_identity(table.columns),
            is_aggregate="messages" in table.columns if self.aggregate is None else self.aggregate,
            suspected_cut=_sum(counts) + refused in self.limits,
            notes={
                "encoding": table.plain.encoding,
                "delimiter": table.delimiter,
                "columns": dict(sorted(table.columns.items())),
                "spans": {} if has_identity(table.columns) else self._spans(job),
            },
        )


def short_key(key: bytes) -> str:
    """102 bits of a hash key as 17 characters: what `keyed` in told_words.sql has room for."""
    return base64.b64encode(key).decode("ascii")[:17]


def found(row: dict[str, Any], refused: Sequence[int]) -> FoundRecord:
    """A row of find_records.sql or log_find.sql as what `Reader.find` gives."""
    number = csv_table.number_of(row.pop("record"), refused)
    return FoundRecord(number, row.pop("outcome"), row.pop("reason"), key=row.pop("key"), says=row)


def _sum(counts: list[dict[str, Any]]) -> int:
    return sum(row["records"] for row in counts)


def has_identity(columns: Mapping[str, str]) -> bool:
    """Whether a file with these columns tells messages apart: by the system's id, or Message-ID and sender."""
    if "messages" in columns:
        return False
    return "network_message_id" in columns or ("message_id" in columns and "sender" in columns)
