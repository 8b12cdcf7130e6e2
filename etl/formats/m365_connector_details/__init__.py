"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from pydantic import Field

from etl.common.words import Direction
from etl.formats.options import Dated, Stated


class _Options(Dated):
    direction: Direction | None = Field(
        None, description="which way all connectors of the export go, where it does not say"
    )


STATED = Stated(options=_Options)
