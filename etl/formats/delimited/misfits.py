"""Files that people bring where a delimited export is expected: named for what they are, with the way to the right one.

Told by the first bytes and the header alone, before anything is mapped: the missing columns of a workbook help nobody.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from etl.common.errors import ExportUnreadable
from etl.formats import text
from etl.formats.delimited import csv_table

_EXPECTED = "delimited text with a header, as Export-Csv and the admin centers write it"
_EXPORT = "export it with … | Export-Csv name.csv -NoTypeInformation -Encoding utf8"
_RULE = re.compile(r"\s*-{2,}(?:\s+-{2,})+\s*")
_LIST_LINE = re.compile(r"[A-Za-z]\w* +: .*")
_NOTHING = 64
"""A file of so few bytes may hold a byte order mark and line ends alone."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refuse_file(path: Path) -> None:
    """Raises `ExportUnreadable` where the file at `path` is a workbook, JSON, XML, a table or list printed by
    PowerShell, or delimited by pipes."""
    book = _workbook(path)
    if book:
        raise ExportUnreadable(
            f"this is {book}", _EXPECTED, "open it and save it as CSV UTF-8, its dates written as yyyy-mm-dd hh:mm:ss"
        )
    head = text.head(path)
    if not head.strip(b"\xef\xbb\xbf \t\r\n") and path.stat().st_size <= _NOTHING and not text.is_compressed(path):
        raise ExportUnreadable(
            "the file is empty, without even a header",
            "a header alone where there was no mail",
            "let the export write its header then too (docs/formats.md says how); else check the export job",
        )
    refuse_head(head)


def refuse_head(head: bytes) -> None:
    """The same by the first bytes of a text (UTF-8)."""
    lines = [line for line in head.decode("utf-8", errors="replace").lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        return
    first = lines[0].lstrip()
    if first.startswith(("{", "[")) and re.match(r'\{\s*("|$)|\[\s*[\[{]|\[\s*$', first):
        raise ExportUnreadable("this is JSON", _EXPECTED, f"in place of ConvertTo-Json, {_EXPORT}")
    if first.startswith("<") and re.match(r"<(\?xml|!doctype|html|objs\b|[A-Za-z]+[\s>])", first, re.IGNORECASE):
        kind = "a web page" if re.match(r"<(!doctype )?html", first, re.IGNORECASE) else "XML"
        raise ExportUnreadable(f"this is {kind}", _EXPECTED, f"in place of it, {_EXPORT}")
    if any(_RULE.fullmatch(line) for line in lines[1:3]) and not any(mark in lines[0] for mark in ",;\t"):
        raise ExportUnreadable("this is a table as PowerShell prints it, columns cut short", _EXPECTED, _EXPORT)
    if len(lines) > 1 and all(_LIST_LINE.fullmatch(line) for line in lines[:3]):
        raise ExportUnreadable("this is a list as PowerShell prints it (Format-List)", _EXPECTED, _EXPORT)
    if lines[0].count("|") >= 2 and not any(mark in lines[0] for mark in ",;\t"):
        raise ExportUnreadable(
            "its fields stand between pipes (|)", _EXPECTED, "export it with commas, semicolons or tabs between fields"
        )


def _workbook(path: Path) -> str:
    with path.open("rb") as file:
        magic = file.read(8)
    if magic == _OLE:
        return "a workbook of an old Excel (xls)"
    if magic[:4] != text.ZIP:
        return ""
    try:
        names = set(zipfile.ZipFile(path).namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return ""
    if "[Content_Types].xml" in names:
        return "an Excel workbook (xlsx)" if any("workbook" in name for name in names) else "an Office document"
    return "an OpenDocument spreadsheet (ods)" if "mimetype" in names and "content.xml" in names else ""


def refuse_events(head: bytes, *, takes_extended: bool = False) -> None:
    """Raises `ExportUnreadable` where a header (UTF-8) is one of events, of which a message has several: counted as
    a trace, each would be a message, the failed and the expanded ones too. `takes_extended`: but for the extended
    message trace."""
    found = csv_table.read_header(head)
    cells = {csv_table.fold(cell) for cell in found.cells}
    is_extended = takes_extended and "tenantid" in cells  # what it lacks is for its own reader to say
    if "eventid" in cells and "customdata" not in cells and not is_extended:
        raise ExportUnreadable(
            "this has a row per event of a message: Get-MessageTrackingLog, or a message tracking log",
            "an export of messages",
            "copy the server's own MSGTRK*.LOG files and give them a source of the format exchange_message_tracking",
        )
    if "event" in cells and cells & {"detail", "action", "data"}:
        raise ExportUnreadable(
            "this has a row per event of a message: Get-MessageTraceDetailV2 (or Get-MessageTraceDetail)",
            "an export of messages",
            "for volume export Get-MessageTraceV2 (format m365_message_trace); for TLS ask for Start-HistoricalSearch "
            "-ReportType MessageTraceDetail (format m365_trace_detail)",
        )
    if {"eventid", "customdata", "source"} <= cells and not takes_extended:
        raise ExportUnreadable(
            "this has a row per event of a message: the extended message trace",
            "an export of messages",
            "give it a source of the format m365_trace_detail, which tells TLS too",
        )
