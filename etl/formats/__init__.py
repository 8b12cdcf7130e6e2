"""Readers: one folder per export format. The registry below is the only place that knows them all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.formats.base import Reader, Sample

REGISTRY = (
    "m365_connector_report",
    "m365_connector_details",
    "m365_message_trace",
    "m365_trace_detail",
    "postfix_log",
    "exim_log",
    "exchange_smtp_log",
    "exchange_message_tracking",
    "gmail_log",
    "tls_rpt",
)
"""Names of the formats, in the order in which a file is tried against them."""

JOINS = {"exchange_message_tracking": "exchange_smtp_log"}
"""Formats whose sources may name another in `options.joins`, and of which format that has to be."""

WITHOUT_MESSAGES = ("tls_rpt",)
"""Formats that tell of no message: their sources never count, and their days are no days with mail data."""


def names() -> list[str]:
    """The names of all formats."""
    return list(REGISTRY)


def reader(name: str) -> Reader:
    """The reader of the format `name`."""
    found: Reader = import_module(f"etl.formats.{name}").READER
    return found


def recognise(sample: Sample) -> str | None:
    """The name of the first format whose reader recognises `sample`, or nothing."""
    return next((name for name in REGISTRY if reader(name).recognise(sample)), None)


def trace_scripts(reader: Reader, *, joined: bool = False) -> list[tuple[str, str]]:
    """The SQL files (folder, name) that make the view `trace` of one data date from staged records.

    A log has its own `trace.sql`, and what its reader names to run before it (`before_trace`); where another source's
    records are `joined`, what it names for that (`before_joined`).
    """
    if reader.kind == "trace":
        return [("sql", "trace_files")]
    before = getattr(reader, "before_joined" if joined else "before_trace", ())
    return [*before, (f"formats/{reader.name}", "trace")]
