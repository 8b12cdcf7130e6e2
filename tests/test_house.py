"""The house stands in the order of the data: packages import only what lies above them, and no module in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import etl

ROOT = Path(etl.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MODULES = {
    ".".join(("etl", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path for path in FILES
}


def imported(path: Path) -> set[str]:
    """The modules of this program that a file names, wherever in it, for types or for good."""
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), f"{path}: a relative import"
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in full}
    return names & MODULES.keys()


IMPORTS = {name: imported(path) for name, path in MODULES.items()}


def room(module: str) -> int:
    """Which room of the house a module is in, counted from the top."""
    return etl.ORDER.index(module.split(".")[1])


def test_the_rooms_are_those_of_the_order_and_nothing_else_lies_flat() -> None:
    assert {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"} | {"chain"} == {
        *etl.ORDER
    }
    assert {path.name for path in ROOT.iterdir() if path.is_file()} == {"__init__.py", "__main__.py", "chain.py"}


def test_imports_run_one_way() -> None:
    inner = {name: found for name, found in IMPORTS.items() if name not in ("etl", "etl.__main__")}
    assert len(inner) > 100
    up = [
        f"{name} imports {other}" for name, found in inner.items() for other in found
        if other != "etl" and room(other) > room(name)
    ]  # fmt: skip
    assert up == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(IMPORTS).prepare()
