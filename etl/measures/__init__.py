"""Measures: one question per `.sql` file, asked of a warehouse or of an edition's own inputs.

Each file's first lines say the question, its parameters and its columns. Only sources with the role `count` and the
directions inbound and outbound are mail flow (the view `mail_flow`); a source with the role `reconcile` is held against
it and never added. Every total is the plain sum of its parts: no share is computed here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from etl.common import database
from etl.common.words import BELOW_MODERN, DEPRECATED

_FOLDER = Path(__file__).parent
_NO_QUESTION = frozenset({"prepare", "classes", "own_flow_days"})


def names() -> list[str]:
    """The names of all measures, in order."""
    return sorted(path.stem for path in _FOLDER.glob("*.sql") if path.stem not in _NO_QUESTION)


@cache
def text(name: str) -> str:
    """The SQL of the measure `name`; `KeyError` where there is none."""
    path = _FOLDER / f"{name}.sql"
    if not path.is_file():
        raise KeyError(name)
    return path.read_text(encoding="utf-8")


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the temporary views on a connection to a warehouse that some measures read (`prepare.sql`)."""
    declare(con)
    con.execute(text("prepare"))


def declare(con: duckdb.DuckDBPyConnection) -> None:
    """Makes what measures read over a warehouse and over an edition's inputs alike, from the view `mail_flow`: classes
    of TLS versions, and flows by day."""
    database.set_variables(con, {"below_modern": list(BELOW_MODERN), "deprecated": list(DEPRECATED)})
    con.execute(text("classes"))
    con.execute(text("own_flow_days"))


def measure(con: duckdb.DuckDBPyConnection, name: str, **params: Any) -> list[dict[str, Any]]:
    """The answer to the question `name`: rows as dictionaries, columns and parameters as its file says."""
    return database.rows(con, text(name), params)
