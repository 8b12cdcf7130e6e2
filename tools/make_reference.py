"""Writes docs/reference.md from the program itself: commands, exit codes, settings, rules, tables, DAGs.

`python tools/make_reference.py` writes it; with `--check` it only says whether the file is up to date (exit code 1 if
not). A test runs the check, so the reference can't drift from the program.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined
from typer.main import get_command

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from etl import settings  # noqa: E402  the repository's root comes first on the path
from etl.cli.app import app  # noqa: E402  as above
from etl.common import errors  # noqa: E402  as above
from etl.facts import grain  # noqa: E402  as above
from etl.insights.classes import MEASURES  # noqa: E402  as above
from etl.insights.policy import BUNDLED, Policy, parse_policy  # noqa: E402  as above
from etl.insights.rule import SEVERITIES  # noqa: E402  as above
from etl.insights.rules import KINDS  # noqa: E402  as above
from tools import format_tables  # noqa: E402  as above

TARGET = ROOT / "docs" / "reference.md"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def commands() -> str:
    """Every command with its arguments and options, from the command line itself."""
    parts = []
    group: Any = get_command(app)
    for name, command in sorted(group.commands.items()):
        parts.append(f"### `{name}`\n\n{inspect.cleandoc(command.help or '')}\n")
        rows = []
        for parameter in command.params:
            if parameter.name == "help":
                continue
            shown = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
            needed = "required" if parameter.required else ""
            rows.append([f"`{shown}`", needed, getattr(parameter, "help", "") or ""])
        if rows:
            parts.append(_table(["argument or option", "", "meaning"], rows) + "\n")
    return "\n".join(parts)


def exit_codes() -> str:
    """Exit codes by error, from the errors themselves."""
    found: dict[int, list[str]] = {}
    for error in vars(errors).values():
        if inspect.isclass(error) and issubclass(error, errors.TransitLedgerError) and error.__doc__:
            found.setdefault(error.exit_code, []).append(inspect.cleandoc(error.__doc__).split("\n")[0])
    rows = [["0", "done"], *[[str(code), "; ".join(lines)] for code, lines in sorted(found.items())]]
    return _table(["exit code", "meaning"], rows)


def _comments() -> dict[tuple[str, str], str]:
    """What config.example.toml says of each key."""
    table, found = "", {}
    for line in (ROOT / "config.example.toml").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\[+(\w+)\]+", line):
            table = match[1]
        elif match := re.match(r"#? ?(\w+) = .*?\s#\s(.*)$", line):
            found[table, match[1]] = match[2]
    return found


def settings_tables() -> str:
    """Every key of the settings, its default, and the line that the example explains it with."""
    comments = _comments()
    parts = []
    for table, model in settings.TABLES.items():
        rows = []
        for key, field in model.model_fields.items():
            if field.exclude:
                continue
            default = "**required**" if field.is_required() else _default(field.default)
            rows.append([f"`{key}`", default, comments[table, key]])
        parts.append(f"### `[{table}]`\n\n{_table(['key', 'default', 'meaning'], rows)}\n")
    return "\n".join(parts)


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined or value == () or value == {}:
        return ""
    return f"`{value}`"


def policy_kinds() -> str:
    """The kinds of rules that a policy may have, and the rules of the one that comes with the program."""
    bundled: Policy = parse_policy(BUNDLED.read_bytes())
    rows = []
    for name, kind in KINDS.items():
        own = ", ".join(f"`{rule.id}`" for rule in bundled.rules if rule.kind == name)
        rows.append(
            [f"`{name}`", ", ".join(f"`{key}`" for key in kind.needs), ", ".join(f"`{key}`" for key in kind.takes), own]
        )
    return _table(["kind", "must state", "may state", "built in"], rows)


def warehouse_tables() -> str:
    """The published warehouse's tables and columns, from the SQL that makes them."""
    text = (ROOT / "etl" / "warehouse" / "warehouse.sql").read_text(encoding="utf-8")
    rows = [["`facts`", ", ".join(f"{name} {kind.lower()}" for name, kind in grain.types().items())]]
    for name, columns in re.findall(r"create table (\w+) \((.*?)\);", text, re.DOTALL):
        rows.append([f"`{name}`", " ".join(columns.split())])
    return _table(["table", "columns"], rows)


def reference() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# Reference",
            "",
            "Made by `python tools/make_reference.py` from the program itself; do not edit it by hand.",
            "",
            "## Commands",
            "",
            "`python -m etl [--config FILE] COMMAND …`. Without `--config` the settings come from the file that",
            "`$TRANSIT_LEDGER_CONFIG` names, else from `config.toml`.",
            "",
            commands(),
            "## Exit codes",
            "",
            exit_codes(),
            "",
            "## Settings",
            "",
            settings_tables(),
            "## Formats",
            "",
            "What each says of mail under TLS, as seen in an example of each (`samples/` in its folder). What a format",
            "does not say is `Unknown` in the facts; recipients and bytes are then absent. Case, blanks, hyphens, dots",
            "and underscores in headers make no difference, and a site adds its own headers in the source's `columns`.",
            "",
            *format_tables.section(_table),
            "",
            "## The policy",
            "",
            "A TOML file; `etl/insights/policy.toml` comes with the program and shows every kind. Each rule has `id`,",
            "`version`, `severity` (" + ", ".join(SEVERITIES) + "), `title` and `advice` per language, and may have",
            "`references`. Without `kind` it is a `share`: n of N messages of a class against a threshold. A class",
            "(`measure`) is " + ", ".join(f"`{name}`" for name in MEASURES) + ", or a list of TLS versions.",
            "`[[acknowledgements]]` accept an insight: `rule`, `by`, `until`, `why`, and `direction` or `connector`.",
            "",
            policy_kinds(),
            "",
            "## The warehouse",
            "",
            warehouse_tables(),
            "",
        ]
    )


if __name__ == "__main__":
    made = reference()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == made else 1)
    TARGET.write_text(made, encoding="utf-8")
