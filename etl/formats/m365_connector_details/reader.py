"""The table that the Exchange admin center exports of its inbound and outbound messages report: per day and connector.

Percentages of a volume: every count made of them is an estimate and is marked so. NOTES.md says how they become counts.
"""

import re
from typing import Any

from etl.common import database
from etl.common.errors import ExportUnreadable
from etl.formats.base import Job
from etl.formats.delimited import dates
from etl.formats.delimited.csv_table import Table
from etl.formats.delimited.csv_trace import CsvTrace


def _percentage(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}{unit}" for name in names for unit in ("", " (percentage)", " (%)", " %", " percent"))


ALIASES = {
    "date_time": ("date", "data_date", "day", "report_date"),
    "connector": ("connector_direction_and_name", "connector_name_and_direction", "connector_name", "connector"),
    "direction": ("direction", "connector_direction", "directionality"),
    "connector_type": ("connector_type", "type"),
    "forced_tls": ("forced_tls", "force_tls", "tls_forced", "tls_required"),
    "no_tls": _percentage("no_tls", "without_tls"),
    "ssl_3_0": _percentage("ssl_3.0", "sslv3", "ssl_3"),
    "tls_1_0": _percentage("tls_1.0", "tlsv1.0", "tlsv1", "tls_1"),
    "tls_1_1": _percentage("tls_1.1", "tlsv1.1"),
    "tls_1_2": _percentage("tls_1.2", "tlsv1.2"),
    "tls_1_3": _percentage("tls_1.3", "tlsv1.3"),
    "tls_unknown": _percentage("tls_unknown", "other_tls", "tls_other", "tls"),
    "unknown": _percentage("unknown", "other"),
    "messages": ("volume", "volume (messages)", "number_of_messages", "message_count", "messages", "count"),
}

DAYS = {
    "iso": ("%Y-%m-%d", "%Y/%m/%d", "%Y. %m. %d."),
    "dotted": ("%d.%m.%Y", "%d. %m. %Y"),
    "words": (
        "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%A, %B %d, %Y", "%A, %d %B %Y",
        "%d-%b-%y", "%d-%b-%Y", "%d-%B-%Y",
    ),
    "month_first": ("%m/%d/%Y", "%m-%d-%Y"),
    "day_first": ("%d/%m/%Y", "%d-%m-%Y"),
}  # fmt: skip
"""Ways to write a day, the admin center's and Excel's; which of them a file uses is decided for all of it. Two digits
make a year only behind a month's name, as Excel writes it: no other part can be the year there."""

MIDNIGHTS = (
    "", " 00:00", " 0:00", " 00:00:00", " 0:00:00", "T00:00:00", "T00:00:00Z", "T00:00:00.000Z", " 12:00 AM",
    " 12:00:00 AM", ", 12:00:00 AM",
)  # fmt: skip
"""What may stand behind a day. Another time of day would say that the day is one of another zone."""


class _ConnectorDetails(CsvTrace):
    def dates(self, job: Job) -> dict[str, Any]:
        """How the file writes its days: stated (`options.date_format`), or the way that fits the most of them.

        Raises `ExportUnreadable` where slashes leave open which part is the month: the browser's language decides it,
        and the file proves nothing (`dates.order`).
        """
        stated = job.reading.options.get("date_format")
        if stated:
            return {"date_style": "date", "date_formats": [str(stated)]}
        formats = {way: [day + time for day in days for time in MIDNIGHTS] for way, days in DAYS.items()}
        seen = database.rows(job.con, database.sql(f"formats/{self.name}", "dates"), formats)[0]
        if seen["example"] is not None and not seen["days"]:
            raise _without_days(str(seen["example"]))
        ways = {way: int(seen[way]) for way in ("iso", "dotted", "words", "parts")}
        best = max(ways, key=lambda way: ways[way])
        if best in ("dotted", "parts"):
            found = dates.proven_order(job, dotted=best == "dotted")
            if found is None or (best == "dotted" and found != "day_first"):
                mark = next(mark for mark in "./-" if mark in str(seen["example"]))
                raise dates.undecided(str(seen["example"]), f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y")
            best = "dotted" if best == "dotted" else found
        return {"date_style": "date", "date_formats": formats[best]}

    def variables(self, job: Job, table: Table) -> dict[str, Any]:
        """Whether the source says which way all of its connectors go, and how many percentages a record has."""
        told = [column for column in table.columns if column.startswith(("no_tls", "ssl_", "tls_", "unknown"))]
        return {
            "stated_direction": str(job.reading.options.get("direction", "")),
            "percentages": len(told),
            "has_percent_header": any(re.search("percent|%", table.columns[column], re.IGNORECASE) for column in told),
        }


def _without_days(example: str) -> ExportUnreadable:
    """Why no record of a file has a day, by the first that has anything there; what to do about it."""
    shown = example[:40]
    expected = "days such as 2026-11-16, 16.11.2026 or 11/16/2026"
    if re.fullmatch(r"[0-9]{5}([.,][0-9]+)?", example):
        return ExportUnreadable(
            f"its days are numbers such as '{shown}': a spreadsheet counted them, and from when is not told",
            expected,
            "take the admin center's own file, or write the column as yyyy-mm-dd and save it again",
        )
    if re.fullmatch(r"[0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2}\b.*", example):
        return ExportUnreadable(
            f"its days have years of two digits, such as '{shown}': which part is the year is not told",
            expected,
            "state the format in the source's options, such as date_format = '%d.%m.%y'",
        )
    return ExportUnreadable(
        f"its days are written in no way that this reader knows, such as '{shown}'",
        expected,
        "state the format in the source's options, such as date_format = '%d %m %Y'",
    )


READER = _ConnectorDetails(
    name="m365_connector_details",
    version=3,
    aliases=ALIASES,
    required=("date_time", "connector", "no_tls", "tls_1_2", "messages"),
    kind="log",
    own_rows=True,
    aggregate=True,
    restates=True,
    limits=(),
)
