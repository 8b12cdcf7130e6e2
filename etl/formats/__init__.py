"""Readers: one folder per export format. The registry below is the only place that knows them all."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

if TYPE_CHECKING:
    from etl.formats.base import Reader, Sample


def _names(value: object) -> object:
    if not (isinstance(value, str) or _is_list_of_names(value)):
        raise ValueError("a name, or a list of names, is allowed")
    return value


def _switch_or_names(value: object) -> object:
    if not (isinstance(value, bool) or _is_list_of_names(value)):
        raise ValueError("true, false or a list of names is allowed")
    return value


def _is_list_of_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


Names = Annotated[str | list[str], BeforeValidator(_names)]
SwitchOrNames = Annotated[bool | list[str], BeforeValidator(_switch_or_names)]
TlsVersion = Literal["No TLS", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "TLS unknown", "Unknown"]


class Options(BaseModel):
    """What a source of a format may be told in `options`; a format with nothing to tell takes none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Dated(Options):
    """Exports whose way to write dates can be stated."""

    date_format: str | None = Field(
        None, min_length=2, description="how the export writes dates, as strptime: `%d/%m/%Y %H:%M:%S`"
    )


class Details(Dated):
    """Connector details."""

    direction: Literal["inbound", "outbound"] | None = Field(
        None, description="which way all connectors of the export go, where it does not say"
    )


class TraceDetail(Dated):
    """The extended message trace."""

    connector_id: bool = Field(
        False, description="whether the column `connector_id` names the connector where `custom_data` names none"
    )


class Daemons(Options):
    """A log whose services log TLS each for themselves."""

    logs_tls: SwitchOrNames | None = Field(
        None,
        description="whether silence about TLS means that there was none: of all services, or of those listed; unless "
        "said, of a service that logged TLS on that day",
    )


class Daemon(Options):
    """A log of one program."""

    logs_tls: bool | None = Field(
        None,
        description="whether silence about TLS means that there was none; unless said, where the log has TLS that day",
    )


class Joined(Options):
    """A log that can be held together with another of the same mail."""

    joins: Names | None = Field(None, description="the source, or sources, that tell the sessions' TLS")


class Gmail(Options):
    """Gmail logs."""

    tls_states: dict[str, TlsVersion] = Field(
        {}, description="what each `smtp_tls_state` means where no version is told"
    )


@dataclass(frozen=True)
class Format:
    """What is known of a format without its reader: the options of its sources, the format that they may join in
    `options.joins`, and whether it tells of messages (else they never count, and its days are no days with mail)."""

    options: type[Options] = Options
    joins: str | None = None
    has_messages: bool = True


REGISTRY = {
    "m365_connector_report": Format(Dated),
    "m365_connector_details": Format(Details),
    "m365_message_trace": Format(Dated),
    "m365_trace_detail": Format(TraceDetail),
    "postfix_log": Format(Daemons),
    "exim_log": Format(Daemon),
    "exchange_smtp_log": Format(),
    "exchange_message_tracking": Format(Joined, joins="exchange_smtp_log"),
    "gmail_log": Format(Gmail),
    "tls_rpt": Format(has_messages=False),
}
"""The formats by name, in the order in which a file is tried against them."""


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


IN_PARTS = (("formats/exchange_smtp_log", "sessions"), ("formats/exim_log", "trace"))
"""SQL files (folder, name) of `trace_scripts` that run once for each part of a log, numbered by the session variable
`part`; a script before them sets how many `parts` there are."""


def trace_scripts(reader: Reader, *, joined: bool = False) -> list[tuple[str, str]]:
    """The SQL files (folder, name) that make the view `trace` of one data date from staged records.

    A log has its own `trace.sql`, and what its reader names to run before it (`before_trace`); where another source's
    records are `joined`, what it names for that (`before_joined`).
    """
    if reader.kind == "trace":
        return [("facts", "trace_files")]
    before = getattr(reader, "before_joined" if joined else "before_trace", ())
    return [*before, (f"formats/{reader.name}", "trace")]
