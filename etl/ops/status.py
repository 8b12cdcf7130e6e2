"""What is open, late, stale or wrong, each with the command that helps: sources, their days, editions, deliveries.

The only place that holds the clock against what came: a report never does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from etl import landing, warehouse
from etl.archive import compared, ledger, outdated, shelf
from etl.archive.ledger import Entry
from etl.common import database, periods
from etl.common.errors import ArchiveBroken, StorageFull
from etl.common.periods import Period
from etl.delivery import send_ledger
from etl.landing import evidence
from etl.measures import measure, prepare
from etl.measures.completeness import settled_to
from etl.ops import attention
from etl.settings import Settings, Source, schedule
from etl.staging import refused

DAYS = 14
COMPARISON = "comparison corrected"
"""The state of an edition between current and superseded: its own numbers stand, an earlier period's were corrected."""
GRACE = timedelta(hours=2)
"""How long after its last moment a report may be in the making before it counts as overdue."""
UNUSUAL = 2
"""A day with fewer rows than half its band's low end, or more than twice its high end, is noted."""

Remark = Literal[
    "awaited", "missing", "quarantined", "cut short?", "refused in part", "too late", "few rows", "many rows"
]
"""What may be odd about a day."""
NEXT_STATES = ("not due yet", "due", "overdue")

Row = dict[str, Any]


def status(settings: Settings, now: datetime | None = None) -> dict[str, Any]:
    """Plain values, as of `now`: `sources`, `days` (per source, the fortnight up to the newest export), `files` that
    need a look, `editions`, `next_reports`, `deliveries` that are not accepted, and `trouble`, a list of what is to be
    done with the command for it."""
    at = now or periods.now()
    keys = ("sources", "days", "files", "editions", "next_reports", "deliveries", "trouble")
    found: dict[str, Any] = {"at": at} | {key: [] for key in keys}
    if settings.storage.warehouse_path.exists():
        _data(settings, found, at)
    else:
        _trouble(found, "nothing has been ingested yet", "python -m etl ingest")
    _editions(settings, found, at)
    _deliveries(settings, found)
    return found


def _trouble(found: dict[str, Any], what: str, command: str) -> None:
    found["trouble"].append({"what": what, "command": command})


def _data(settings: Settings, found: dict[str, Any], now: datetime) -> None:
    notable = {"notable_share": refused.NOTABLE_SHARE}
    with warehouse.connect(settings.storage.warehouse_path, settings=settings) as con:
        prepare(con)
        declared = measure(con, "sources")
        ends = {row["source"]: row for row in database.rows(con, database.sql("ops", "status_sources"))}
        last = max((row["last_date"] for row in ends.values()), default=None)
        first = last - timedelta(days=DAYS - 1) if last else None
        rows = {
            (row["source"], row["data_date"]): row
            for row in database.rows(con, database.sql("ops", "status_days"), {"first_date": first} | notable)
        }
        found["files"] = database.rows(con, database.sql("ops", "status_files"), notable)
    settled = settled_to(declared)
    for source in settings.sources:
        end = ends.get(source.name)
        if end is None or first is None or last is None:
            _trouble(found, f"nothing came of source {source.name} yet", "python -m etl check")
            continue
        days = [
            _day(settings, source, day, rows.get((source.name, day), {}), settled[source.name], now)
            for day in periods.days_between(max(first, end["first_date"]), last)
        ]
        found["days"] += days
        _source(settings, found, source, end, days, settled[source.name], now)
    for file in found["files"]:
        _trouble(found, f"{file['name']}: {_why(file)}", _look(file))


def _why(file: Row) -> str:
    if file["state"] == "quarantined":
        return f"quarantined: {file['reason']}"
    if file["suspected_cut"]:
        return "counted: suspected cut short"
    return f"counted: {file['rejected']:,} of {file['records']:,} records were refused"


def _look(file: Row) -> str:
    if file["suspected_cut"]:
        return "fetch the day in smaller parts, then python -m etl ingest"
    return f"python -m etl retract {file['sha256'][:12]} --why …, or correct the settings and python -m etl ingest"


_COUNTS = (
    "files", "weeks", "rejected", "skipped", "duplicate_files", "trace_rows", "duplicates", "late_rows", "quarantined",
)  # fmt: skip
_FIGURES = ("size", "size_low", "size_high", "records", "records_low", "records_high", "hours_without")


def _day(settings: Settings, source: Source, day: date, row: Row, settled: date, now: datetime) -> Row:
    """One source's day: what was expected and came, beside its band, how settled it is, and what is odd about it."""
    state = "sealed" if row.get("is_sealed") else "settled" if day <= settled else "open"
    told = {"source": source.name, "data_date": day, "state": state, "expected": landing.is_expected(source, day)}
    told |= {key: row.get(key) or 0 for key in _COUNTS} | {key: row.get(key) for key in _FIGURES}
    told |= {key: bool(row.get(key)) for key in ("suspected_cut", "refused_in_part")}
    return told | {"remark": _remark(settings, source, told, now)}


def _remark(settings: Settings, source: Source, day: Row, now: datetime) -> Remark | None:
    if not _came(source, day):
        if not day["expected"]:
            return None
        return "awaited" if now < attention.closes_at(settings, source, day["data_date"]) else "missing"
    if day["quarantined"]:
        return "quarantined"
    if day["suspected_cut"]:
        return "cut short?"
    if day["refused_in_part"]:
        return "refused in part"
    if day["late_rows"]:
        return "too late"
    if day["records"] is not None and day["weeks"]:
        if day["records"] * UNUSUAL < day["records_low"]:
            return "few rows"
        if day["records"] > UNUSUAL * day["records_high"]:
            return "many rows"
    return None


def _came(source: Source, day: Row) -> bool:
    """As completeness has it: an export named for the day, or rows of it where names tell no day."""
    return bool(day["files"] or day["quarantined"] or ("{date}" not in source.pattern and day["trace_rows"]))


def _source(
    settings: Settings, found: dict[str, Any], source: Source, end: Row, days: Sequence[Row], settled: date,
    now: datetime,
) -> None:  # fmt: skip
    """A source's line, and the trouble with its days; those since the newest export, up to yesterday, included."""
    yesterday = periods.data_date(now, settings.report.time_zone) - timedelta(days=1)
    newest = max(end["last_date"], days[-1]["data_date"])
    since = [day for day in periods.days_between(newest + timedelta(days=1), yesterday) if yesterday > newest]
    expected = [day for day in since if landing.is_expected(source, day)]
    closed = [day for day in expected if now >= attention.closes_at(settings, source, day)]
    missing = [day["data_date"] for day in days if day["remark"] == "missing"] + closed
    awaited = [day["data_date"] for day in days if day["remark"] == "awaited"] + expected[len(closed) :]
    found["sources"].append(
        {
            "source": source.name,
            "format": source.format,
            "role": source.role,
            "expect": source.expect,
            "lateness_days": source.lateness_days,
            "last_date": end["last_date"],
            "landed_at": periods.parse_instant(end["landed_at"]),
            "settled_date": settled,
            "missing": missing,
            "awaited": awaited,
        }
    )
    came = {item.receipt.named_date for item in evidence.landed(settings, source.name).values()}
    for day in [day for day in missing if day in came]:
        what = f"{day}: the export of {source.name} was taken out, and none stands for it"
        _trouble(found, what, "python -m etl history")
    for run in _runs([day for day in missing if day not in came]):
        command = f"python -m etl ingest --date {run[0]}" if len(run) == 1 else "python -m etl ingest"
        _trouble(found, f"{_span(run)}: no export came for {source.name}", command)


def _runs(days: Sequence[date]) -> Iterator[list[date]]:
    """Days in order, those that follow each other together."""
    run: list[date] = []
    for day in days:
        if run and day != run[-1] + timedelta(days=1):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _span(run: Sequence[date]) -> str:
    return str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]} ({len(run)} days)"


def _editions(settings: Settings, found: dict[str, Any], now: datetime) -> None:
    try:
        entries = ledger.read(shelf.of(settings))
    except ArchiveBroken as error:
        _trouble(found, str(error), "python -m etl verify")
        return
    stale = _stale(settings, found) if entries and found["sources"] else set()
    newest = {entry.period: entry.edition for entry in entries if entry.kind == "edition"}
    corrected = compared.corrected(shelf.of(settings), entries)
    for entry in entries:
        if entry.kind == "edition":
            state = "current" if newest[entry.period] == entry.edition else "superseded"
            if state == "current":
                state = "stale" if entry.period in stale else COMPARISON if entry.bag in corrected else state
            by = [f"{other.period}, edition {other.edition}" for other in corrected.get(entry.bag, ())]
            told = {"period": entry.period, "edition": entry.edition, "origin": entry.origin, "state": state}
            found["editions"].append(told | {"corrected_by": by})
    for period in sorted(stale):
        _trouble(found, f"the edition of {period} is out of date", f"python -m etl publish {period}")
    _next_reports(settings, found, entries, now)


def _stale(settings: Settings, found: dict[str, Any]) -> set[str]:
    """The periods whose edition is out of date. Where nothing can be written down to compare them, that is said."""
    try:
        return {str(period) for period in outdated.outdated(settings)}
    except StorageFull as error:
        _trouble(found, f"which editions are out of date can't be worked out: {error.found}", error.next_step)
        return set()


def _next_reports(settings: Settings, found: dict[str, Any], entries: Sequence[Entry], now: datetime) -> None:
    """When the next report of each kind is due, as the latest one printed it; overdue means that a job did not run."""
    reported = {periods.parse_period(entry.period) for entry in entries if entry.kind == "edition"}
    for kind in settings.report.periods:
        latest = max((period for period in reported if period.kind == kind), default=None)
        if latest is None:
            continue
        due_at, last_moment = schedule.next_due_at(settings, latest), _last_moment(settings, latest)
        state = "not due yet" if now < due_at else "due" if now < last_moment else "overdue"
        found["next_reports"].append({"period": str(latest.after), "due_at": due_at, "state": state})
        if state == "overdue":
            _trouble(
                found,
                f"the report of {latest.after} was due {_clock(settings, due_at)} and is missing: the job did not run",
                f"look at weekly_report in Airflow, or python -m etl publish {latest.after}",
            )


def _last_moment(settings: Settings, latest: Period) -> datetime:
    return schedule.next_due_at(settings, latest) + timedelta(hours=settings.report.wait_hours) + GRACE


def _clock(settings: Settings, instant: datetime) -> str:
    zone = settings.report.time_zone
    return f"{periods.local(instant, zone):%a %-d %B %Y, %H:%M} {zone}"


def _deliveries(settings: Settings, found: dict[str, Any]) -> None:
    for mail in open_mails(settings):
        found["deliveries"].append({key: mail[key] for key in ("bag", "mail", "state")})
        _trouble(found, mail["what"], mail["command"])


def open_mails(settings: Settings) -> Iterator[dict[str, str]]:
    """The mails begun and not accepted: `bag`, `mail` (its folder), `state`, what is known, and the command for it."""
    for mail in send_ledger.everything(settings):
        if mail.state in send_ledger.DONE or mail.last is None:
            continue
        told, parts = mail.last, mail.folder.relative_to(settings.storage.deliveries_path).parts
        what = f"a mail of {told.period}, edition {told.edition}, is {mail.state}"
        command = f"python -m etl send {told.period} --edition {told.edition}"
        if mail.state in ("refused", "unknown"):
            what += f" ({told.answer or 'its sender ended before the answer'}); its Message-ID is {told.message_id}"
            command += f" --to {told.recipient}"
        about = {"bag": "/".join(parts[:-1]), "mail": parts[-1], "state": str(mail.state)}
        yield about | {"what": what, "command": command}
