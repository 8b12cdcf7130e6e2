"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from pydantic import Field

from etl.formats.options import Dated, Stated


class _Options(Dated):
    connector_id: bool = Field(
        False, description="whether the column `connector_id` names the connector where `custom_data` names none"
    )


STATED = Stated(options=_Options)
