"""Rows of the benchmark table: printed as they come, kept as JSON and as a table in docs/performance.md."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
JSON_FILE = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: written by `make bench` -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Result:
    """One comparison: what was measured, against what, both figures, and ours over theirs."""

    measure: str
    against: str
    ours: float
    theirs: float | None
    unit: str
    bar: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs; nothing where there is nothing to hold it against."""
        return self.ours / self.theirs if self.theirs else None

    def as_plain(self) -> dict[str, object]:
        """As results.json holds it."""
        return asdict(self) | {"ratio": round(self.ratio, 3) if self.ratio else None}


class Table:
    """All results of one run; those of parts that did not run are kept from the run before."""

    def __init__(self) -> None:
        kept = json.loads(JSON_FILE.read_text(encoding="utf-8")) if JSON_FILE.exists() else []
        self._rows: dict[tuple[str, str], dict[str, object]] = {(row["measure"], row["against"]): row for row in kept}

    def add(self, result: Result) -> None:
        """Prints a result and keeps it."""
        row = result.as_plain()
        self._rows[result.measure, result.against] = row
        print("  ".join(_cells(row)), flush=True)

    def write(self) -> None:
        """Writes bench/results.json and the table of docs/performance.md."""
        rows = list(self._rows.values())
        JSON_FILE.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        lines = ["| measure | against | ours | theirs | ratio | bar |", "| --- | --- | ---: | ---: | ---: | --- |"]
        lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        text = f"{before}{BEGIN}\n\n{machine()}\n\n" + "\n".join(lines) + f"\n\n{END}{after}"
        PAGE.write_text(text, encoding="utf-8")


def _cells(row: dict[str, object]) -> list[str]:
    def figure(value: object) -> str:
        return "–" if value is None else f"{value:,.2f} {row['unit']}"

    ratio = row["ratio"]
    bar = str(row["bar"])
    return [
        str(row["measure"]), str(row["against"]), figure(row["ours"]), figure(row["theirs"]),
        "–" if ratio is None else f"{ratio:.2f}", bar,
    ]  # fmt: skip


def machine() -> str:
    """The machine's size in a line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    size = f"{os.cpu_count()} cores and {memory:.0f} GiB of memory"
    return f"On {size} ({platform.machine()}, Python {platform.python_version()})."
