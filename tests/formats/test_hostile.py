"""One hostile file per attack and format (HOSTILE.md): none stops the rest, none changes what others say.

All of them lie in one site, beside one sound export of each format; another site has the sound ones alone. What has to
become of each stands in its format's hostile.csv. What a file may count has the name of its attack as partner, as
connector or as policy domain; what an attacker wants counted, but only wrote into a subject, a reply or a name, is
`forged.example`.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl import facts, formats, landing
from etl.chain import bring_up
from etl.landing import evidence
from etl.report.view import wording
from etl.settings import Settings
from tests.formats.log_site import FORMATS
from tests.formats.table_site import EXPORTED, asked
from tests.helpers import site
from tools import translations

EXPANDED = 1_500_000
"""Bytes that a file may unpack to: less than the bombs have, more than the longest line."""
SESSIONS = "select source, data_date, reporting_org, policy_domain, result_type, sessions from tls_reports"


def ingested(folder: Path, pattern: str) -> Settings:
    """A site with a source for each format, after it has taken the files that `pattern` fits."""
    named = [{"name": name, "format": name, "location": f"exports/{name}", "pattern": "*"} for name in formats.NAMES]
    settings = site(folder, sources=named, limits={"expanded_size": EXPANDED}, report={"time_zone": "UTC"})
    for path in sorted(FORMATS.glob(f"*/hostile/{pattern}")):
        copy = folder / "exports" / path.parents[1].name / path.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (EXPORTED, EXPORTED))
    assert {item.result for item in landing.collect(settings).files} == {"landed"}
    bring_up(settings)
    return settings


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return ingested(tmp_path_factory.mktemp("hostile"), "*")


def outcomes(settings: Settings) -> Iterator[dict[str, str]]:
    """What became of each file, as hostile.csv has it; `counted` are messages, or sessions, named after the attack."""
    counted = {
        (source, name): number
        for source, name, number in asked(
            settings,
            "select source, concat_ws(' ', connector, partner_domain), sum(messages) from facts group by all union all "
            "select source, policy_domain, sum(sessions) from tls_reports group by all",
        )
    }
    for item in facts.files_by_source(settings):
        landed = evidence.landed(settings, item.source.name)
        for sha256, counts in item.counts.items():
            name = landed[sha256].receipt.name
            assert counts.records == counts.used + counts.rejected + sum(counts.skipped.values()), name
            attack = re.compile(rf"(^|\W){re.escape(name.split('.')[0])}\.example")
            yield {
                "format": item.source.name, "file": name, "state": counts.state, "records": str(counts.records),
                "used": str(counts.used), "rejected": str(counts.rejected),
                "skipped": " ".join(f"{rule}={number}" for rule, number in counts.skipped.items()),
                "counted": str(sum(number for (source, told), number in counted.items()
                                   if source == item.source.name and attack.search(told))),
                "reason": (counts.reason or "")[:100],
            }  # fmt: skip


def of_sound_files(settings: Settings) -> list[tuple[Any, ...]]:
    """All facts, and sessions, that the sound files speak for."""
    query = "select * from facts where contains(concat(connector, partner_domain), 'good.example') order by all"
    return asked(settings, query) + asked(settings, f"{SESSIONS} where policy_domain = 'good.example' order by all")


def test_each_is_read_or_quarantined_as_it_ought_to_be(hostile: Settings) -> None:
    expected = {}
    for name in formats.NAMES:
        with (FORMATS / name / "hostile.csv").open(encoding="utf-8", newline="") as file:
            expected |= {(name, row["file"]): {"format": name} | row for row in csv.DictReader(file)}
    found = {(row["format"], row["file"]): row for row in outcomes(hostile)}
    assert found == expected
    assert set(found) == {(path.parents[1].name, path.name) for path in FORMATS.glob("*/hostile/*")}
    assert not [row for row in found.values() if re.search(r"(?<!\*\*\*)@", row["reason"])]
    assert all(row["reason"] for row in found.values() if row["state"] == "quarantined")


def test_none_changes_what_a_sound_file_of_its_source_says(hostile: Settings, tmp_path: Path) -> None:
    alone = of_sound_files(ingested(tmp_path, "good.*"))
    assert {name for row in alone for name in row[:2]} >= set(formats.NAMES)
    assert of_sound_files(hostile) == alone


def test_every_reason_has_its_text_in_the_catalogues(hostile: Settings) -> None:
    told = {reason for (reason,) in asked(hostile, "select reason from rejects union select rule from skips")}
    assert len(told) > 20
    assert {wording.outcome_text(reason) for reason in told} <= translations.used()


def test_nothing_is_counted_that_was_only_written_into_a_text(hostile: Settings) -> None:
    told = asked(hostile, "select distinct connector, partner_domain from facts")
    assert told
    assert not [names for names in told if any(name.startswith("forged.example") for name in names)]
    assert not asked(hostile, f"{SESSIONS} where policy_domain = 'forged.example'")


def test_no_size_is_beyond_what_a_message_can_have(hostile: Settings) -> None:
    assert not asked(hostile, "select * from facts where bytes not between 0 and 1000000000000 * messages")
    sizes = "select bytes from facts where partner_domain = 'sizes.example' and source in ('exim_log', 'postfix_log')"
    assert set(asked(hostile, sizes)) == {(10**9,)}
