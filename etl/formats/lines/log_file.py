"""Reader for logs: a line is a record, read as one text column; a format's SQL tells what each line is.

What a message was is spread over many lines, perhaps of several files: `trace.sql` joins them, a day at a time.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from etl import reference
from etl.common import database
from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable
from etl.formats import domains, text, zones
from etl.formats.base import FoundRecord, Job, Reader, Reading, Sample, Script, Staged, counted
from etl.formats.delimited.csv_table import ordinal_of
from etl.formats.delimited.csv_trace import found, short_key
from etl.formats.lines import years

MAX_LINE_BYTES = 1 << 20
"""A line longer than this is rejected, with its number."""

FOREIGN = ("other-program", "blank-line", "journal-note")
"""Rules by which lines are skipped that are none of the mail server's."""
SAYS_NOTHING = ("blank-line", "journal-note")
"""Those of them that a log of a day without mail may consist of."""

_ODD = b"\r\x00\x01"
_MEND = bytes.maketrans(_ODD, b"   ")


@dataclass(frozen=True, kw_only=True)
class Log(Reader):
    """A log format: its folder has `records.sql` (a row per line) and `trace.sql` (trace rows of one data date)."""

    marks: tuple[bytes, ...] = ()
    """Bytes of which a line of this log has one."""
    kind: Literal["trace", "log"] = "log"
    reach: tuple[int, int] = (1, 1)
    before_trace: tuple[Script, ...] = (("formats/lines", "log_window"),)
    """`log_window.sql` puts lines in order, each once."""
    refused_script: Script | None = ("formats/lines", "log_refused")
    undated: tuple[bytes, bytes] | None = None
    """For logs whose stamps may name no year: what follows such a stamp, and what stands between day and time where
    there is a year."""
    said_scripts: tuple[Script, ...] = (("formats/lines", "log_said"),)
    """SQL files that make `said_lines`: the staged lines with the words of their TLS."""
    told_script: Script = ("formats/lines", "log_told")
    """The SQL file that makes `told_lines` of `worded_lines`: for `log_find.sql`."""

    def prepare(self, job: Job) -> Job:
        """The job over a file of lines where the export is none yet; for formats to override."""
        return job

    def mend(self, job: Job, records: Path) -> None:
        """Writes staged records anew with A-labels where a partner domain is not ASCII."""
        domains.mend(job.con, records)

    def variables(self, job: Job, plain: text.Plain) -> dict[str, Any]:  # noqa: ARG002  for formats to override
        """What the format's own SQL asks for besides the common session variables, or in their place."""
        return {}

    def unwrap(self, head: bytes) -> bytes:
        """First lines without what may lie around them; for formats to override."""
        return head

    def recognise(self, sample: Sample) -> bool:
        """Whether one of the first lines is of this log."""
        lines = [line for line in self.unwrap(sample.head).splitlines() if line.strip()][:200]
        return bool(lines) and any(self.is_line(line) for line in lines)

    def is_line(self, line: bytes) -> bool:
        """Whether a line is of this log: a time stamp first, then one of the marks."""
        stamped = (line[3:4] == b" " and line[9:10] == b":") or (line[4:5] == b"-" and line[7:8] == b"-")
        return stamped and any(mark in line for mark in self.marks)

    def stage(self, job: Job) -> Staged:
        """One pass over the file into `records.parquet`, a row per line in the file's order."""
        con = job.con
        plain = self._open(job)
        records = job.out / "records.parquet"
        con.execute(database.sql("formats/lines", "log_copy"))
        self.mend(job, records)
        con.execute(database.sql("formats/lines", "log_refused"))
        counts = database.rows(con, database.sql("formats/lines", "log_counts"), {"file": str(records)})
        if any(row["is_twice"] for row in counts):
            self._tell_passes_apart(job, records)
            counts = database.rows(con, database.sql("formats/lines", "log_counts"), {"file": str(records)})
        con.execute(database.sql("formats/lines", "log_rejects"))
        refused = int(database.value(con, "select count(*) from refused_lines"))
        _account(plain, sum(row["records"] for row in counts) + refused)
        self._make_said(job)
        words = database.rows(con, database.sql("formats/lines", "log_words"))
        if self.undated:
            words += database.rows(con, database.sql("formats/lines", "log_remarks"))
        staged = counted(counts, refused, unknown_words=words, notes={"encoding": plain.encoding})
        foreign = staged.rejected + sum(staged.skipped.get(rule, 0) for rule in FOREIGN)
        if staged.records == foreign > sum(staged.skipped.get(rule, 0) for rule in SAYS_NOTHING):
            self._refuse(plain, staged.records)
        return staged

    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[FoundRecord]:
        """The lines that name what is wanted, as numbered in the file; see `Reader.find`."""
        con = job.con
        self._open(job)
        con.execute(database.sql("formats/lines", "log_copy"))
        self.mend(job, job.out / "records.parquet")
        con.execute(database.sql("formats/lines", "log_refused"))
        refused = [row["record"] for row in database.rows(con, "select record from refused_lines order by record")]
        asked = {**wanted, "record": ordinal_of(wanted.get("record"), refused), "most": most}
        database.set_variables(con, {"partner_asked": wanted.get("partner_domain")})
        self._make_said(job)
        con.execute(database.sql("formats/lines", "log_worded"))
        con.execute(database.sql(*self.told_script))
        rows = database.rows(con, database.sql("formats/lines", "log_find"), asked)
        return [found(row, refused) for row in rows]

    def _open(self, job: Job) -> text.Plain:
        """Everything up to the view `records`, nothing read yet but what the text is."""
        job, con = self.prepare(job), job.con
        plain = _lines(job)
        if self.undated:
            exported = date.fromisoformat(job.export_at[:10])
            plain = years.with_years(plain, exported, *self.undated, job.work / "dated.log")
        reference.load(con)
        zones.load(con, job.reading.report_time_zone, job.reading.time_zone, job.work)
        variables: dict[str, Any] = {
            "path": str(plain.path),
            "first_line": _first_line(plain.path),
            "line_bytes": MAX_LINE_BYTES,
            "hash_key": job.key.hex(),
            "identity_key": short_key(job.key),
            "export_at": job.export_at.rstrip("Z"),
            "records_file": str(job.out / "records.parquet"),
            "rejects_file": str(job.out / "rejects.parquet"),
        }
        variables |= own_words(job.reading) | self.variables(job, plain)
        database.set_variables(con, variables)
        con.execute("set preserve_insertion_order = true")
        for name in ("log_lines", "log_clock", "log_networks"):
            con.execute(database.sql("formats/lines", name))
        con.execute(database.sql(f"formats/{self.name}", "records"))
        return plain

    def _make_said(self, job: Job) -> None:
        """The view `said_lines` over what is staged of the file."""
        for folder, name in self.said_scripts:
            job.con.execute(database.sql(folder, name))

    def _refuse(self, plain: text.Plain, lines: int) -> None:
        """Raises `ExportUnreadable` for a file of which no line is one of this log, quoting the first."""
        raise ExportUnreadable(
            f"none of the {lines:,} lines is one that {self.name} knows; the first is '{_first_line(plain.path)}'",
            "lines as the mail server or its syslog wrote them",
            "check the source's pattern and format; where a container engine or a collector put something around the "
            "lines, take the log from before it (docs/formats.md)",
        )

    @staticmethod
    def _tell_passes_apart(job: Job, records: Path) -> None:
        """Lines of the hour that autumn shows twice are told apart by their order, a second pass over staged rows."""
        first = job.work / "first.parquet"
        records.rename(first)
        database.set_variables(job.con, {"first_file": str(first)})
        job.con.execute(database.sql("formats/lines", "log_second_pass"))


def own_words(reading: Reading) -> dict[str, Any]:
    """What is the organisation's own, as log_networks.sql takes it."""
    return own_ranges(reading.networks) | {
        "own_domains": f",{','.join(reading.domains)},",
        "internal_services": f",{','.join(reading.internal_services)},",
        "has_internal_services": bool(reading.internal_services),
    }


def own_ranges(networks: Iterable[str]) -> dict[str, Any]:
    """The organisation's networks as log_networks.sql takes them: `own_ipv4`, `own_ipv6`, `has_networks`."""
    own = [ip_network(network) for network in networks]
    bounds = [(int(network[0]), int(network[-1]), network.version) for network in own]
    return {
        "has_networks": bool(own),
        "own_ipv4": [[low, high] for low, high, version in bounds if version == 4],
        "own_ipv6": [f"{low:032x}{high:032x}" for low, high, version in bounds if version == 6],
    }


def _lines(job: Job) -> text.Plain:
    """The log as plain UTF-8 without bytes that would end a line or a field early: a copy only where there are such."""
    plain = text.plain(job.path, job.work / "plain.log", job.expanded_size, may_be_empty=True)
    if not plain.is_odd:
        return plain
    mended = job.work / "mended.log"
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    with plain.path.open("rb") as file, disk_errors(mended), mended.open("wb") as copy:
        while chunk := file.read(text.CHUNK):
            copy.write(decoder.decode(chunk).encode("utf-8").translate(_MEND))
        copy.write(decoder.decode(b"", final=True).encode("utf-8"))
    return replace(plain, path=mended, is_odd=False)


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return text.first_line(file.read(text.HEAD))


def _account(plain: text.Plain, records: int) -> None:
    if records != plain.lines:
        raise ExportUnreadable(
            f"{plain.lines:,} lines became {records:,} records", "a record for each line", "fetch the log again"
        )
