"""What the tests of exports that are no logs share: sites, ingesting by the real way, and what the warehouse says."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from typer.testing import CliRunner

from etl import settings as settings_module
from etl import staging
from etl.cli.app import app
from etl.settings import Settings

EXPORTED = 1795600000
"""2026-11-25T09:46:40Z: when the first export of a test was made; the next ones a second later each."""


def write_site(folder: Path, *sources: Mapping[str, Any], domains: tuple[str, ...] = ("contoso.example",)) -> Settings:
    """Writes the settings of a site with these sources below `folder` and reads them back."""
    (folder / "exports").mkdir(parents=True, exist_ok=True)
    tables = [
        "\n".join(["[[sources]]", *(f"{key} = {_toml(value)}" for key, value in ({"location": "exports"} | s).items())])
        for s in sources
    ]
    head = (
        f'[organisation]\nname = "Contoso"\ndomains = {json.dumps(domains)}\n[report]\ntime_zone = "UTC"\n'
        '[storage]\nroot = "data"\n'
    )
    (folder / "config.toml").write_text(head + "\n\n".join(tables) + "\n", encoding="utf-8")
    return settings_module.load(folder / "config.toml", {})


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def ingest(settings: Settings, source: str, files: Mapping[str, bytes], *, reverse: bool = False) -> dict[str, Any]:
    """Hands `files` in, exported in their order, by `python -m etl ingest`; what it says of each file."""
    folder = settings.storage.root.parent
    paths = []
    for number, (name, content) in enumerate(files.items()):
        path = folder / "exports" / name
        path.write_bytes(content)
        os.utime(path, (EXPORTED + number, EXPORTED + number))
        paths.append(str(path))
    if reverse:
        paths.reverse()
    said = call(settings, "ingest", "--source", source, "--json", *paths)
    return {item["name"]: item for item in json.loads(said)["files"]}


def call(settings: Settings, *arguments: str) -> str:
    """What `python -m etl …` prints."""
    config = str(settings.storage.root.parent / "config.toml")
    done = CliRunner().invoke(app, ["--config", config, *arguments])
    assert done.exit_code in (0, 1), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return str(done.stdout)


def asked(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """What the published warehouse answers."""
    with duckdb.connect(str(settings.storage.warehouse_path), read_only=True) as con:
        return con.execute(query).fetchall()


def sums(settings: Settings, *columns: str) -> Counter[tuple[Any, ...]]:
    """Messages by `columns` of the published facts."""
    query = f"select {', '.join(columns)}, sum(messages) from facts group by all"  # noqa: S608  the test's own columns
    return Counter({row[:-1]: row[-1] for row in asked(settings, query)})


def rejects(settings: Settings, source: str, sha256: str) -> list[tuple[int, str]]:
    """Record numbers and reasons of a landed file."""
    path = staging.rejects_file(settings, settings.source(source), sha256)
    return duckdb.read_parquet(str(path)).project("record, reason").fetchall()
