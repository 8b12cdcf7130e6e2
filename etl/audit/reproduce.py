"""From exactly the landed files, notes and settings of an archived edition to its numbers again: same, or what differs.

The bytes of the old PDF are kept and verified, not made again: a newer renderer would not give them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from etl import facts, staging, warehouse
from etl.archive import edition_file, ledger, shelf
from etl.basis.inputs import PeriodInputs, period_inputs
from etl.basis.workbench import facts_csv_in
from etl.common import disk, periods
from etl.common.periods import Period
from etl.facts import grain
from etl.landing import evidence
from etl.measures.completeness import evidence_basis
from etl.settings import Settings

MOST_DIFFERENCES = 50


@dataclass(frozen=True)
class Reproduction:
    """`same`, or up to fifty lines of what only the edition (`-`) or only the re-derivation (`+`) has: facts, and what
    completeness counts.

    `gone` names files whose bytes have expired, with since when, `altered` files whose bytes are no longer those that
    landed: then nothing is derived. `readers_changed`: the program reads exports by another version than it did then,
    which may be why something differs.
    """

    period: str
    edition: int
    same: bool
    differences: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    readers_changed: bool = False


def reproduce(settings: Settings, period: Period, edition: int | None = None) -> Reproduction:
    """Derives the numbers of an edition (the current one without a number) anew and holds them against its own."""
    archive = shelf.of(settings)
    entry = edition_file.find(ledger.read(archive), period, edition)
    archived = PeriodInputs.from_bag(edition_file.data(archive, entry.bag).read)
    columns = list(grain.of_csv(archived.facts_csv))  # those it had: one that was added since would make it another
    with disk.scratch_folder(settings.storage.work_path / "reproduce") as folder:
        again = _settings_of(archived, folder / "all")
        gone, altered = _unusable(settings, again, archived)
        if gone or altered:
            return Reproduction(str(period), entry.edition, False, gone=gone, altered=altered)
        _carry_sealed_days(settings, archived, again, folder, columns)
        _lay_out(settings, again, _files(archived))
        _note(again, archived.inputs["notes"])
        staging.stage_all(again)
        for day in facts.dirty_days(again):
            facts.rebuild_day(again, day, columns=columns)
        warehouse.publish(again)
        derived = period_inputs(again, period, policy=archived.policy)
        derived_csv = facts_csv_in(derived, again, columns)
    differences = (
        *_differences(archived.facts_csv.decode().splitlines(), derived_csv.decode().splitlines()),
        *_differences(_counts(archived.completeness), _counts(derived.completeness)),
    )
    return Reproduction(
        str(period),
        entry.edition,
        not differences,
        differences[:MOST_DIFFERENCES],
        readers_changed=archived.versions["readers"] != derived.versions["readers"],
    )


def _files(archived: PeriodInputs) -> list[dict[str, Any]]:
    """The landed files that the edition's numbers come from."""
    return [*archived.inputs["files"], *archived.inputs["around"]]


def _unusable(settings: Settings, again: Settings, archived: PeriodInputs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The edition's files whose bytes are gone, and those whose bytes are others now; each with what is known of it."""
    gone, altered = [], []
    for file in _files(archived):
        path = evidence.landed_path(settings, file["source"], file["sha256"])
        if not path.exists():
            since = staging.removed_at(settings, again.source(file["source"]), file["sha256"])
            gone.append(f"{file['name']}: {f'removed at {since}' if since else 'its bytes are not in storage'}")
        elif (found := disk.sha256_of(path)) != file["sha256"]:
            altered.append(f"{file['name']}: landed as {file['sha256'][:12]}…, its bytes are now {found[:12]}…")
    return tuple(gone), tuple(altered)


def _settings_of(archived: PeriodInputs, root: Path) -> Settings:
    """The edition's own settings, with a storage of its own."""
    told = archived.settings_public | {"storage": {"root": str(root)}, "policy": {}}
    return Settings.model_validate(told)


def _carry_sealed_days(
    settings: Settings, archived: PeriodInputs, again: Settings, folder: Path, columns: Sequence[str]
) -> None:
    """Derives each day that was sealed when the edition was made from the files that it was sealed with, as a storage
    of its own, and lays its facts where the seal keeps them: what came too late changes nothing."""
    listed = {(file["source"], file["sha256"]): file for file in _files(archived)}
    for row in archived.inputs["partitions"]:
        if not row["sealed"]:
            continue
        alone, day = _settings_of(archived, folder / row["data_date"]), periods.parse_day(row["data_date"])
        made_of = [listed[source, sha256] for source, found in row["files"].items() for sha256 in found]
        _lay_out(settings, alone, made_of)
        facts.rebuild_day(alone, day, columns=columns)
        if facts.partition(alone, day):
            disk.make_folder(again.storage.root)
            shutil.copytree(alone.storage.root / "facts", again.storage.root / "facts", dirs_exist_ok=True)


def _lay_out(settings: Settings, again: Settings, files: Iterable[Mapping[str, Any]]) -> None:
    """Landed bytes (as links: they are only read) and first receipts, as the edition lists them."""
    for file in files:
        path = evidence.landed_path(again, file["source"], file["sha256"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(evidence.landed_path(settings, file["source"], file["sha256"]).resolve())
        receipt = evidence.Receipt(
            source=file["source"],
            name=file["name"],
            size=file["size"],
            sha256=file["sha256"],
            landed_at=periods.parse_instant(file["landed_at"]),
            export_at=periods.parse_instant(file["export_at"]),
            named_date=date.fromisoformat(file["named_date"]) if file["named_date"] else None,
        )
        disk.append_numbered(evidence.receipts_folder(again, file["source"]) / file["sha256"], receipt.as_json())


def _note(again: Settings, notes: Iterable[Mapping[str, Any]]) -> None:
    """The notes, under their numbers: one may take another back."""
    for note in notes:
        content = {key: value for key, value in note.items() if key != "number"}
        path = again.storage.root / "notes" / f"{note['number']:08d}.json"
        disk.write_new(path, json.dumps(content).encode("utf-8"))


def _counts(completeness: dict[str, Any]) -> list[str]:
    """What was expected, received, rejected and skipped, a line for each value."""
    basis = evidence_basis(completeness)
    lines = [f"{key}: {_told(value)}" for key, value in basis.items() if key != "sources"]
    return lines + [
        f"{source['source']}, {key}: {_told(value)}" for source in basis["sources"] for key, value in source.items()
    ]


def _told(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _differences(before: list[str], after: list[str]) -> list[str]:
    gone = [f"- {line}" for line in sorted(set(before) - set(after))]
    return gone + [f"+ {line}" for line in sorted(set(after) - set(before))]
