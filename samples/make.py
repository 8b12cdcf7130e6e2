"""Makes the samples: `python samples/make.py` writes them beside this file, `--out DIR` elsewhere.

Five weeks of daily exports of an invented organisation go to `exports/`, those that came late to `late/`, and what is
true of them to `expected.json`, counted from the generated mail and not from the files. The same bytes each time, with
any Python from 3.11 (packed by zlib itself; another implementation of it packs the same content into other bytes).
`--facts` adds the whole fact tables, as `facts-before.csv` and `facts-after.csv`: too large to keep.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import truth
from pulling import Export, all_exports
from traffic import all_rows
from writing import content, packed

HERE = Path(__file__).parent


def main() -> int:
    """Reads the command line and writes the files."""
    parser = argparse.ArgumentParser(description="Makes the samples: the same bytes each time.")
    parser.add_argument("--out", type=Path, default=HERE, help="where to (default: beside this script)")
    parser.add_argument("--facts", action="store_true", help="also write the whole fact tables")
    arguments = parser.parse_args()
    exports = all_exports(all_rows())
    write_exports(exports, arguments.out)
    before = truth.count(export for export in exports if not export.late)
    after = truth.count(exports)
    (arguments.out / "expected.json").write_bytes((pretty(expected(exports, before, after)) + "\n").encode())
    if arguments.facts:
        write_facts(before, arguments.out / "facts-before.csv")
        write_facts(after, arguments.out / "facts-after.csv")
    return 0


def write_exports(exports: list[Export], out: Path) -> None:
    """Each export into `exports/` or `late/` under `out`, and nothing else there."""
    for folder in ("exports", "late"):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for old in (out / folder).glob("connector-*"):
            old.unlink()
    for export in exports:
        place = out / ("late" if export.late else "exports") / export.name
        place.write_bytes(packed(content(export.rows, export.style), export.name))


def expected(exports: list[Export], before: truth.Counted, after: truth.Counted) -> dict[str, Any]:
    """What `expected.json` holds; README.md describes it."""
    return {
        "source": truth.SOURCE,
        "time_zone": "Europe/Stockholm",
        "files": [truth.about_file(export) for export in sorted(exports, key=lambda export: export.name)],
        "before_late": truth.state(before),
        "after_late": truth.state(after),
        **truth.findings(after),
    }


def write_facts(counted: truth.Counted, path: Path) -> None:
    """The fact table, at the fact grain, in the order of its columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(truth.Fact._fields + truth.Sums._fields)
        out.writerows((*fact, *sums) for fact, sums in counted.facts.items())


def pretty(value: Any, indent: str = "") -> str:
    """JSON with one line for each innermost object or list."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(item, dict | list) and item for item in inner):
        return json.dumps(value, ensure_ascii=False)
    deeper = indent + " "
    if isinstance(value, dict):
        lines = [
            f"{deeper}{json.dumps(key, ensure_ascii=False)}: {pretty(item, deeper)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return "[\n" + ",\n".join(deeper + pretty(item, deeper) for item in value) + f"\n{indent}]"


if __name__ == "__main__":
    sys.exit(main())
