"""A small simulated organisation through the benchmark's own path: quiet where nothing changes, and planted changes
are found. The figures of many weeks and seeds are the benchmark's (docs/performance.md)."""

from __future__ import annotations

import numpy as np
import pytest

from bench import insights as simulated
from etl.insights import parse_policy
from etl.insights.policy import BUNDLED


def test_planted_changes_are_found_and_stable_connectors_call_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "JUDGED", 3)
    policy = parse_policy(BUNDLED.read_bytes())
    rng = np.random.default_rng(7)
    lines = simulated.organisation(rng, 30, changing=3)
    planted = {line.name: line.planted for line in lines if line.planted}
    facts = simulated.facts(rng, lines, 1.0, simulated.HISTORY + 1)
    called: dict[int, set[str]] = {}
    for number, insights in simulated.weeks_of_insights(lines, facts, policy):
        called[number] = {item.connector or "" for item in insights if item.needs_action}
    before, *after = (called[simulated.HISTORY + n] for n in range(3))
    assert not before
    assert set(planted) <= set.union(*after)
    assert len(set.union(*after) - set(planted)) <= 1, "less than one false call a week"
