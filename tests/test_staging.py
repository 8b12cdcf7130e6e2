"""What staging makes of a reader that fails: the export's fault is quarantined, the program's own is said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import landing, staging
from etl.common import database
from etl.common.errors import ReaderBroken
from etl.landing import evidence
from tests.formats.log_site import DATA, site

MISTAKES = {
    "no such column": "create or replace temp view records as select no_such_column from lines;",
    "no such table": "create or replace temp view records as select * from no_such_table;",
    "no SQL": "creat or replace temp view records as select 1;",
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_reader_s_sql_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    settings = site(tmp_path)
    (tmp_path / "exports" / "mail.log").write_bytes((DATA / "hostile" / "postfix_log" / "good.log").read_bytes())
    landing.collect(settings)
    (sha256,) = evidence.landed(settings, "mx")
    written = database.sql
    with monkeypatch.context() as broken:
        broken.setattr(database, "sql", lambda folder, name: mistake if name == "records" else written(folder, name))
        with pytest.raises(ReaderBroken, match="The SQL of the reader postfix_log is wrong"):
            staging.stage(settings, "mx", sha256)
    assert staging.counts(settings, settings.sources[0], sha256) is None
    assert staging.stage(settings, "mx", sha256).state == "staged"
