"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from etl.common.words import N_
from etl.formats.options import Dated, Stated

STATED = Stated(options=Dated, tls_advice=N_("take m365_trace_detail instead: a message trace has no column for TLS"))
