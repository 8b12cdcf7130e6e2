"""`python -m bench [day] [year] [postfix] [rendering] [insights]`: all, or the parts named. SIZE=50M adds the big day.

Prints each comparison as it comes and writes bench/results.json and the table of docs/performance.md.
"""

from __future__ import annotations

import os
import sys

from bench import day, insights, postfix, rendering, year
from bench.results import Result, Table, machine


def main() -> None:
    """The command line."""
    parts = sys.argv[1:] or ["day", "year", "postfix", "rendering", "insights"]
    large = os.environ.get("SIZE", "").upper() == "50M"
    table = Table()
    print(machine())
    try:
        if "day" in parts:
            day.measure(table, large=large)
        if "year" in parts:
            year.measure(table)
        if "insights" in parts:
            insights.measure(table)
        if "rendering" in parts:
            rendering.measure(table)
        if "postfix" in parts:
            table.add(
                Result(
                    "lines of a Postfix log a second, a million lines", "pflogsumm", *postfix.rates(), "lines/s", "≥ 10"
                )
            )
    finally:
        table.write()


if __name__ == "__main__":
    main()
