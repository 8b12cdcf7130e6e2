"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from pydantic import Field

from etl.common.words import N_
from etl.formats.options import Options, Stated, SwitchOrNames


class _Options(Options):
    logs_tls: SwitchOrNames | None = Field(
        None,
        description="whether silence about TLS means that there was none: of all services, or of those listed; unless "
        "said, of a service that logged TLS on that day",
    )


STATED = Stated(options=_Options, tls_advice=N_("set smtpd_tls_loglevel = 1 and smtp_tls_loglevel = 1 in main.cf"))
