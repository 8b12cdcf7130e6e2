"""What an edition restates: how its numbers and verdicts differ from an earlier one, and whether readers must hear."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

from etl.archive.shelf import Part
from etl.common.words import Direction
from etl.model.report import Change

Cell = tuple[str, str, str]
"""Direction, connector, TLS version."""


@dataclass(frozen=True)
class Numbers:
    """What an edition counted: messages of mail flow in and out by direction, connector and TLS version."""

    cells: Counter[Cell]

    @classmethod
    def of(cls, facts_csv: bytes, settings: Mapping[str, Any]) -> Numbers:
        """From an edition's facts.csv and settings.json; sources that are only held against others are left out."""
        aside = {source["name"] for source in settings.get("sources", []) if source.get("role") == "reconcile"}
        cells: Counter[Cell] = Counter()
        for row in csv.DictReader(io.StringIO(facts_csv.decode("utf-8"), newline="")):
            if row["direction"] in ("inbound", "outbound") and _bare(row["source"]) not in aside:
                cells[row["direction"], _bare(row["connector"]), row["tls_version"]] += int(row["messages"])
        return cls(cells)

    @classmethod
    def archived(cls, data: Part) -> Numbers:
        """From the data files of an edition's bag."""
        return cls.of(data.read("facts.csv"), json.loads(data.read("settings.json")))

    @property
    def sums(self) -> Counter[tuple[str, str]]:
        """Messages by direction and connector."""
        found: Counter[tuple[str, str]] = Counter()
        for (direction, connector, _), messages in self.cells.items():
            found[direction, connector] += messages
        return found


def _bare(cell: str) -> str:
    """A text of facts.csv without the apostrophe that keeps spreadsheets from running it."""
    return cell.removeprefix("'")


def between(before: Numbers, after: Numbers) -> tuple[Change, ...]:
    """What moved from one edition to the next, largest first."""
    old, new = before.cells, after.cells
    moved = [
        Change(
            direction=cast("Direction", cell[0]),
            connector=cell[1],
            tls_version=cell[2],
            messages_before=old[cell],
            messages=new[cell],
        )
        for cell in set(old) | set(new)
        if old[cell] != new[cell]
    ]
    return tuple(
        sorted(moved, key=lambda c: (-abs(c.messages - c.messages_before), c.direction, c.connector, c.tls_version))
    )


def must_be_told(before: Part, after: Part, tolerance: float) -> bool:
    """Whether a reader of the edition whose data lie in `before` must hear of the one in `after`.

    So it is where a verdict changed, or where the volume of a connector and direction moved, relative to what it was,
    or the share of one of its TLS versions, in absolute terms, by more than `tolerance` (0 to 1).
    """
    if verdicts(before) != verdicts(after):
        return True
    limit = Fraction(str(tolerance))
    old, new = Numbers.archived(before), Numbers.archived(after)
    was, now = old.sums, new.sums
    if any(abs(now[group] - was[group]) > limit * was[group] for group in set(was) | set(now)):
        return True
    return any(
        abs(Fraction(new.cells[cell], now[cell[:2]] or 1) - Fraction(old.cells[cell], was[cell[:2]] or 1)) > limit
        for cell in set(old.cells) | set(new.cells)
    )


def verdicts(data: Part) -> set[tuple[Any, ...]]:
    """What the insights of an edition said: rule, direction, connector, verdict, and whether it was provisional and
    needed action (editions of 0.1 did not tell)."""
    summary = json.loads(data.read("summary.json"))
    return set(_verdicts(summary.get("insights", [])))


def _verdicts(insights: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Any, ...]]:
    keys = ("rule", "direction", "connector", "partner", "verdict", "provisional", "needs_action")
    for insight in insights:
        yield tuple(insight.get(key) for key in keys)
