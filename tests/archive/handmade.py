"""Archives made by hand, without rendering: what lies in the files is what the tests of archive and mail need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etl.archive import bag, edition_file, ledger
from etl.archive.ledger import Entry
from etl.archive.shelf import Folder, Shelf
from etl.common import periods
from etl.common.canonical import canonical
from etl.common.words import LEDGER_HEAD_MARKER

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
) + bytes(6000)
"""A chart, padded behind its end so that leaving it off makes a mail smaller."""
HEADER = (
    "data_date,source,direction,connector,partner_domain,tls_version,tls_cipher,tls_group,tls_auth,"
    "messages,recipients,bytes,is_estimated\n"
)
VARIANTS = {"en": {"language": "en", "connectors": []}, "sv": {"language": "sv", "connectors": []}}


def facts(cells: Mapping[tuple[str, str, str], int]) -> bytes:
    """A facts.csv of messages by direction, connector and TLS version."""
    rows = (
        f'2026-11-16,"m365","{direction}","{connector}","fabrikam.example","{version}","none","none","none",{n},{n},1,false\n'
        for (direction, connector, version), n in cells.items()
    )
    return (HEADER + "".join(rows)).encode()


CELLS = {("inbound", "Fabrikam partner", "TLS 1.2"): 900, ("inbound", "Fabrikam partner", "No TLS"): 100}


def payload(cells: Mapping[tuple[str, str, str], int], insights: list[dict[str, Any]], pdf: bytes) -> dict[str, bytes]:
    """The data files of an edition, but for edition.json."""
    files = {
        "facts.csv": facts(cells),
        "summary.json": canonical({"insights": insights}),
        "settings.json": canonical({"sources": [{"name": "m365", "role": "count"}]}),
    }
    for folder in VARIANTS:
        files |= {
            f"{folder}/report.html": b"<!doctype html><title>Report</title>",
            f"{folder}/report.pdf": pdf,
            f"{folder}/mail.html": (
                '<html><body><p>Åtta</p><img src="cid:chart" alt="Eight of ten">'
                f"<p>{LEDGER_HEAD_MARKER}</p></body></html>"
            ).encode(),
            f"{folder}/mail.txt": f"In {folder}: åtta.\n.\nHead: {LEDGER_HEAD_MARKER}\n".encode(),
            f"{folder}/mail.json": canonical({"subject": f"Week 47 ({folder})", "images": {"chart": "mail-1.png"}}),
            f"{folder}/mail-1.png": PNG,
        }
    return files


def add(
    archive: Path | Shelf,
    period: str = "2026-W47",
    *,
    origin: str = "scheduled",
    cells: Mapping[tuple[str, str, str], int] = CELLS,
    insights: list[dict[str, Any]] | None = None,
    pdf: bytes = b"%PDF-1.7 small",
    enter: bool = True,
    mail: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Entry:
    """Adds the next edition of `period` to the archive, as publishing would; without `enter` it stops before the
    ledger. `mail` replaces mail.json, `files` whatever else."""
    shelf = archive if isinstance(archive, Shelf) else Folder(archive)
    entries = ledger.read(shelf)
    held = ledger.editions(entries, period)
    held_files = payload(cells, insights or [], pdf) | dict(files or {})
    if mail:
        held_files |= {f"{folder}/mail.json": canonical(mail) for folder in VARIANTS}
    parts = {"facts": hashlib.sha256(held_files["facts.csv"]).hexdigest()}
    said = {
        "format": edition_file.FORMAT,
        "period": period,
        "edition": held[-1].edition + 1 if held else 1,
        "origin": origin,
        "made_at": "2026-11-23T05:00:00Z",
        "ledger_head": ledger.head(entries),
        "supersedes": held[-1].hash if held else None,
        "reasons": ["facts"] if held else [],
        "basis": hashlib.sha256(canonical(parts)).hexdigest(),
        "basis_parts": parts,
        "changes": [],
        "variants": VARIANTS,
    }
    held_files[edition_file.FILE] = canonical(said)
    folder = f"{periods.parse_period(period).folder}/e{said['edition']}"
    bag_sha256 = bag.write(shelf, folder, held_files, {"Bagging-Date": "2026-11-23"})
    entry = edition_file.entry_for(len(entries) + 1, folder, bag_sha256, said)
    return ledger.append(shelf, entry) if enter else entry


def unlock(archive: Path) -> None:
    """Gives back the right to write, as whoever tampers with an archive would."""
    for item in (archive, *archive.rglob("*")):
        item.chmod(0o750 if item.is_dir() else 0o640)
