"""What staging makes of a reader that fails: the export's fault is quarantined, the program's own is said aloud."""

from __future__ import annotations

import gzip
from dataclasses import fields, replace
from pathlib import Path

import pytest

from etl import facts, landing, staging, warehouse
from etl.chain import bring_up
from etl.common import database
from etl.common.errors import ReaderBroken
from etl.formats.base import Job
from etl.landing import evidence
from etl.settings import Settings
from tests.formats.log_site import FORMATS, site
from tests.helpers import bring, export, row
from tests.helpers import site as table_site

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
    (tmp_path / "exports" / "mail.log").write_bytes((FORMATS / "postfix_log" / "hostile" / "good.log").read_bytes())
    landing.collect(settings)
    (sha256,) = evidence.landed(settings, "mx")
    written = database.sql
    with monkeypatch.context() as broken:
        broken.setattr(database, "sql", lambda folder, name: mistake if name == "records" else written(folder, name))
        with pytest.raises(ReaderBroken, match="The SQL of the reader postfix_log is wrong"):
            staging.stage(settings, "mx", sha256)
    assert staging.counts(settings, settings.sources[0], sha256) is None
    assert staging.stage(settings, "mx", sha256).state == "staged"


SMALL = {"memory": "1GiB", "expanded_size": 2_000}


def site_with_limit(folder: Path, **limits: object) -> Settings:
    return table_site(folder, limits=SMALL | limits)


def test_a_file_kept_out_by_a_limit_is_tried_again_when_it_is_larger(tmp_path: Path) -> None:
    """The advice is to raise the limit: doing so must do something, and end where a new site would."""
    small, large = site_with_limit(tmp_path), site_with_limit(tmp_path, expanded_size="1MB")
    packed = gzip.compress(export([row(number) for number in range(50)]), mtime=0)
    bring(small, {"connector-2026-11-16.csv.gz": packed})
    (refused,) = staging.stage_all(small)
    assert (refused.state, refused.limit) == ("quarantined", {"expanded_size": 2_000})
    assert facts.partitions(small) == {}
    assert staging.stage_all(small) == [refused]  # as long as the limit is what it was, it is not read again

    bring_up(large)
    assert [day.messages for day in facts.partitions(large).values()] == [50]
    clean = site_with_limit(tmp_path / "clean", expanded_size="1MB")
    bring(clean, {"connector-2026-11-16.csv.gz": packed})
    assert warehouse.digest(clean).digest == warehouse.digest(large).digest
    warehouse.rebuild(large)
    assert warehouse.digest(clean).digest == warehouse.digest(large).digest


def test_a_file_kept_out_by_what_it_holds_is_not_tried_again_for_a_limit(tmp_path: Path) -> None:
    small, large = site_with_limit(tmp_path), site_with_limit(tmp_path, expanded_size="1MB")
    bring(small, {"connector-2026-11-16.csv": b"a,b\n1,2\n"})
    (refused,) = staging.stage_all(small)
    assert (refused.state, refused.limit) == ("quarantined", None)
    assert staging.counts(large, large.sources[0], refused.sha256) == refused


def test_what_a_reader_sees_is_what_its_key_covers(tmp_path: Path) -> None:
    """Each value that a reading holds changes the key of what was staged with it, and a job holds no other settings."""
    settings = table_site(tmp_path)
    reading = settings.reading(settings.sources[0])
    others = {
        "format": "exim_log", "time_zone": "Asia/Tokyo", "report_time_zone": "Asia/Tokyo", "columns": {"bytes": "Size"},
        "options": {"date_format": "%d.%m.%Y"}, "domains": ["a.example"], "networks": ["192.0.2.0/24"],
        "internal_services": ["25"],
    }  # fmt: skip
    assert others.keys() == vars(reading).keys()
    hashes = {replace(reading, **{key: value}).sha256() for key, value in others.items()}
    assert len(hashes | {reading.sha256()}) == len(others) + 1
    seen = {field.name for field in fields(Job)} - {"con", "path", "name", "named_date", "export_at", "out", "work"}
    assert seen == {"reading", "key", "expanded_size", "none_rejected"}
