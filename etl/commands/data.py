"""Commands about data; filled below."""

from __future__ import annotations

import typer


def register(_app: typer.Typer) -> None:
    """Adds the commands to `app`."""
