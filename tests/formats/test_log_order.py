"""A line's number is its place among the staged records: nothing may read a log out of its order."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from etl import formats, landing, staging
from etl.common import database
from etl.landing import evidence
from tests.formats.log_site import FORMATS, site


@pytest.mark.parametrize("log", ["postfix_log", "exim_log", "exchange_smtp_log", "gmail_log"])
def test_records_of_a_log_are_written_in_its_order(tmp_path: Path, log: str) -> None:
    """A join lets go of the order where two threads read several row groups, and `in` with five words is a join."""
    settings = site(tmp_path, log=log)
    (good,) = (FORMATS / log / "hostile").glob("good.*")
    shutil.copyfile(good, tmp_path / "exports" / good.name)
    landing.collect(settings)
    (landed,) = evidence.landed(settings, "mx").values()
    with staging._job(settings, settings.sources[0], landed, tmp_path) as job:
        formats.reader(log).stage(job)
        plan = database.rows(job.con, f"explain {database.sql('formats/lines', 'log_copy').partition(';')[0]}")
        text = "".join(str(row["explain_value"]) for row in plan)
    assert "Batch Copy To File" in text  # how DuckDB writes what keeps its order; else it is `Copy To File`
