"""Brings the catalogues of the report's texts up to date: `make translations`, or `python -m tools.translations`.

Texts are found where they are used, in `etl/` and in `report_templates/`. A new one is added to each catalogue, empty
but for English, which repeats it; one that is used no more is taken out. A text without a translation fails the tests.
"""

from __future__ import annotations

import re
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po

from etl.report.view.wording import outcome_text

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "report_templates"
WIDTH = 107
HEAD = (
    "# Texts of the report. The English text is a message's name; {{words}} in braces are filled in.\n"
    'msgid ""\nmsgstr ""\n"Language: {code}\\n"\n"Plural-Forms: {plural}\\n"\n'
    '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
)
_SQL = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\w+|\S")
_OUTCOME_COLUMNS = ("reason", "fault", "rule")
Name = str | tuple[str, str]
"""A text, or its singular and plural."""


def used() -> set[Name]:
    """Every text that the program may ask a catalogue for."""
    found: set[Name] = set()
    for path in sorted((ROOT / "etl").rglob("*.py")):
        found |= _in_file(path, "python")
    for path in sorted(TEMPLATES.rglob("*.html")):
        found |= _in_file(path, "jinja2.ext:babel_extract")
    for path in sorted((ROOT / "etl" / "formats").rglob("*.sql")):
        found |= {outcome_text(reason) for reason in outcomes(path.read_text(encoding="utf-8"))}
    return found


def outcomes(query: str) -> set[str]:
    """Why a reader's SQL may reject or skip a record: the texts that the `case` of a column `reason`, `fault` or
    `rule` gives, or of a macro such as `rule_of`, and those that stand as such a column."""
    words = [word for word in _SQL.findall(query) if not word.startswith("--")]
    found: set[str] = set()
    open_cases: list[set[str]] = []
    macro = ""
    for n, word in enumerate(words[:-2]):
        follows = words[n + 1]
        if word == "macro":
            macro = follows
        elif word == "case":
            open_cases.append(set())
        elif word in ("then", "else") and follows.startswith("'"):
            open_cases[-1].add(follows[1:-1])
        elif word == "end":
            texts = open_cases.pop()
            column = words[n + 2] if follows == "as" else macro.removesuffix("_of") if follows == ";" else ""
            if column in _OUTCOME_COLUMNS:
                found |= texts
            elif open_cases:
                open_cases[-1] |= texts
        elif word.startswith("'") and follows == "as" and words[n + 2] in _OUTCOME_COLUMNS:
            found.add(word[1:-1])
    return found


def _in_file(path: Path, method: str) -> set[Name]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    with path.open("rb") as file:
        found = list(extract(method, file, DEFAULT_KEYWORDS, options=options))
    return {(name[0], name[1]) if isinstance(name, tuple) else name for _, name, _, _ in found}


def read(code: str) -> Catalog:
    """The catalogue of one language as it is; an empty one for a language that only has a folder."""
    path = TEMPLATES / "translations" / code / "report.po"
    if not path.exists():
        return Catalog(locale=code)
    with path.open("rb") as file:
        return read_po(file, locale=code)


def problems(catalogue: Catalog, names: set[Name]) -> list[str]:
    """What is wrong with a catalogue: texts missing, unused, fuzzy, empty, or with other words to fill in."""
    told = {_name(message.id): message for message in catalogue if message.id}
    found = [f"missing: {name}" for name in sorted(names - set(told), key=str)]
    found += [f"used no more: {name}" for name in sorted(set(told) - names, key=str)]
    for name, message in told.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        allowed = _to_fill_in(name) | ({"n"} if isinstance(name, tuple) else set())
        if message.fuzzy:
            found.append(f"fuzzy: {name}")
        if not all(strings) or (isinstance(name, tuple) and len(strings) != catalogue.num_plurals):
            found.append(f"not translated: {name}")
        elif any(not _to_fill_in(string) <= allowed for string in strings):
            found.append(f"asks for words that nobody gives: {name}")
        elif isinstance(name, str) and _to_fill_in(str(message.string)) != allowed:
            found.append(f"leaves words out: {name}")
    return found


def _name(ident: str | tuple[str, ...] | list[str]) -> Name:
    return ident if isinstance(ident, str) else (ident[0], ident[1])


def _to_fill_in(text: Name) -> set[str]:
    return set(re.findall(r"{(\w*)}", text if isinstance(text, str) else "".join(text)))


def updated(code: str, names: set[Name]) -> bytes:
    """The catalogue of one language with exactly `names` in it, those it has already translated as they were."""
    old = read(code)
    told = {_name(message.id): message.string for message in old if message.id}
    new = Catalog(locale=code)
    for name in names:
        empty: Name = "" if isinstance(name, str) else ("", "")
        new.add(name, told.get(name, name if code == "en" else empty))
    body = BytesIO()
    write_po(body, new, width=WIDTH, sort_output=True, omit_header=True, no_location=True)
    return HEAD.format(code=code, plural=old.plural_forms).encode() + body.getvalue()


def main() -> int:
    """Writes all catalogues anew; says what is left to translate."""
    names, left = used(), 0
    for folder in sorted((TEMPLATES / "translations").iterdir()):
        (folder / "report.po").write_bytes(updated(folder.name, names))
        for problem in problems(read(folder.name), names):
            print(f"{folder.name}: {problem}")
            left += 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
