"""A day's export, from landing to published facts, against one bare query, a pandas and a polars script; and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench import data
from bench.results import ROOT, Result, Table

ROWS = 5_000_000
LARGE = 50_000_000
DOMAINS = (40, 3_000, 100_000)
RUNS = 3


@dataclass(frozen=True)
class Run:
    """The best seconds of some runs, and the most memory of any, in MiB."""

    seconds: float
    peak_mib: float


def measured(way: str, export: Path, facts_file: Path) -> Run:
    """One run in a process of its own; see bench.chain."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.chain", way, str(export), str(facts_file)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def best(runs: list[Run]) -> Run:
    """The quickest, with the most memory of all."""
    return Run(min(run.seconds for run in runs), max(run.peak_mib for run in runs))


def in_turn(ways: list[str], export: Path, folder: Path) -> dict[str, Run]:
    """Each way RUNS times, in turn; what they come to is checked to be the same facts."""
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way in ways:
            runs[way].append(measured(way, export, folder / f"{way}.parquet"))
    for way in ways[1:]:
        assert_same(folder / f"{ways[0]}.parquet", folder / f"{way}.parquet")
    return {way: best(found) for way, found in runs.items()}


def assert_same(one: Path, other: Path) -> None:
    """Fails unless both files hold the same rows, as often."""
    with duckdb.connect() as con:
        for first, second in ((one, other), (other, one)):
            con.read_parquet(str(first)).create_view("a", replace=True)
            con.read_parquet(str(second)).create_view("b", replace=True)
            left = con.execute(data.sql("difference")).fetchall()
            assert left == [(0,)], f"{left[0][0]} facts of {first.name} are not in {second.name}"


def measure(table: Table, *, large: bool) -> None:
    """Adds the day's comparisons to the table; with `large` those of 50 million rows too."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        usual = None
        for domains in DOMAINS:
            ways = ["ours", "bare"] + (["pandas", "polars"] if domains == DOMAINS[1] else [])
            found = in_turn(ways, data.export(ROWS, domains), folder)
            title = f"landing to published facts, {ROWS:,} rows, {domains:,} partner domains"
            table.add(
                Result(title, "one bare DuckDB query", found["ours"].seconds, found["bare"].seconds, "s", "≤ 1.5")
            )
            for way in ways[2:]:
                table.add(Result(title, f"a {way} script", found["ours"].seconds, found[way].seconds, "s", "< 1"))
            table.add(Result(f"peak memory, {ROWS:,} rows, {domains:,} partner domains", "1 GiB",
                             found["ours"].peak_mib, 1024.0, "MiB", "< 1"))  # fmt: skip
            usual = found["ours"] if domains == DOMAINS[1] else usual
        if large and usual:
            run = measured("ours", data.export(LARGE, DOMAINS[1]), folder / "large.parquet")
            table.add(Result(f"peak memory, {LARGE:,} rows", "1 GiB", run.peak_mib, 1024.0, "MiB", "< 1"))
            table.add(Result(f"{LARGE:,} rows", f"{ROWS:,} rows", run.seconds, usual.seconds, "s", "≤ 12"))
