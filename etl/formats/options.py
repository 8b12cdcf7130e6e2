"""What a source may state in `options`, as types: each format takes the fields that it declares, and no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from etl.common.words import N_


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


class Options(BaseModel):
    """The options of a format; one with nothing to state takes none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Dated(Options):
    """Exports whose way to write dates can be stated."""

    date_format: str | None = Field(
        None, min_length=2, description="how the export writes dates, as strptime: `%d/%m/%Y %H:%M:%S`"
    )


@dataclass(frozen=True)
class Stated:
    """What settings have to know of a format; apart from its reader, which takes DuckDB to import."""

    options: type[Options] = Options
    """What a source of this format may state in `options`."""
    joins: str | None = None
    """The format that `options.joins` may name: it tells of the same mail, and the two are held together."""
    has_messages: bool = True
    """Whether it tells of messages; else its sources never count, and its days are no days with mail."""
    tls_advice: str = N_("fetch exports that hold it")
    """What to do about exports that tell no TLS of any message: a clause, translated where it is shown."""
