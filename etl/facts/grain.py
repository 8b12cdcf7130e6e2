"""The columns of the facts, for all that reads, sums, writes or compares them: they stand in `grain.sql` alone.

Facts and exports from before a column was added have its default. An edition is made anew, and compared, in the columns
that its own facts.csv names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import cache

import duckdb

from etl.common import database

FORMAT = 1
"""Goes up with every change of the columns; each edition notes the one that its facts have. Without a note it is 1."""
MEASURES = ("messages", "recipients", "bytes", "is_estimated")
"""What is summed by the others."""


def load(con: duckdb.DuckDBPyConnection, columns: Sequence[str] | None = None) -> None:
    """Makes the temporary table `grain` and the lists that SQL takes from it; with `columns`, of those alone."""
    con.execute(database.sql("facts", "grain"))
    if columns is not None:
        con.execute(database.sql("facts", "grain_kept"), {"columns": list(columns)})
    con.execute(database.sql("facts", "grain_lists"))


def complete(con: duckdb.DuckDBPyConnection) -> None:
    """Gives the view `trace` the columns that its reader, older than they are, does not state."""
    stated = [name for (name,) in con.execute(database.sql("facts", "trace_states")).fetchall()]
    if stated != database.value(con, "select getvariable('protection_columns')"):
        database.set_variables(con, {"stated_columns": stated})
        con.execute(database.sql("facts", "trace_whole"))


@cache
def types() -> dict[str, str]:
    """Each column of the facts with its type in DuckDB, in order."""
    with database.workbench(None) as con:
        load(con)
        return dict(con.execute("select column_name, column_type from (describe grain)").fetchall())


def of_csv(facts_csv: bytes) -> dict[str, str]:
    """The columns of a facts.csv with their types, as its first line names them."""
    header = next(csv.reader(io.StringIO(facts_csv.split(b"\n", 1)[0].decode("utf-8"))))
    return {name: types().get(name, "VARCHAR") for name in header}


def names() -> tuple[str, ...]:
    """What facts are summed by, in order."""
    return tuple(name for name in types() if name not in MEASURES)
