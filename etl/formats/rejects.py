"""What most of a file's rejected records were rejected for."""

from __future__ import annotations

from pathlib import Path

import duckdb

from etl.common import database


def commonest(con: duckdb.DuckDBPyConnection, rejects: Path) -> tuple[str, str]:
    """The commonest reason in a file of rejected records, and the three commonest with their numbers, in words."""
    found = database.rows(con, database.sql("formats", "commonest_reasons"), {"file": str(rejects)})
    return str(found[0]["reason"]), ", ".join(f"'{row['reason']}' ({row['records']:,})" for row in found)
