"""Commands of this part; filled as the part is built."""

from __future__ import annotations

import typer


def register(_app: typer.Typer) -> None:
    """Adds the commands to `app`."""
