"""What a source may state in `options`, as types: each format takes the fields that it declares, and no others."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


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
