"""`python -m etl`."""

import os
import sys

for name in ("stdout", "stderr"):
    if getattr(sys, name) is None:  # started with that stream closed: what would go there goes nowhere
        setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  open as long as we run

from etl.cli.app import run  # noqa: E402  the streams must be there before anything prints

run()
