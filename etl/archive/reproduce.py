"""From exactly the landed files, notes and settings of an archived edition to its numbers again: same, or what differs.

The bytes of the old PDF are kept and verified, not made again: a newer renderer would not give them.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl import evidence, facts, periods, staging, storage, warehouse
from etl.archive import about, ledger
from etl.periods import Period
from etl.report.inputs import PeriodInputs, period_inputs
from etl.settings import Settings

MOST_DIFFERENCES = 50


@dataclass(frozen=True)
class Reproduction:
    """`same`, or up to fifty lines of facts that only the edition (`-`) or only the re-derivation (`+`) has.

    `gone` names files whose bytes have expired, with since when: then nothing can be derived any more.
    """

    period: str
    edition: int
    same: bool
    differences: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def reproduce(settings: Settings, period: Period, edition: int | None = None) -> Reproduction:
    """Derives the facts of an edition (the current one without a number) anew and holds them against its own."""
    archive = settings.storage.archive_path
    entry = about.find(ledger.read(archive), period, edition)
    archived = PeriodInputs.from_bag(archive / entry.bag / "data")
    gone = tuple(_gone(settings, archived))
    if gone:
        return Reproduction(str(period), entry.edition, False, gone=gone)
    with storage.scratch_folder(settings.storage.work_path / "reproduce") as folder:
        again = _settings_of(archived, folder)
        _lay_out(settings, again, archived)
        for day in facts.dirty_days(again):
            facts.rebuild_day(again, day)
        warehouse.publish(again)
        derived = period_inputs(again, period)
    differences = _differences(archived.facts_csv, derived.facts_csv)
    return Reproduction(str(period), entry.edition, not differences, differences[:MOST_DIFFERENCES])


def _counting_files(archived: PeriodInputs) -> list[dict[str, Any]]:
    return list(archived.inputs["files"])


def _gone(settings: Settings, archived: PeriodInputs) -> list[str]:
    found = []
    known = {source.name: source for source in settings.sources}
    for file in _counting_files(archived):
        if evidence.landed_path(settings, file["source"], file["sha256"]).exists():
            continue
        source = known.get(file["source"])
        since = staging.removed_at(settings, source, file["sha256"]) if source else None
        found.append(f"{file['name']}: {f'removed at {since}' if since else 'its bytes are not in storage'}")
    return found


def _settings_of(archived: PeriodInputs, root: Path) -> Settings:
    """The edition's own settings, with a storage of its own."""
    told = archived.settings_public | {"storage": {"root": str(root)}, "policy": {}}
    return Settings.model_validate(told)


def _lay_out(settings: Settings, again: Settings, archived: PeriodInputs) -> None:
    """Landed bytes, first receipts and notes as the edition lists them. A seal is left out: its day is derived too."""
    for file in _counting_files(archived):
        path = evidence.landed_path(again, file["source"], file["sha256"])
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(evidence.landed_path(settings, file["source"], file["sha256"]), path)
        receipt = evidence.Receipt(
            source=file["source"],
            name=file["name"],
            size=file["size"],
            sha256=file["sha256"],
            landed_at=periods.parse_instant(file["landed_at"]),
            export_at=periods.parse_instant(file["export_at"]),
            named_date=date.fromisoformat(file["named_date"]) if file["named_date"] else None,
        )
        storage.append_numbered(evidence.receipts_folder(again, file["source"]) / file["sha256"], receipt.as_json())
    for note in archived.inputs["notes"]:
        if note["kind"] == "seal":
            continue
        content = {key: value for key, value in note.items() if key != "number"}
        path = again.storage.root / "notes" / f"{note['number']:08d}.json"
        storage.write_new(path, json.dumps(content).encode("utf-8"))


def _differences(archived: bytes, derived: bytes) -> tuple[str, ...]:
    before, after = set(archived.decode().splitlines()), set(derived.decode().splitlines())
    gone = [f"- {line}" for line in sorted(before - after)]
    return tuple(gone + [f"+ {line}" for line in sorted(after - before)])
