"""Editions: made when their basis is new, entered in the ledger, kept for good.

Order of steps, each durable before the next: the bag under a temporary name, checked; renamed into place; read-only;
its ledger entry; the index page. Killed before the rename there is no edition, and its number is still free; killed
after it there is a whole one that the ledger does not hold yet, and the next `publish`, of whatever period, enters it:
an entry holds nothing that the bag and the entry before do not tell, so it comes out the same, byte for byte.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from etl import __version__
from etl.archive import bag, changes, compared, edition_file, ledger, outdated, rendering, shelf, site, variants
from etl.archive.ledger import Entry
from etl.archive.shelf import Shelf
from etl.archive.variants import Variant
from etl.basis.inputs import PeriodInputs
from etl.basis.workbench import visible_facts_csv
from etl.common import disk, periods
from etl.common.canonical import canonical, canonical_sha256
from etl.common.errors import UsageInvalid
from etl.common.periods import Period
from etl.common.words import DELIVERED, ORIGINS, Origin
from etl.facts import grain
from etl.model.report import Change, EditionInfo
from etl.report import build
from etl.settings import Settings, schedule


@dataclass(frozen=True)
class Published:
    """What publishing came to. Where `new` is false nothing was rendered: the edition stood already."""

    period: str
    edition: int
    new: bool
    ledger_hash: str
    path: Path
    basis: str
    origin: Origin
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def publish(
    settings: Settings,
    period: Period,
    *,
    origin: Origin,
    made_at: datetime | None = None,
    reason: str | None = None,
    force_policy: bool = False,
) -> Published:
    """Renders and enters an edition of `period`, if its basis is new; never sends.

    Changed facts or completeness of the period's own days make an edition, and so does a corrected history where an
    action hangs on it; a changed policy, counting settings or
    readers' version only with `force_policy`. Until then a later edition is judged by the policy of the one before.
    `reason` is said in the edition; `made_at` (default: now) is the only instant in it. A `scheduled` run over an
    edition that was already reported makes a `correction`; over one made by hand or by a backfill with the same basis
    it takes that edition over (a `release` entry), so that a due mail still goes out, once.
    """
    if origin not in ORIGINS:
        raise UsageInvalid(f"'{origin}' is no origin of an edition", f"one of {', '.join(ORIGINS)}")
    archive = shelf.of(settings)
    made = made_at or periods.now()
    with archive.alone():
        archive.sweep(older_than=(periods.now() - disk.LEFT_OVER).timestamp())
        entries = adopt(archive, ledger.read(archive))
        earlier = ledger.editions(entries, str(period))
        regular = any(ledger.origin(entries, entry) in DELIVERED for entry in earlier)
        inputs, reasons = _inputs(settings, period, archive, earlier, asked=force_policy)
        if earlier and not reasons:
            if origin == "scheduled" and not regular:
                entries.append(_release(archive, entries, earlier[-1], made))
            site.write(archive, entries)
            return _standing(archive, entries, earlier[-1])
        if origin == "scheduled" and regular:
            origin = "correction"
        maker = _Maker(settings, period, archive, entries, inputs, origin, periods.instant(made), reason, reasons)
        entry = maker.make()
        site.write(archive, [*entries, entry])
        return _standing(archive, [*entries, entry], entry, new=True)


def _standing(archive: Shelf, entries: list[Entry], entry: Entry, *, new: bool = False) -> Published:
    moved = tuple(Change(**change) for change in edition_file.of(archive, entry)["changes"])
    origin = ledger.origin(entries, entry)
    path = archive.address(entry.bag)
    return Published(
        entry.period, entry.edition, new, entry.hash, path, entry.basis, origin, entry.reasons, moved if new else ()
    )


def _inputs(
    settings: Settings, period: Period, archive: Shelf, earlier: list[Entry], *, asked: bool
) -> tuple[PeriodInputs, tuple[str, ...]]:
    """What the edition's numbers depend on today, and why that makes a new edition (nothing: it does not)."""
    inputs = build.period_inputs(settings, period)
    if not earlier:
        return inputs, ()
    last = earlier[-1]
    reasons = outdated.own_reasons(settings, archive, last, inputs)
    if not asked:
        policy = PeriodInputs.from_bag(edition_file.data(archive, last.bag).read).policy
        return replace(inputs, policy=policy), reasons
    before, now = edition_file.of(archive, last)["basis_parts"], basis_parts(inputs)
    return inputs, reasons + tuple(part for part in edition_file.WHEN_ASKED if now[part] != before.get(part))


def basis_parts(inputs: PeriodInputs) -> dict[str, str]:
    """The hashes that an edition's basis is made of; its basis is the hash over them in canonical JSON."""
    return inputs.basis | {"history": inputs.history_sha256}


def _release(archive: Shelf, entries: list[Entry], edition: Entry, made: datetime) -> Entry:
    """Enters that a regular run took over an edition made by hand or by a backfill."""
    entry = replace(
        edition,
        number=len(entries) + 1,
        previous=ledger.head(entries),
        kind="release",
        origin="scheduled",
        made_at=periods.instant(made),
        supersedes=None,
        reasons=(),
    )
    return ledger.append(archive, entry)


@dataclass(frozen=True)
class _Maker:
    """Everything that goes into one new edition."""

    settings: Settings
    period: Period
    archive: Shelf
    entries: list[Entry]
    inputs: PeriodInputs
    origin: Origin
    made_at: str
    why: str | None
    reasons: tuple[str, ...]

    def make(self) -> Entry:
        """Renders the variants, writes the bag, and enters it."""
        info, parts = self._info(), basis_parts(self.inputs)
        folder = f"{self.period.folder}/e{info.number}"
        chosen = variants.wanted(self.settings)
        payload = self._payload(info, chosen)
        payload[edition_file.FILE] = canonical(self._about(info, parts, chosen))
        bag_sha256 = bag.write(self.archive, folder, payload, self._bag_info(folder))
        said = json.loads(payload[edition_file.FILE])
        return ledger.append(self.archive, edition_file.entry_for(len(self.entries) + 1, folder, bag_sha256, said))

    def _info(self) -> EditionInfo:
        earlier = ledger.editions(self.entries, str(self.period))
        last = earlier[-1] if earlier else None
        moved: tuple[Change, ...] = ()
        if last:
            before = changes.Numbers.archived(edition_file.data(self.archive, last.bag))
            after = changes.Numbers.of(self.inputs.facts_csv, self.inputs.settings_public)
            moved = changes.between(before, after)
        return EditionInfo(
            number=last.edition + 1 if last else 1,
            origin=self.origin,
            made_at=periods.parse_instant(self.made_at),
            ledger_head=ledger.head(self.entries),
            supersedes=last.hash if last else None,
            supersedes_number=last.edition if last else None,
            reasons=self.reasons,
            changes=moved,
            next_due_at=schedule.next_due_at(self.settings, self.period),
        )

    def _replaced(self) -> tuple[PeriodInputs, datetime] | None:
        """The inputs of the edition that this one replaces, and when it was made."""
        earlier = ledger.editions(self.entries, str(self.period))
        if not earlier:
            return None
        inputs = PeriodInputs.from_bag(edition_file.data(self.archive, earlier[-1].bag).read)
        return inputs, periods.parse_instant(earlier[-1].made_at)

    def _about(self, info: EditionInfo, parts: dict[str, str], chosen: list[Variant]) -> dict[str, Any]:
        """What `edition.json` holds: all that the ledger's entry says, and more."""
        return {
            "format": edition_file.FORMAT,
            "facts_format": grain.FORMAT,
            "period": str(self.period),
            "edition": info.number,
            "origin": info.origin,
            "made_at": self.made_at,
            "ledger_head": info.ledger_head,
            "supersedes": info.supersedes,
            "supersedes_edition": info.supersedes_number,
            "reasons": list(info.reasons),
            "why": self.why,
            "basis": canonical_sha256(parts),
            "basis_parts": parts,
            "changes": [change.model_dump() for change in info.changes],
            "mentions": list(mentions(self.entries)),
            "recompared": list(compared.since_regular(self.archive, self.entries, self.period)),
            "next_due_at": periods.instant(info.next_due_at) if info.next_due_at else None,
            "variants": {
                variant.folder: {"language": variant.language, "connectors": list(variant.connectors)}
                for variant in chosen
            },
        }

    def _payload(self, info: EditionInfo, chosen: list[Variant]) -> dict[str, bytes]:
        inputs = self.inputs
        payload = inputs.files()
        told = {
            "mentions": mentions(self.entries),
            "recompared": compared.since_regular(self.archive, self.entries, self.period),
        }
        replaced = self._replaced()
        for variant in chosen:
            model = build.make_model(
                inputs,
                self.settings,
                self.period,
                info,
                language=variant.language,
                connectors=variant.connectors,
                replaced=replaced,
            ).model_copy(update=told)
            summary = build.summary(model)
            if not variant.connectors and "summary.json" not in payload:
                payload["summary.json"] = canonical(summary)
            facts_csv = visible_facts_csv(inputs, self.settings, variant.connectors)
            files = rendering.render(model, summary, facts_csv, self.settings.storage.work_path)
            payload |= {f"{variant.folder}/{name}": content for name, content in files.items()}
        return payload

    def _bag_info(self, folder: str) -> dict[str, str]:
        return {
            "Bagging-Date": self.made_at[:10],
            "Bag-Software-Agent": f"transit-ledger {__version__}",
            "External-Identifier": folder,
            "External-Description": f"Mail in transit, {self.period}: report and evidence",
            "Source-Organization": self.settings.organisation.name,
        }


def mentions(entries: list[Entry]) -> tuple[str, ...]:
    """Editions entered since the last regular one and not mailed (backfill, manual), for the next mail to name."""
    found: list[str] = []
    for entry in entries:
        if ledger.origin(entries, entry) == "scheduled":
            found.clear()
        elif ledger.origin(entries, entry) in ("backfill", "manual"):
            found.append(f"{entry.period}, edition {entry.edition}")
    return tuple(found)


def adopt(archive: Shelf, entries: list[Entry]) -> list[Entry]:
    """Enters a bag that was renamed into place by a run killed before its ledger entry; gives all entries.

    Only a whole bag that was built on the present head is entered; anything else is left for `verify` to name.
    """
    for folder in edition_file.unentered(archive, entries):
        said = edition_file.read(archive, folder)
        if not said or not edition_file.comes_next(entries, said) or bag.check(archive, folder):
            continue
        if folder == f"{periods.parse_period(said['period']).folder}/e{said['edition']}":
            archive.seal(folder)
            entry = edition_file.entry_for(len(entries) + 1, folder, bag.bag_hash(archive, folder) or "", said)
            entries = [*entries, ledger.append(archive, entry)]
    return entries


def as_json(published: Published) -> dict[str, Any]:
    """What `publish --json` prints."""
    return asdict(replace(published, changes=())) | {
        "path": str(published.path),
        "changes": [change.model_dump() for change in published.changes],
    }
