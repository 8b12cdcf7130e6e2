"""Which archived editions no longer say what the warehouse says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import date

from etl.archive import compared, edition_file, ledger, shelf
from etl.archive.ledger import Entry
from etl.basis.inputs import PeriodInputs, period_inputs
from etl.basis.workbench import facts_csv_in
from etl.common import periods
from etl.common.periods import Period
from etl.facts import grain
from etl.settings import Settings

RECENT = 8


def outdated(settings: Settings, days: Collection[date] | None = None) -> list[Period]:
    """The reported periods, in order, whose facts or completeness are no longer those of their newest edition, or one
    of whose actions hangs on a comparison that was corrected since.

    With `days`, only periods that show or compare with one of them are looked at, and the latest eight: what a run that
    was killed before it could say so has changed. Without, all of them.
    """
    entries = ledger.read(shelf.of(settings))
    newest = {entry.period: entry for entry in entries if entry.kind == "edition"}
    reported = sorted((periods.parse_period(text) for text in newest), key=lambda item: (item.last_date, str(item)))
    looked_at = [
        period
        for place, period in enumerate(reversed(reported))
        if days is None or place < RECENT or any(compared.in_reach(period, day) for day in days)
    ]
    return [period for period in reversed(looked_at) if differs(settings, period, newest[str(period)])]


def differs(settings: Settings, period: Period, entry: Entry) -> bool:
    """Whether the basis of `entry` differs from today's in a part that makes a new edition by itself."""
    archive = shelf.of(settings)
    return bool(own_reasons(settings, archive, entry, period_inputs(settings, period)))


def own_reasons(settings: Settings, archive: shelf.Shelf, entry: Entry, today: PeriodInputs) -> tuple[str, ...]:
    """The parts of today's basis that make an edition after `entry` by themselves: facts and completeness where they
    differ, the history where it was corrected and an action hangs on it."""
    before = edition_file.of(archive, entry)["basis_parts"]
    parts = today.basis | {"facts": facts_sha256(settings, entry, today)}
    reasons = tuple(part for part in edition_file.BY_THEMSELVES if parts[part] != before.get(part))
    if reasons or today.history_sha256 == before.get(edition_file.IF_ACTIONS_CHANGE):
        return reasons
    frozen = PeriodInputs.from_bag(edition_file.data(archive, entry.bag).read)
    hangs_on_it = compared.changes_actions(settings, frozen, today.history_csv)
    return (edition_file.IF_ACTIONS_CHANGE,) if hangs_on_it else ()


def facts_sha256(settings: Settings, entry: Entry, inputs: PeriodInputs) -> str:
    """The hash over the facts of `inputs` in the columns that the edition of `entry` has: one added since is no
    news by itself."""
    archive = shelf.of(settings)
    if inputs.facts_sha256 == edition_file.of(archive, entry)["basis_parts"].get("facts"):
        return inputs.facts_sha256
    columns = grain.of_csv(edition_file.data(archive, entry.bag).read("facts.csv"))
    return hashlib.sha256(facts_csv_in(inputs, settings, list(columns))).hexdigest()


def mark(settings: Settings, period: Period) -> str:
    """A short name for the edition that `period` would get next: the same until that is made, or its basis changes."""
    made = [entry.bag for entry in ledger.read(shelf.of(settings)) if entry.period == str(period)]
    today = period_inputs(settings, period)
    parts = {part: today.basis[part] for part in edition_file.BY_THEMSELVES} | {"history": today.history_sha256}
    told = json.dumps([made, parts], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8")).hexdigest()[:12]
