"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from pydantic import Field

from etl.common.words import TlsVersion
from etl.formats.options import Options, Stated


class _Options(Options):
    tls_states: dict[str, TlsVersion] = Field(
        {}, description="what each `smtp_tls_state` means where no version is told"
    )


STATED = Stated(options=_Options)
