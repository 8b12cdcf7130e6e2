"""How often the bundled policy calls for action where nothing changes, and how much of what changes it finds.

Simulated organisations: connectors of 2 to 1,500 messages a week, each with its own fixed mix of TLS versions, none
over a threshold; each message on its own, or in bursts of three on average (one partner, one TLS version, one day).
Thirteen weeks of history, then twenty weeks that are judged by the real measures and rules.

    python -m bench insights                     # the table of docs/performance.md
    python -m bench.insights --seeds 101 102   # other seeds, printed only
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from bench.results import Result, Table
from etl.common.periods import Period, week_of
from etl.insights import Policy, evaluate, parse_policy, read_book
from etl.insights.policy import BUNDLED
from etl.measures import declare
from etl.model.quality import Completeness
from etl.model.report import Insight

HISTORY, JUDGED = 13, 20
FIRST = date(2026, 1, 5)
VERSIONS = ("No TLS", "TLS 1.0", "TLS 1.2", "TLS 1.3", "Unknown")
WEEKDAYS = np.array([1.0, 1.1, 1.1, 1.0, 0.9, 0.2, 0.2])
BURST = 3.0
SEEDS = (1, 2, 3)
ORGANISATION = (Path(__file__).parent / "sql" / "organisation.sql").read_text(encoding="utf-8")

CHANGES = ("a tenth loses TLS", "unknown up to 30 %", "silence", "forced TLS broken", "across the 25 % threshold")
FOUND_BY = {
    "a tenth loses TLS": {"tls-got-worse", "no-tls-above-25"},
    "unknown up to 30 %": {"unknown-large", "unknown-rose", "export-without-tls"},
    "silence": {"connector-silent"},
    "forced TLS broken": {"forced-tls-contradicted", "tls-got-worse"},
    "across the 25 % threshold": {"no-tls-above-25"},
}


@dataclass(frozen=True)
class Line:
    """One connector: messages a week, shares of the TLS versions, partners, and what is planted on it, if anything."""

    name: str
    direction: str
    weekly: float
    mix: np.ndarray
    partners: int
    forced: bool
    planted: str = ""


def organisation(rng: np.random.Generator, count: int, *, changing: int = 0) -> list[Line]:
    """`count` stable connectors, mail without a connector both ways, and so many connectors with each change."""
    lines = [_line(rng, n, float(np.exp(rng.uniform(np.log(2), np.log(1500))))) for n in range(count)]
    lines += [
        Line("No connector", direction, 3000.0, _mix(rng, forced=False), 400, forced=False)
        for direction in ("inbound", "outbound")
    ]
    for planted in CHANGES:
        for _ in range(changing):
            weekly = float(np.exp(rng.uniform(np.log(100), np.log(1500))))
            lines.append(_line(rng, len(lines), weekly, planted))
    return lines


def _line(rng: np.random.Generator, number: int, weekly: float, planted: str = "") -> Line:
    forced = planted == "forced TLS broken" or (not planted and rng.random() < 0.2)
    return Line(
        f"connector {number:04}", ("inbound", "outbound")[number % 2], weekly, _mix(rng, forced=forced),
        int(rng.integers(1, 40)), forced, planted,
    )  # fmt: skip


def _mix(rng: np.random.Generator, *, forced: bool) -> np.ndarray:
    plain = 0.0 if forced or rng.random() < 0.3 else rng.uniform(0, 0.12)
    old, unknown = rng.uniform(0, 0.03), rng.uniform(0.005, 0.02)
    rest = 1 - plain - old - unknown
    newest = rng.uniform(0.3, 0.9)
    return np.array([plain, old, rest * (1 - newest), rest * newest, unknown])


def changed(line: Line) -> tuple[float, np.ndarray]:
    """Messages a week and mix of a connector after its change."""
    mix = line.mix.copy()
    if line.planted == "silence":
        return 0.0, mix
    if line.planted == "a tenth loses TLS":
        mix = mix * 0.9
        mix[0] += 0.1
    elif line.planted == "unknown up to 30 %":
        mix = mix * (0.7 / (1 - mix[4]))
        mix[4] = 0.3
    elif line.planted == "forced TLS broken":
        mix = mix * 0.95
        mix[0] += 0.05
    elif line.planted == "across the 25 % threshold":
        mix = mix * (0.65 / (1 - mix[0]))
        mix[0] = 0.35
    return line.weekly, mix


def facts(rng: np.random.Generator, lines: list[Line], burst: float, from_week: int) -> dict[str, np.ndarray]:
    """Columns day, line, partner, version and messages of all weeks; what is planted begins with `from_week`."""
    days = 7 * (HISTORY + JUDGED)
    weights = WEEKDAYS / WEEKDAYS.sum()
    parts = []
    for number, line in enumerate(lines):
        for first, last, (weekly, mix) in (
            (0, 7 * from_week if line.planted else days, (line.weekly, line.mix)),
            (7 * from_week, days if line.planted else 0, changed(line)),
        ):
            if last <= first:
                continue
            rates = np.tile(weights, (last - first) // 7) * weekly / burst
            day = np.repeat(np.arange(first, last), rng.poisson(rates))
            size = rng.geometric(1 / burst, len(day)) if burst > 1 else np.ones(len(day), dtype=np.int64)
            version = rng.choice(len(VERSIONS), len(day), p=mix / mix.sum())
            partner = rng.integers(0, line.partners, len(day))
            parts.append(np.stack([day, np.full(len(day), number), partner, version, size]).astype(np.int32))
    return dict(zip(("day", "line", "partner", "version", "messages"), np.concatenate(parts, axis=1), strict=True))


def weeks_of_insights(
    lines: list[Line], columns: dict[str, np.ndarray], policy: Policy
) -> Iterator[tuple[int, tuple[Insight, ...]]]:
    """The insights of each judged week, by the number of the week."""
    whole = Completeness(
        complete=True, sources=(), expected_days=7, received_days=7, records=0, used=0, rejected=0, skipped=0,
        duplicates=0,
    )  # fmt: skip
    with duckdb.connect() as con:
        con.execute("set threads = 2")
        raw = columns  # noqa: F841  the SQL reads it by its name
        con.execute("create table lines (line bigint, name varchar, direction varchar, forced boolean)")
        con.executemany(
            "insert into lines values (?, ?, ?, ?)",
            [[n, line.name, line.direction, line.forced] for n, line in enumerate(lines)],
        )
        con.execute("create table versions (version bigint, tls_version varchar)")
        con.executemany("insert into versions values (?, ?)", [list(pair) for pair in enumerate(VERSIONS)])
        con.execute("create table drawn as select * from raw")
        con.execute(f"set variable first_day = date '{FIRST}'")
        con.execute("set variable visible = []::varchar[]")
        con.execute(ORGANISATION)
        declare(con)
        for number in range(HISTORY, HISTORY + JUDGED):
            week = week_of(FIRST + timedelta(days=7 * number))
            con.execute(f"set variable before_date = date '{week.first_date}'")
            yield number, evaluate(read_book(con, week, _back(week), whole, ()), policy).insights


def _back(week: Period) -> list[Period]:
    found = []
    for _ in range(26):
        week = week.before
        found.append(week)
    return found


def false_calls(seed: int, count: int, burst: float, policy: Policy) -> tuple[float, Counter[str]]:
    """Calls for action a week where nothing changes, and by rule."""
    rng = np.random.default_rng(seed)
    lines = organisation(rng, count)
    by_rule: Counter[str] = Counter()
    for _, insights in weeks_of_insights(lines, facts(rng, lines, burst, HISTORY), policy):
        by_rule.update(item.rule for item in insights if item.needs_action)
    return sum(by_rule.values()) / JUDGED, by_rule


def found_changes(seed: int, each: int, burst: float, policy: Policy) -> dict[str, tuple[int, int]]:
    """For each change how many were found within two weeks, of how many planted."""
    rng = np.random.default_rng(seed)
    lines = organisation(rng, 3 * each, changing=each)
    at_week = HISTORY + 2
    found: set[str] = set()
    for number, insights in weeks_of_insights(lines, facts(rng, lines, burst, at_week), policy):
        if number > at_week + 1:
            break
        if number >= at_week:
            found |= {f"{item.connector}/{item.rule}" for item in insights if item.needs_action}
    return {
        planted: (
            sum(
                any(f"{line.name}/{rule}" in found for rule in FOUND_BY[planted])
                for line in lines
                if line.planted == planted
            ),
            each,
        )
        for planted in CHANGES
    }


def measure(table: Table | None, seeds: tuple[int, ...] = SEEDS, sizes: tuple[int, ...] = (60, 2000)) -> None:
    """All of it, into the table, or printed."""
    policy = parse_policy(BUNDLED.read_bytes())
    for count in sizes:
        for burst, word in ((1.0, "independent mail"), (BURST, "bursts of three")):
            ran = seeds if count < 1000 else seeds[:1]
            calls, by_rule = 0.0, Counter[str]()
            for seed in ran:
                a_week, rules = false_calls(seed, count, burst, policy)
                calls, by_rule = calls + a_week / len(ran), by_rule + rules
            bar = "" if count != 60 else "< 1" if burst == 1 else "< 3"
            print({rule: round(n / len(ran) / JUDGED, 2) for rule, n in by_rule.items()})
            _add(table, f"false calls for action a week, {count:,} stable connectors, {word}", calls, "", bar)
    for burst, word in ((1.0, "independent mail"), (BURST, "bursts of three")):
        sums: Counter[str] = Counter()
        for seed in seeds:
            sums.update({name: hits for name, (hits, _) in found_changes(seed, 40, burst, policy).items()})
        for name in (*CHANGES, "all of these"):
            each = len(CHANGES) if name not in CHANGES else 1
            share = 100 * (sums[name] if each == 1 else sums.total()) / (40 * each * len(seeds))
            _add(table, f"found within two weeks, 100 messages a week or more, {word}: {name}", share, "%", "≥ 95")


def _add(table: Table | None, name: str, value: float, unit: str, bar: str) -> None:
    if table is None:
        print(f"{name}: {value:.2f} {unit} {bar}", flush=True)
    else:
        table.add(Result(name, "–", value, None, unit, bar))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--sizes", type=int, nargs="+", default=[60])
    given = parser.parse_args()
    measure(None, tuple(given.seeds), tuple(given.sizes))
