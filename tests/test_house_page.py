"""docs/house.md speaks of what is there: its functions, its folders, in their order."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")


def test_each_function_of_the_way_is_where_the_page_says() -> None:
    named = re.findall(r"\[`(etl[\w.]*)\.(\w+)`\]\(\.\./([\w/.]+)\)", PAGE)
    assert len(named) == 11
    for module, function, path in named:
        found = importlib.import_module(module)
        assert callable(getattr(found, function)), (module, function)
        assert Path(str(found.__file__)).relative_to(ROOT).as_posix() == path


def test_each_folder_has_its_line() -> None:
    lines = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(lines) == sorted(path.parent.name for path in (ROOT / "etl").glob("*/__init__.py"))
