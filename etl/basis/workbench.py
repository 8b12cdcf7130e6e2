"""The workbench of a report: an edition's inputs loaded into memory, under the names that the measures read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

from etl.basis.inputs import PeriodInputs, sql, written_facts
from etl.common import database, disk
from etl.facts import grain
from etl.measures import declare
from etl.settings import Settings


@contextmanager
def opened(
    inputs: PeriodInputs, settings: Settings, connectors: tuple[str, ...] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that answers measures from `inputs` alone; with `connectors`, as if only these were there."""
    with database.workbench(settings.resources) as con, disk.scratch_folder(settings.storage.work_path) as folder:
        facts, history = folder / "facts.csv", folder / "history.csv"
        facts.write_bytes(inputs.facts_csv)
        history.write_bytes(inputs.history_csv)
        columns = grain.of_csv(inputs.facts_csv)
        values = {
            "facts_path": str(facts), "history_path": str(history), "visible": list(connectors),
            "facts_columns": columns,
            "text_columns": [name for name, kind in columns.items() if kind == "VARCHAR"],
        }  # fmt: skip
        database.set_variables(con, values)
        grain.load(con)
        _declare(con, inputs)
        con.execute(sql("inputs_views"))
        con.execute(database.sql("warehouse", "mail_flow"))
        declare(con)
        con.execute(sql("inputs_flow"))
        yield con


def _declare(con: duckdb.DuckDBPyConnection, inputs: PeriodInputs) -> None:
    """The sources, and the days for which they brought data, from completeness.json."""
    sources = inputs.completeness["sources"]
    con.execute("create table sources (source varchar, role varchar)")
    con.execute("create table own_days (data_date date, source varchar)")
    con.execute(sql("own_connectors"))
    con.executemany(
        "insert into sources values (?, ?)", [[item["source"], item["role"]] for item in sources] or [["", ""]]
    )
    days = [[day["data_date"], item["source"]] for item in sources for day in item["days"]]
    if days:
        con.executemany("insert into own_days values (?, ?)", days)
    if inputs.completeness["connectors"]:
        columns = ("direction", "connector", "first_date", "last_date", "connector_type", "forced_tls")
        rows = [[row[column] for column in columns] for row in inputs.completeness["connectors"]]
        con.executemany("insert into own_connectors values (?, ?, ?, ?, ?, ?)", rows)


def visible_facts_csv(inputs: PeriodInputs, settings: Settings, connectors: tuple[str, ...]) -> bytes:
    """`facts_csv` with only the rows of `connectors`: what an audience that sees only these may be given."""
    with opened(inputs, settings, connectors) as con, disk.scratch_folder(settings.storage.work_path) as folder:
        return written_facts(con, folder / "facts.csv", inputs.period)


def facts_csv_in(inputs: PeriodInputs, settings: Settings, columns: Sequence[str]) -> bytes:
    """`facts_csv` in `columns` of the grain alone, summed by them: as it was before others were added."""
    if list(columns) == list(grain.of_csv(inputs.facts_csv)):
        return inputs.facts_csv
    with opened(inputs, settings) as con, disk.scratch_folder(settings.storage.work_path) as folder:
        con.execute(sql("facts_in_columns"), {"columns": list(columns)})
        return written_facts(con, folder / "facts.csv", inputs.period)
