"""What is open, late, stale or wrong, each with the command that helps: sources, their days, editions, deliveries."""

from __future__ import annotations

from datetime import date
from typing import Any

from etl import database, landing, periods, send_ledger, warehouse
from etl.archive import ledger, outdated
from etl.errors import ArchiveBroken
from etl.settings import Settings

DAYS = 14


def status(settings: Settings) -> dict[str, Any]:
    """Plain values: `days` (per source and day of the last fortnight with data), `files` that need a look, `editions`,
    `deliveries` that are not accepted, and `trouble`, a list of what is to be done with the command for it."""
    found: dict[str, Any] = {"days": [], "files": [], "editions": [], "deliveries": [], "trouble": []}
    if settings.storage.warehouse_path.exists():
        _data(settings, found)
    else:
        _trouble(found, "nothing has been ingested yet", "python -m etl ingest")
    _editions(settings, found)
    _deliveries(settings, found)
    return found


def _trouble(found: dict[str, Any], what: str, command: str) -> None:
    found["trouble"].append({"what": what, "command": command})


def _data(settings: Settings, found: dict[str, Any]) -> None:
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        rows = {
            (row["source"], row["data_date"]): row
            for row in database.rows(con, database.sql("sql", "status_days"), {"days": DAYS})
        }
        found["files"] = database.rows(con, database.sql("sql", "status_files"))
    for source in settings.sources:
        days = sorted(day for name, day in rows if name == source.name)
        for day in periods.days_between(days[0], days[-1]) if days else []:
            _day(found, source.name, day, landing.is_expected(source, day), rows.get((source.name, day), {}))
    for file in found["files"]:
        _trouble(found, f"{file['name']}: {file['state']}: {file['reason'] or 'suspected cut short'}", _look(file))


def _look(file: dict[str, Any]) -> str:
    if file["suspected_cut"]:
        return "fetch the day in smaller parts, then python -m etl ingest"
    return f"python -m etl retract {file['sha256'][:12]} --why …, or correct the settings and python -m etl ingest"


def _day(found: dict[str, Any], source: str, day: date, expected: bool, row: dict[str, Any]) -> None:
    told = {"source": source, "data_date": day, "expected": expected} | {
        key: row.get(key) or 0
        for key in ("named_files", "trace_rows", "duplicates", "rejected", "late_rows", "hours_without")
    }
    found["days"].append(told)
    if expected and not told["named_files"] and row.get("by_name", True):
        _trouble(found, f"{day}: no export came for {source}", f"python -m etl ingest --date {day}")


def _editions(settings: Settings, found: dict[str, Any]) -> None:
    try:
        entries = ledger.read(settings.storage.archive_path)
    except ArchiveBroken as error:
        _trouble(found, str(error), "python -m etl verify")
        return
    stale = {str(period) for period in outdated.outdated(settings)} if entries and found["days"] else set()
    newest = {entry.period: entry.edition for entry in entries if entry.kind == "edition"}
    for entry in entries:
        if entry.kind == "edition":
            is_stale = entry.period in stale and newest[entry.period] == entry.edition
            state = "stale" if is_stale else "current" if newest[entry.period] == entry.edition else "superseded"
            found["editions"].append(
                {"period": entry.period, "edition": entry.edition, "origin": entry.origin, "state": state}
            )
    for period in sorted(stale):
        _trouble(found, f"the edition of {period} is out of date", f"python -m etl publish {period}")


def _deliveries(settings: Settings, found: dict[str, Any]) -> None:
    for mail in send_ledger.everything(settings):
        if mail.state == "accepted" or mail.last is None:
            continue
        parts = mail.folder.relative_to(settings.storage.deliveries_path).parts
        period = parts[1] if len(parts) > 1 else "?"
        found["deliveries"].append({"bag": "/".join(parts[:-1]), "mail": parts[-1], "state": mail.state})
        _trouble(found, f"a mail of {parts[0]} {period} is {mail.state}", f"look at deliveries/{'/'.join(parts)}")
