"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from pydantic import Field

from etl.common.words import N_
from etl.formats.options import Names, Options, Stated


class _Options(Options):
    joins: Names | None = Field(None, description="the source, or sources, that tell the sessions' TLS")


STATED = Stated(
    options=_Options,
    joins="exchange_smtp_log",
    tls_advice=N_("name the source of the protocol logs in options.joins"),
)
