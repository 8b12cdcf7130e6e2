"""Google Workspace's Gmail logs as exported from BigQuery: NDJSON (plain, gzip, zip) or Parquet, in both layouts.

A record is one stage of a message's way; trace.sql joins the stages. NOTES.md says what a used record is, and what the
log can't say.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NoReturn

import duckdb

from etl.common import database
from etl.common.errors import ExportUnreadable, LimitExceeded
from etl.formats import domains, text
from etl.formats.base import Job, Sample
from etl.formats.lines.log_file import Log

PARQUET = b"PAR1"
COLUMNS = ("event_info", "message_info", "gmail", "event_id", "unique_identifier", "time_usec", "record_type")
"""Top-level columns that records.sql looks at."""

_NOTHING = b" \n"
"""An export without rows, as one blank line: a day without mail is no failure."""

TLS_STATES = {"0": "No TLS", "1": "TLS unknown"}
"""What `smtp_tls_state` says where no version is told. Google publishes no table; a site may say better."""


class _GmailLog(Log):
    def recognise(self, sample: Sample) -> bool:
        """Whether the file is Parquet (whose columns stand at its end), or a line or an array holds a message."""
        is_array = _is_array(sample.head) and b'"message_info"' in sample.head
        return sample.head.startswith(PARQUET) or is_array or super().recognise(sample)

    def is_line(self, line: bytes) -> bool:
        """Whether a line is an object with a message, or of the table of all activities."""
        told = line.lstrip(b"\xef\xbb\xbf \t")
        in_activity = b'"record_type"' in told and b'"gmail"' in told
        return told.startswith(b"{") and (b'"message_info"' in told or in_activity)

    def prepare(self, job: Job) -> Job:
        """The job over NDJSON: a Parquet file, or one JSON array, is written out, a line per row in its order."""
        lines = job.work / "lines.ndjson"
        head = text.head(job.path)
        if re.fullmatch(rb"(?:\xef\xbb\xbf)?\s*\[\s*\]\s*", head):
            lines.write_bytes(_NOTHING)
        elif _is_array(head):
            _write_elements(job, lines)
        elif not head.startswith(PARQUET):
            return job
        elif text.is_compressed(job.path):
            raise ExportUnreadable("a Parquet file inside a compressed one", "Parquet as it is", "unpack it first")
        else:
            _write_rows(job, lines)
            if not lines.stat().st_size:
                lines.write_bytes(_NOTHING)
        return replace(job, path=lines)

    def variables(self, job: Job, plain: text.Plain) -> dict[str, Any]:  # noqa: ARG002  what the base asks for
        """What each `smtp_tls_state` means: ours, or what the source says (`options.tls_states`)."""
        states = TLS_STATES | job.reading.options.get("tls_states", {})
        return {"tls_states": list(states), "tls_state_versions": list(states.values())}

    def mend(self, job: Job, records: Path) -> None:
        """Domains as A-labels, those of recipients too."""
        super().mend(job, records)
        odd = [row["domain"] for row in database.rows(job.con, database.sql(f"formats/{self.name}", "odd"))]
        if odd:
            mended = records.with_name("mended.parquet")
            labels = [domains.a_label(domain) for domain in odd]
            database.set_variables(job.con, {"odd_domains": odd, "a_labels": labels, "mended_file": str(mended)})
            job.con.execute(database.sql(f"formats/{self.name}", "mend"))
            mended.replace(records)

    def _refuse(self, plain: text.Plain, lines: int) -> NoReturn:  # noqa: ARG002  the head tells more
        with plain.path.open("rb") as file:
            first = text.first_line(file.read(text.HEAD))
        raise ExportUnreadable(
            f"no line is a record of a Gmail log; the first is '{first}'",
            "NDJSON or Parquet with event_info and message_info",
            "check what the source's pattern takes, and how the table is exported",
        )


def _is_array(head: bytes) -> bool:
    """Whether a text begins as an array of objects, as `bq query --format=json` prints them."""
    return re.match(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{", head) is not None


def _write_elements(job: Job, lines: Path) -> None:
    plain = text.plain(job.path, job.work / "array.json", job.expanded_size)
    database.set_variables(job.con, {"array_file": str(plain.path), "lines_file": str(lines)})
    job.con.execute("set preserve_insertion_order = true")
    try:
        job.con.execute(database.sql("formats/gmail_log", "array_lines"))
    except duckdb.InvalidInputException:
        raise ExportUnreadable("the JSON array is damaged", "a whole array, or NDJSON", "export it again") from None


def _write_rows(job: Job, lines: Path) -> None:
    limit = job.expanded_size
    database.set_variables(job.con, {"parquet_file": str(job.path), "lines_file": str(lines)})
    try:
        asked: Mapping[str, Any] = database.rows(job.con, database.sql("formats/gmail_log", "parquet_size"))[0]
        told = database.rows(job.con, database.sql("formats/gmail_log", "parquet_columns"))
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:  # its footer's parser has errors of no class of their own
        raise _damaged_parquet() from None
    if int(asked["bytes"] or 0) > limit:
        raise _large_parquet("expanded_size", limit)
    names = [row["column_name"] for row in told]
    columns = [name for name in names if name.lower() in COLUMNS]
    if not {"message_info", "gmail"} & {name.lower() for name in columns}:
        shown = ", ".join("".join(sign if sign.isprintable() else "?" for sign in name[:40]) for name in names[:40])
        raise ExportUnreadable(
            f"no column message_info or gmail in the Parquet file ({shown})",
            "a table of Gmail logs, or of all activities",
            "check what is exported",
        )
    job.con.execute("set preserve_insertion_order = true")
    database.set_variables(job.con, {"parquet_columns": columns})
    try:
        with _at_most(job.con, lines, limit):
            job.con.execute(database.sql("formats/gmail_log", "parquet_lines"))
    except duckdb.InterruptException:
        raise _large_parquet("expanded_size", limit) from None
    except duckdb.OutOfMemoryException:
        raise _large_parquet("memory", limit) from None
    except duckdb.Error as error:
        if type(error) is duckdb.Error or isinstance(error, duckdb.InvalidInputException):
            raise _damaged_parquet() from None
        raise


@contextmanager
def _at_most(con: duckdb.DuckDBPyConnection, path: Path, limit: int) -> Iterator[None]:
    """Interrupts what `con` writes to `path` once that has more than `limit` bytes.

    A footer says how large the pages are, not what comes of them: a page of one text can repeat it a billion times. One
    thread writes as it reads; several would gather whole row groups first, to keep the order.
    """
    done = threading.Event()
    threads = database.value(con, "select current_setting('threads')")
    con.execute("set threads = 1")

    def watch() -> None:
        while not done.wait(0.05):
            if path.exists() and path.stat().st_size > limit:
                con.interrupt()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        con.execute("set threads = $threads", {"threads": threads})
    if path.stat().st_size > limit:
        raise _large_parquet("expanded_size", limit)


def _large_parquet(exceeded: Literal["expanded_size", "memory"], limit: int) -> LimitExceeded:
    return LimitExceeded(
        exceeded,
        f"the Parquet file holds more than {limit:,} bytes, or a row needs more memory than allowed",
        "an export within [limits] expanded_size and memory",
        "raise the limit if the export is genuine",
    )


def _damaged_parquet() -> ExportUnreadable:
    return ExportUnreadable("the Parquet file is damaged", "a whole file", "export the table again")


READER = _GmailLog(
    name="gmail_log",
    version=3,
    before_trace=(),
    told_script=("formats/gmail_log", "told"),
)
