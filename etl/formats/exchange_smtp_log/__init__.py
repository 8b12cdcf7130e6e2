"""What settings may state of this format; `reader.py` reads it, NOTES.md has its fields and traps."""

from etl.formats.options import Stated

STATED = Stated()
