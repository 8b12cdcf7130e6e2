"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from pydantic import Field

from etl.common.words import N_
from etl.formats.options import Options, Stated


class _Options(Options):
    logs_tls: bool | None = Field(
        None,
        description="whether silence about TLS means that there was none; unless said, where the log has TLS that day",
    )


STATED = Stated(options=_Options, tls_advice=N_("add +tls_cipher to log_selector"))
