"""The commands of `python -m etl`, a module per part of the data flow; `etl.cli` puts them together."""
