"""How commands speak: text for people on standard output, JSON for programs, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from etl import settings as settings_module
from etl.settings import Settings

WIDE = None if sys.stdout.isatty() else 240
"""Columns of a table: the terminal's, or enough for a log."""

out = Console(highlight=False, markup=False, soft_wrap=True, width=WIDE)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@dataclass
class Context:
    """What every command gets: the settings, read when first asked for."""

    config: Path | None = None
    _settings: Settings | None = field(default=None, repr=False)

    def settings(self) -> Settings:
        """The settings from `--config`, `$TRANSIT_LEDGER_CONFIG` or `config.toml`."""
        if self._settings is None:
            self._settings = settings_module.load(self.config)
        return self._settings


def say(text: str = "") -> None:
    """One line for people."""
    out.print(text)


def note(text: str) -> None:
    """One line of progress or warning, on standard error."""
    err.print(text)


def emit_json(value: Any) -> None:
    """`value` as JSON on standard output: dates as ISO text, models as objects, keys in their own order."""
    print(json.dumps(value, default=_shown, ensure_ascii=False, indent=2))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], numeric: Iterable[str] = (), styles: Sequence[str] = ()
) -> None:
    """A table for people: `numeric` columns to the right, nothing as an en dash; `styles` colour rows."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    right = set(numeric)
    for column in columns:
        shown.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for number, row in enumerate(rows):
        style = styles[number] if number < len(styles) else ""
        shown.add_row(*("–" if cell is None else str(cell) for cell in row), style=style)
    out.print(shown)


def progress() -> Progress:
    """A progress bar on a terminal; elsewhere nothing, so that logs stay plain."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=err, transient=True, disable=not sys.stderr.isatty(),
    )  # fmt: skip


def _shown(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
