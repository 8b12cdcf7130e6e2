"""Partner domains as A-labels (IDNA 2008): what a U-label in an export becomes, so that one domain has one name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import idna

from etl.common import database
from etl.common.disk import TEMPORARY


def a_label(domain: str) -> str:
    """`domain` with its U-labels as A-labels, in lower case; one that IDNA does not allow stays as it is."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain.lower()


def mend(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Writes the staged records in `file` anew with A-labels, where any partner domain is not ASCII."""
    found = [row[0] for row in con.execute(database.sql("formats", "domains_odd"), {"file": str(file)}).fetchall()]
    if not found:
        return
    mended = file.with_name(f"{TEMPORARY}{file.name}")
    database.set_variables(
        con,
        {
            "odd_file": str(file),
            "mended_file": str(mended),
            "odd_domains": found,
            "a_labels": [a_label(domain) for domain in found],
        },
    )
    con.execute(database.sql("formats", "domains_mend"))
    mended.replace(file)
