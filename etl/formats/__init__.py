"""Readers: one folder per export format. The registry below is the only place that knows them all."""

from __future__ import annotations

from importlib import import_module

from etl.formats.base import Reader, Sample
from etl.formats.options import Stated

NAMES = (
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
"""The formats, in the order in which a file is tried against them: each a folder beside this file."""


def stated(name: str) -> Stated:
    """What settings may state of the format `name`."""
    found: Stated = import_module(f"etl.formats.{name}").STATED
    return found


def reader(name: str) -> Reader:
    """The reader of the format `name`."""
    found: Reader = import_module(f"etl.formats.{name}.reader").READER
    return found


def recognise(sample: Sample) -> str | None:
    """The name of the first format whose reader recognises `sample`, or nothing."""
    return next((name for name in NAMES if reader(name).recognise(sample)), None)
