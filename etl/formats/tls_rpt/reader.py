"""SMTP TLS reports (RFC 8460) that others send about their sessions with the organisation's servers.

JSON, alone or gzip or zip, one report or several, or the mail as it came. They count sessions, and fill a fact table of
their own (`tls_reports`): sessions are never added to messages. NOTES.md lists the quirks of those who send them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from etl.common import database
from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable, LimitExceeded
from etl.formats import domains, text
from etl.formats.base import FoundRecord, Job, Reader, Sample, Staged, counted
from etl.formats.tls_rpt import mails

MAX_BYTES = 64 << 20
"""A file that unpacks to more than this is no report: they are some kilobytes, those of the largest senders too."""

_NAME = re.compile(r"[^!]+![^!]+!\d{9,}!\d{9,}(![^!]*)?\.json(\.gz)?", re.IGNORECASE)
_SPACE = re.compile(r"\s*")
_FOLDER = "formats/tls_rpt"


@dataclass(frozen=True, kw_only=True)
class _TlsReports(Reader):
    """The reader. A record is one policy of one report."""

    def recognise(self, sample: Sample) -> bool:
        """Whether the head is a report's or a mail's with one; a name as RFC 8460 asks for it speaks for JSON."""
        head = sample.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if mails.is_mail(head):
            return b"tlsrpt" in head.lower()
        folded = head.lower().replace(b"_", b"-")
        is_report = b'"policies"' in folded or b'"organization-name"' in folded or b'"policy-domain"' in folded
        return head[:1] in (b"{", b"[") and (is_report or _NAME.fullmatch(sample.name) is not None)

    def stage(self, job: Job) -> Staged:
        """The reports' policies as records, a row for each kind of result."""
        con = job.con
        self._open(job)
        records = job.out / "records.parquet"
        variables = {"records_file": str(records), "rejects_file": str(job.out / "rejects.parquet")}
        database.set_variables(con, variables)
        con.execute(database.sql(_FOLDER, "staged"))
        domains_file = {"file": str(records)}
        counts = database.rows(con, database.sql(_FOLDER, "counts"), domains_file)
        words = database.rows(con, database.sql(_FOLDER, "words"), domains_file)
        several = int(database.value(con, database.sql(_FOLDER, "several_days"), domains_file))
        return counted(counts, unknown_words=words, notes={"several_days": several})

    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[FoundRecord]:
        """The policies with sessions; none where messages are asked for, they say nothing of those."""
        self._open(job)
        rows = database.rows(job.con, database.sql(_FOLDER, "find"), {**wanted, "most": most})
        return [FoundRecord(row.pop("record"), row.pop("outcome"), row.pop("reason"), row) for row in rows]

    @staticmethod
    def _open(job: Job) -> None:
        """Everything up to the view `records`."""
        reports = job.work / "reports.ndjson"
        with disk_errors(reports), reports.open("w", encoding="ascii") as out:
            for number, told in enumerate(_reports(job), start=1):
                out.write(json.dumps({"number": number} | told) + "\n")
        told = {"reports_file": str(reports), "named_domain": mails.named_domain(job.name)}
        database.set_variables(job.con, told)
        job.con.create_function("a_label", domains.a_label, ["VARCHAR"], "VARCHAR")
        job.con.execute(database.sql(_FOLDER, "records"))


def _reports(job: Job) -> Iterator[dict[str, Any]]:
    """The reports in a file, their keys folded (with hyphens, in lower case), as records.sql takes them."""
    limit = min(job.expanded_size, MAX_BYTES)
    try:
        plain = text.decoded(job.path, job.work / "plain.json", limit)
    except LimitExceeded:
        if limit < MAX_BYTES:
            raise
        raise ExportUnreadable(
            f"more than {MAX_BYTES:,} bytes unpacked", f"a report of at most {MAX_BYTES:,} bytes", "look at the file"
        ) from None
    if plain.bytes > MAX_BYTES:
        raise ExportUnreadable(f"{plain.bytes:,} bytes", f"a report of at most {MAX_BYTES:,} bytes", "look at the file")
    raw = plain.path.read_bytes()
    if mails.is_mail(raw.lstrip()):
        yield from _out_of_mails(raw.lstrip(), limit)
        return
    try:
        for report in _parsed(raw):
            yield {"report": report}
    except mails.NoReportError as problem:
        raise _refused(raw, str(problem)) from None


def _out_of_mails(raw: bytes, limit: int) -> Iterator[dict[str, Any]]:
    """The reports of one mail or of a mailbox, and a word on each mail that ought to hold one and does not."""
    held = list(mails.read(raw, limit, _parsed))
    if not any(mail.reports for mail in held):
        broken = next((mail.broken for mail in held if mail.broken), None)
        if broken:
            raise _refused(raw, broken)
        raise _refused(raw, next((mail.other for mail in held if mail.other), None) or "no report")
    for mail in held:
        for report, domain in mail.reports:
            yield {"report": report, "named": domain}
        if mail.broken:
            yield {"broken": f"mail {mail.number} of {len(held)}: {mail.broken}"[:200]}


def _parsed(document: bytes) -> list[dict[str, Any]]:
    """The reports in JSON: one or several behind each other, on a line each or over many, or in a list."""
    reports: list[dict[str, Any]] = []
    try:
        written = document.decode("utf-8-sig")
        at = _end_of_space(written, 0)
        while at < len(written):
            found, end = _JSON.raw_decode(written, at)
            reports += found if isinstance(found, list) else [found]
            at = _end_of_space(written, end)
    except (ValueError, RecursionError) as error:
        raise mails.NoReportError(f"the report can't be read ({_told(error)})") from None
    if not reports:
        raise mails.NoReportError("no report", is_json=True)
    for report in reports:
        if not isinstance(report, dict) or not {"policies", "organization-name", "policy-domain"} & report.keys():
            raise mails.NoReportError("JSON, but no report", is_json=True)
    return reports


def _told(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at character {error.pos}"
    return "it is no JSON"


def _finite(written: str) -> float | None:
    """A number, or nothing where it is too large to be one (`1e400`): JSON knows no infinity to write it as."""
    number = float(written)
    return number if math.isfinite(number) else None


def _folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key.strip().lower().replace("_", "-"): value for key, value in pairs}


_JSON = json.JSONDecoder(object_pairs_hook=_folded, parse_float=_finite, parse_constant=lambda _: None)


def _end_of_space(written: str, at: int) -> int:
    found = _SPACE.match(written, at)
    return found.end() if found else at


def _refused(raw: bytes, what: str) -> ExportUnreadable:
    first = text.first_line(raw[: text.HEAD])
    return ExportUnreadable(
        f"{what}; the first line is '{first}'", "a TLS report (RFC 8460)", "check what the source's pattern takes"
    )


READER = _TlsReports(
    name="tls_rpt",
    version=3,
    kind="log",
    own_facts=((_FOLDER, "own_facts"),),
    own_cells=(_FOLDER, "own_cells"),
)
