"""SMTP TLS reports (RFC 8460) that others send about their sessions with the organisation's servers.

JSON, alone or gzip or zip, one report or several, or the mail as it came. They count sessions, and fill a fact table of
their own (`tls_reports`): sessions are never added to messages. NOTES.md lists the quirks of those who send them.
"""

from __future__ import annotations

import email
import email.policy
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from etl.common import database
from etl.common.disk import disk_errors
from etl.common.errors import ExportUnreadable, LimitExceeded
from etl.formats import domains, text
from etl.formats.base import Found, Job, Reader, Sample, Staged, counted

MAX_BYTES = 64 << 20
"""A file that unpacks to more than this is no report: they are some kilobytes, those of the largest senders too."""

_NAME = re.compile(r"[^!]+![^!]+!\d{9,}!\d{9,}(![^!]*)?\.json(\.gz)?", re.IGNORECASE)
_MAIL = re.compile(rb"\A(?:From |[A-Za-z][A-Za-z0-9-]*:)")
_MBOX = re.compile(rb"(?:\A|\n\r?\n)From \S+ [^\n]*\n")
"""What stands between the mails of a mailbox in one file."""
_SPACE = re.compile(r"\s*")
_FOLDER = "formats/tls_rpt"


@dataclass(frozen=True, kw_only=True)
class _TlsReports(Reader):
    """The reader. A record is one policy of one report."""

    def recognise(self, sample: Sample) -> bool:
        """Whether the head is a report's or a mail's with one; a name as RFC 8460 asks for it speaks for JSON."""
        head = sample.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if _MAIL.match(head):
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

    def find(self, job: Job, wanted: Mapping[str, Any], most: int) -> list[Found]:
        """The policies with sessions; none where messages are asked for, they say nothing of those."""
        self._open(job)
        rows = database.rows(job.con, database.sql(_FOLDER, "find"), {**wanted, "most": most})
        return [Found(row.pop("record"), row.pop("outcome"), row.pop("reason"), row) for row in rows]

    @staticmethod
    def _open(job: Job) -> None:
        """Everything up to the view `records`."""
        reports = job.work / "reports.ndjson"
        with disk_errors(reports), reports.open("w", encoding="ascii") as out:
            for number, report in enumerate(_reports(job), start=1):
                out.write(json.dumps({"number": number, "report": report}) + "\n")
        named = job.name.split("!")
        told = {"reports_file": str(reports), "named_domain": named[1] if len(named) >= 4 else None}
        database.set_variables(job.con, told)
        job.con.create_function("a_label", domains.a_label, ["VARCHAR"], "VARCHAR")
        job.con.execute(database.sql(_FOLDER, "records"))


def _reports(job: Job) -> Iterator[dict[str, Any]]:
    """The reports in a file, their keys folded: with hyphens, in lower case."""
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
    found = False
    for document in _documents(raw, limit):
        for report in document if isinstance(document, list) else [document]:
            if not isinstance(report, dict) or not {"policies", "organization-name", "policy-domain"} & report.keys():
                raise _refused(raw, "JSON, but no report")
            found = True
            yield report
    if not found:
        raise _refused(raw, "no report")


def _documents(raw: bytes, limit: int) -> Iterator[Any]:
    if not _MAIL.match(raw.lstrip()):
        yield from _parsed(raw, raw)
        return
    left = limit  # of what all attachments together may unpack to
    for mail in _MBOX.split(raw):
        try:
            parts = list(email.message_from_bytes(mail, policy=email.policy.default).walk())
        except RecursionError:
            raise _refused(raw, "a mail nested too deep") from None
        for part in parts:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and not part.is_multipart():
                unpacked = _unpacked(payload, max(left, 1))
                left -= len(unpacked)
                if unpacked.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
                    yield from _parsed(unpacked, raw)


def _unpacked(payload: bytes, limit: int) -> bytes:
    """An attachment as it is, or out of gzip or zip."""
    if payload[:2] == b"\x1f\x8b":
        return _unzipped(payload, limit)
    return _out_of_zip(payload, limit) if payload[:4] == b"PK\x03\x04" else payload


def _out_of_zip(payload: bytes, limit: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            names = archive.namelist()
            unpacked = b""
            if len(names) == 1:
                with archive.open(names[0]) as member:
                    unpacked = member.read(limit + 1)
    except text.DAMAGE as error:
        raise ExportUnreadable(f"the attachment is damaged ({error})", "a whole mail", "fetch it again") from None
    if not 0 < len(unpacked) <= limit:
        raise ExportUnreadable(
            "the attached zip is empty, too large, or holds several files", "one report", "unpack it"
        )
    return unpacked


def _unzipped(payload: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(payload, limit)
    except zlib.error as error:
        raise ExportUnreadable(f"the attachment is damaged ({error})", "a whole mail", "fetch it again") from None
    if not unpacker.eof:
        raise ExportUnreadable("the attachment ends early, or is too large", "a whole mail", "fetch it again")
    return unpacked


def _parsed(document: bytes, raw: bytes) -> Iterator[Any]:
    """JSON documents, one or several behind each other, on a line each or over many."""
    try:
        written = document.decode("utf-8-sig")
        at = _end_of_space(written, 0)
        while at < len(written):
            found, end = _JSON.raw_decode(written, at)
            yield found
            at = _end_of_space(written, end)
    except (ValueError, RecursionError) as error:
        raise _refused(raw, f"the report can't be read ({_told(error)})") from None


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
    version=2,
    kind="log",
    has_messages=False,
    own_facts=((_FOLDER, "own_facts"),),
    own_cells=(_FOLDER, "own_cells"),
)
