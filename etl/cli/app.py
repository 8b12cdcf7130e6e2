"""`python -m etl`: the same functions that the DAGs call, for a terminal or a script.

Exit codes: 0 done; 1 done, with something to look at (a quarantined file, a missing export, a difference);
2 or 64 wrong use; 3 a broken archive; 65 unreadable input; 66 not found; 69 mail refused; 74 storage;
75 try again; 78 settings.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from etl import __version__
from etl.cli import archive, data, insights, ops, report
from etl.cli.console import Context, err
from etl.common.errors import StorageFull, TransitLedgerError

app = typer.Typer(
    name="etl",
    help="Was our mail protected in transit, connector by connector, and can you prove it?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"transit-ledger {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="The settings file; else $TRANSIT_LEDGER_CONFIG, else config.toml.")
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Reads the global options."""
    context.obj = Context(config)


for commands in (data, insights, report, archive, ops):
    commands.register(app)


def run() -> None:
    """Runs the command line; every error of our own becomes one clear message and its exit code, never a trace."""
    try:
        app()
    except TransitLedgerError as error:
        err.print(f"transit-ledger: {error}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _silence_output()
        sys.exit(0)
    except OSError as error:
        err.print(f"transit-ledger: The system refused: {error}. Correct that and run the command again.")
        sys.exit(StorageFull.exit_code)
    except SystemExit:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _silence_output()
        raise


def _silence_output() -> None:
    """Whoever read our output has gone: what is left of it goes nowhere, without a complaint when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
