"""`python -m etl`."""

from etl.cli import run

run()
