"""The documents' commands are run, and what is generated from the program is up to date."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer

from etl.cli.app import app
from etl.delivery.send_ledger import State
from etl.ops.status import NEXT_STATES, Remark
from tests import warm
from tools.local_airflow import free_ports

ROOT = Path(__file__).parent.parent
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
EARLIER = ("connector-2026-10-2", "connector-2026-10-3")
"""Sample days that no command of the runbook asks for: their ingest and rebuild would take a fourth of its time."""
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def run_blocks(document: str, folder: Path, environment: dict[str, str]) -> str:
    """Runs a document's `sh` blocks in one shell, in `folder`, where the repository's parts are linked; its output."""
    for name in ("etl", "samples", "docs", "report_templates", "tools"):
        (folder / name).symlink_to(ROOT / name)
    (port,) = free_ports(1)
    blocks = BLOCK.findall((ROOT / document).read_text(encoding="utf-8").replace("2525", str(port)))
    script = "\n".join(["set -euo pipefail", *blocks])
    with warm.python(folder) as programs:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=os.environ | {"PATH": f"{programs}{os.pathsep}{PATH}"} | environment,
            capture_output=True,
            text=True,
            timeout=560,
        )
    assert done.returncode == 0, f"{document}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    out = run_blocks("docs/tutorial.md", tmp_path, {})
    hashes = re.findall(r"^[0-9a-f]{64}$", out, re.MULTILINE)
    assert len(hashes) == 2
    assert len(set(hashes)) == 1
    archive = tmp_path / "tutorial" / "data" / "archive"
    assert sorted(path.name for path in (archive / "2026" / "W46").iterdir()) == ["e1", "e2"]
    assert sorted(path.name for path in (archive / "2026" / "W47").iterdir()) == ["e1"]
    assert list((tmp_path / "tutorial" / "preview").rglob("*.pdf"))
    assert [path.name for path in (tmp_path / "site" / "mail").iterdir()] == ["0001-mail@northwind.example.eml"]


@pytest.mark.timeout(600)
def test_the_runbook_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    for path in (ROOT / "samples" / "exports").iterdir():
        if not path.name.startswith(EARLIER):
            (tmp_path / "exports" / path.name).write_bytes(path.read_bytes())
    config = (ROOT / "docs" / "tutorial.toml").read_text(encoding="utf-8")
    (tmp_path / "config.toml").write_text(config + "\n[smtp]\n\n[retention]\nlanded_days = 3650\n", encoding="utf-8")
    run_blocks("docs/runbook.md", tmp_path, {"TRANSIT_LEDGER_CONFIG": "config.toml"})


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (block,) = (found for found in blocks if "etl ingest" in found)
    (tmp_path / "exports").mkdir()
    shutil.copy(ROOT / "samples" / "exports" / "connector-2026-11-16.csv.gz", tmp_path / "exports")
    shutil.copy(ROOT / "config.example.toml", tmp_path)
    for line in block.splitlines():
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=os.environ | {"PATH": PATH, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0 or ("etl check" in line and "mail server" in done.stdout), line + done.stderr
    assert list((tmp_path / "report-2026-W47" / "en").glob("*.pdf"))


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every `python -m etl …` of the documents, with where it stands."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "samples").glob("*.md"))]:
        for told in re.findall(r"python -m etl ([^`\n|>]*)", path.read_text(encoding="utf-8")):
            words = shlex.split(told, comments=True)
            if words and words[0].isalpha():
                yield path.name, words


def test_every_command_in_the_documents_is_one() -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    listed = list(commands())
    assert {words[0] for _, words in listed} >= {"ingest", "status", "backfill", "explain", "expire", "seal", "send"}
    for document, words in listed:
        assert words[0] in known, f"{document}: {words}"
        options = {option for parameter in known[words[0]].params for option in parameter.opts}
        for word in words[1:]:
            assert not word.startswith("--") or word.partition("=")[0] in options, f"{document}: {words}"


def test_the_runbook_knows_every_remark_state_and_task() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    dags = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "dags").glob("[a-z]*.py")}
    for dag, code in dags.items():
        for task in re.findall(r"^    def (\w+)\(|task_id=\"(\w+)\"", code, re.MULTILINE):
            assert re.search(rf"^\| `{dag}`, [^|]*\b{task[0] or task[1]}\b", text, re.MULTILINE), f"{dag}: {task}"
    for word in (*get_args(Remark), *NEXT_STATES, "open", "settled", "sealed"):
        assert re.search(rf"\b{re.escape(word)}(?!\w)", text), word
    for state in get_args(State):
        assert state in ("accepted", "closed") or f"a mail of … is {state}" in text, state


def test_the_reference_is_what_the_program_says() -> None:
    done = subprocess.run([sys.executable, "tools/make_reference.py", "--check"], cwd=ROOT)
    assert done.returncode == 0, "run `python tools/make_reference.py`"


def test_the_settings_example_explains_every_key() -> None:
    from etl.settings import Settings, load

    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    load(ROOT / "config.example.toml", {})
    for table, field in Settings.model_fields.items():
        section = re.search(rf"^\[+{table}\]+.*?(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
        assert section, table
        model = next(iter(_models(field.annotation)))
        for key, inner in model.model_fields.items():
            if not inner.exclude:
                assert re.search(rf"^(# )?{key} = .*# \S", section[0], re.MULTILINE), f"{table}.{key}"


def _models(annotation: object) -> list[type]:
    from typing import get_args

    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


@pytest.mark.parametrize("document", [*sorted(path.name for path in (ROOT / "docs").glob("*.md")), "../README.md"])
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / "docs" / document
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{document}: {target}"


def test_no_place_of_one_machine_is_named() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["license"] == "Apache-2.0"
    for name in tracked:
        if (
            name.endswith((".py", ".sql", ".md", ".toml", ".yml", ".html", ".css", ".txt"))
            and name != "tests/test_docs.py"
        ):
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
            assert not re.search(r"index-url|/root/|/home/\w+/", text), name
