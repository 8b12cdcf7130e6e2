"""What the reference says of the formats: read from the readers, and from a sample export of each."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from etl import formats, landing, settings, warehouse
from etl.chain import bring_up
from etl.common import database
from tools.translations import outcomes

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ROOT / "etl" / "formats"
SAYS = {
    "connector": "connector <> 'No connector'",
    "partner domain": "partner_domain <> 'Unknown'",
    "TLS version": "tls_version not in ('Unknown', 'TLS unknown')",
    "cipher suite": "tls_cipher <> 'Unknown' and not starts_with(tls_cipher, 'CALG_')",
    "group": "tls_group <> 'Unknown'",
    "authentication": "tls_auth <> 'Unknown'",
    "recipients": "recipients > 0",
    "bytes": "bytes > 0",
}
"""What a fact may say of mail under TLS, and how to see whether it does."""
NOT_SAID = "–"
UNIT = re.compile(r" (\(percentage\)|\(%\)|%|percent)$")
Table = Callable[[list[str], list[list[str]]], str]


def files(name: str) -> list[Path]:
    """The sample exports of a format."""
    return sorted((FORMATS / name / "samples").iterdir())


def says() -> dict[str, dict[str, str]]:
    """Per format what its sample exports came to: each of SAYS told or not, the cipher's kind, and what is counted."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        site = _site(Path(folder))
        for name in formats.NAMES:
            landing.collect(site, source=name, files=files(name))
        bring_up(site)
        asked = ", ".join(f"bool_or({test}) filter (where tls_version <> 'No TLS')" for test in SAYS.values())
        query = f"select {asked}, bool_or(starts_with(tls_cipher, 'CALG_')), bool_or(is_estimated) from facts where source = ?"  # noqa: S608, E501  the table above
        with warehouse.connect(site.storage.warehouse_path) as con:
            for name in formats.NAMES:
                told = con.execute(query, [name]).fetchall()[0]
                found[name] = dict(zip(SAYS, ("yes" if item else NOT_SAID for item in told), strict=False))
                if told[-2]:
                    found[name]["cipher suite"] = "bulk cipher"
                found[name]["counts"] = "sessions" if told[-1] is None else "estimates" if told[-1] else "messages"
    return found


def _site(folder: Path) -> settings.Settings:
    sources = [
        {"name": name, "format": name, "location": str(FORMATS / name / "samples"), "pattern": "*"}
        for name in formats.NAMES
    ]
    raw = {
        "organisation": {"name": "Contoso", "domains": ["contoso.example"]},
        "report": {"time_zone": "UTC"},
        "storage": {"root": "data"},
        "sources": sources,
    }
    return settings.parse(raw, folder / "config.toml", {})


def overview() -> list[list[str]]:
    """A row per format: what it says of mail under TLS."""
    found = says()
    return [["format", *next(iter(found.values()))], *([f"`{name}`", *row.values()] for name, row in found.items())]


def options(name: str) -> list[list[str]]:
    """The options of a format's sources, and what each means."""
    fields = formats.stated(name).options.model_fields
    return [["option", "meaning"], *([f"`{key}`", field.description or ""] for key, field in fields.items())]


def headers(name: str) -> list[list[str]]:
    """For each column of a delimited format the headers that stand for it; none for other formats."""
    reader = formats.reader(name)
    rows = []
    for column, words in reader.aliases.items():
        plain = [word for word in words if not UNIT.search(word)]
        units = "" if len(plain) == len(words) else "; also with `(percentage)`, `(%)`, `%` or `percent` behind"
        listed = ", ".join(f"`{word}`" for word in plain)
        rows.append([f"`{column}`", "required" if column in reader.required else "", listed + units])
    return [["column", "", "headers that stand for it, best first"], *rows]


def limits(name: str) -> Sequence[int]:
    """Numbers of records at which the vendor cuts an export short."""
    return formats.reader(name).limits


def reasons(name: str) -> tuple[list[str], list[str]]:
    """The rules by which a format's records are skipped, and why others are rejected."""
    common = formats.reader(name).refused_script
    scripts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "etl" / "formats" / name).glob("*.sql"))]
    texts: set[str] = set()
    for script in [database.sql(*common), *scripts] if common else scripts:
        texts |= outcomes(script)
    rules = sorted(text for text in texts if re.fullmatch(r"[a-z-]+", text))
    return rules, sorted(text for text in texts if text not in rules and not text.endswith(" "))


def section(table: Table) -> Iterator[str]:
    """The reference's section on formats, as lines; `table` writes a Markdown table of rows, the head first."""
    yield table(*_parted(overview()))
    for name in formats.NAMES:
        notes = f"[notes](../etl/formats/{name}/NOTES.md)"
        examples = ", ".join(f"[`{path.name}`](../etl/formats/{name}/samples/{path.name})" for path in files(name))
        yield f"\n### `{name}`\n\nExample: {examples}; [how to get it](formats.md#{name}); {notes}.\n"
        for rows in (options(name), headers(name)):
            if rows[1:]:
                yield table(*_parted(rows)) + "\n"
        skipped, rejected = reasons(name)
        if limits(name):
            yield f"Suspected to be cut short at exactly {', '.join(f'{limit:,}' for limit in limits(name))} rows.\n"
        yield f"Skipped by rule: {', '.join(f'`{rule}`' for rule in skipped)}.\n"
        yield f"Rejected for: {'; '.join(rejected)}."


def _parted(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    return rows[0], rows[1:]
