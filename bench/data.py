"""A day of traces to measure with, made once below bench/data, and the site that reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from etl import settings as settings_module
from etl.settings import Settings

FOLDER = Path(__file__).parent / "data"
DAY = date(2026, 11, 16)
MEMORY = "1GiB"


def sql(name: str) -> str:
    """The text of bench/sql/<name>.sql."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def export(rows: int, domains: int) -> Path:
    """An export of `rows` records from `domains` partner domains, as make_data.sql says, made unless it is there."""
    path = FOLDER / f"{rows}-{domains}" / f"connector-{DAY}.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_suffix(".new")
        with duckdb.connect() as con:
            con.execute("set memory_limit = '4GB'")
            con.execute("set preserve_insertion_order = false")
            con.execute("set variable file = $file", {"file": str(making)})
            con.execute(sql("make_data"), {"rows": rows, "domains": domains})
        making.replace(path)
    return path


def site(root: Path, export_file: Path) -> Settings:
    """Settings with the default limits whose storage is `root` and whose one source brings `export_file`."""
    raw = {
        "organisation": {"name": "Contoso", "domains": ["contoso.example"]},
        "report": {"time_zone": "Europe/Stockholm"},
        "storage": {"root": str(root)},
        "sources": [
            {
                "name": "m365",
                "format": "m365_connector_report",
                "location": str(export_file.parent),
                "pattern": "connector-{date}.csv",
            }
        ],
    }
    return settings_module.parse(raw, root / "config.toml", {})
