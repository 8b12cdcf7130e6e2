"""What the program imports is what `requirements.in` names: nothing that is only there because another needs it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN = {"etl", "dags", "tools"}
OF_TYPE_CHECKERS = {"_typeshed"}
FOR_DEVELOPERS = {"format_tables.py", "make_reference.py", "pictures.py", "translations.py"}
"""Tools that neither `make run` nor the image calls."""
NOT_IMPORTED = {
    "apache-airflow-providers-standard",  # dags import it below airflow's own name
    "asyncpg", "psycopg2-binary",  # Airflow's drivers of PostgreSQL
    "tzdata",  # zoneinfo reads its files
}  # fmt: skip


def named(file: str) -> set[str]:
    """The distributions that a requirements file names itself."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {re.split(r"[=\[;]", line)[0] for line in lines if line and not line.startswith(("#", "-r"))}


def imported() -> Iterator[tuple[str, str]]:
    """Each top-level package of others that the program imports, with the file."""
    for folder in sorted(OWN):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name in FOR_DEVELOPERS:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
                for package in {module.split(".")[0] for module in modules}:
                    if package not in sys.stdlib_module_names | OWN | OF_TYPE_CHECKERS:
                        yield package, path.relative_to(ROOT).as_posix()


def test_what_is_imported_is_named_and_what_is_named_is_imported() -> None:
    distributions = {
        package: {re.sub(r"[-_.]+", "-", name).lower() for name in names}
        for package, names in packages_distributions().items()
    }
    distributions["airflow"] = {"apache-airflow"}  # its parts share the name
    run_time = named("requirements.in")
    undeclared = {(package, file) for package, file in imported() if not distributions[package] & run_time}
    assert undeclared == set()
    needed = set().union(*(distributions[package] for package, _ in imported()))
    assert run_time - needed == NOT_IMPORTED
    assert not run_time & named("requirements-dev.in")
