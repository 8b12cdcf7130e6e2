"""One way to a day's facts in a process of its own: prints seconds, peak memory and where the facts lie, as JSON.

    python -m bench.chain ours|bare|pandas|polars EXPORT FACTS.parquet

`ours` is the whole chain, from landing to a published warehouse, on an empty site.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from bench import data


def ours(export: Path, facts_file: Path) -> float:
    """Seconds from landing to published facts."""
    from etl import landing, warehouse
    from etl.chain import bring_up

    with tempfile.TemporaryDirectory(dir=data.FOLDER) as folder:
        settings = data.site(Path(folder), export)
        begun = time.perf_counter()
        landing.collect(settings, data_date=data.DAY)
        bring_up(settings)
        took = time.perf_counter() - begun
        with warehouse.connect(settings.storage.warehouse_path) as con:
            con.sql(data.sql("published")).write_parquet(str(facts_file))
    return took


def bare(export: Path, facts_file: Path) -> float:
    """Seconds of one DuckDB query with the same memory limit and threads: read, de-duplicate, aggregate."""
    with tempfile.TemporaryDirectory(dir=data.FOLDER) as spill, duckdb.connect() as con:
        con.execute(f"set memory_limit = '{data.MEMORY}'")
        con.execute("set preserve_insertion_order = false")
        con.execute(f"set temp_directory = '{spill}'")
        begun = time.perf_counter()
        found = con.sql(data.sql("bare"), params={"file": str(export)}).to_arrow_table()
        took = time.perf_counter() - begun
        con.from_arrow(found).write_parquet(str(facts_file))
    return took


def pandas(export: Path, facts_file: Path) -> float:
    """Seconds of the pandas script."""
    from bench import with_pandas

    begun = time.perf_counter()
    found = with_pandas.facts(export)
    took = time.perf_counter() - begun
    found.to_parquet(facts_file, index=False)
    return took


def polars(export: Path, facts_file: Path) -> float:
    """Seconds of the polars script."""
    from bench import with_polars

    begun = time.perf_counter()
    found = with_polars.facts(export)
    took = time.perf_counter() - begun
    found.write_parquet(facts_file)
    return took


def main() -> None:
    """The command line."""
    way, export, facts_file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    with export.open("rb") as file:  # a warm cache for everybody
        shutil.copyfileobj(file, _Nowhere(), 1 << 20)
    ways = {"ours": ours, "bare": bare, "pandas": pandas, "polars": polars}
    seconds = ways[way](export, facts_file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


class _Nowhere:
    def write(self, chunk: bytes) -> int:
        return len(chunk)


if __name__ == "__main__":
    main()
