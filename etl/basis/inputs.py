"""What an edition's numbers depend on, as its bag stores it: the period's facts and completeness, and a frozen copy of
the earlier sums it shows.

`facts.csv` holds the facts of the period in canonical order, all sources and directions. `history.csv` holds what the
report says of the time before, as known when it was made (kinds and columns: `sql/history_rows.sql`); it is kept small:
days and connectors for 13 weeks, sums per TLS version and cipher for 26 weeks (12 months, 4 ranges), and of partners
below TLS 1.2 only the 1,000 largest of each direction and connector. Both are written with their text quoted and
formulas guarded, so the same numbers give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb

from etl import __version__, facts, formats
from etl import warehouse as published
from etl.common import database, disk, periods
from etl.common.canonical import canonical, canonical_sha256, plain_json
from etl.common.errors import NotFound
from etl.common.periods import Period
from etl.insights.policy import Policy, load_policy, parse_policy
from etl.landing import evidence
from etl.measures import measure, prepare, text
from etl.measures.completeness import completeness_of, evidence_basis, missing_before
from etl.settings import Settings

HISTORY_DAYS = 91
"""Days before the period that are kept day by day: 13 weeks."""
PERIODS_BACK = {"week": 26, "month": 12, "range": 4}
PARTNERS_KEPT = 1000

_SOFTWARE = ("duckdb", "weasyprint", "jinja2", "vl-convert-python", "pydantic", "babel")


@dataclass(frozen=True)
class PeriodInputs:
    """Everything that an edition's numbers depend on. Equal inputs give equal models."""

    period: Period
    facts_csv: bytes
    history_csv: bytes
    completeness: dict[str, Any]
    inputs: dict[str, Any]
    settings_public: dict[str, Any]
    policy: Policy
    versions: dict[str, str]
    settings_sha256: str
    """Hash over the counting settings."""

    @property
    def facts_sha256(self) -> str:
        """Hash over `facts_csv`."""
        return hashlib.sha256(self.facts_csv).hexdigest()

    @property
    def history_sha256(self) -> str:
        """Hash over `history_csv`."""
        return hashlib.sha256(self.history_csv).hexdigest()

    @property
    def completeness_sha256(self) -> str:
        """Hash over what was expected, received, rejected, skipped and suspected cut, per day and source.

        How settled the period is, and how often the same bytes came again, are no part of it: both move without the
        period's data moving.
        """
        return canonical_sha256(evidence_basis(self.completeness))

    @property
    def basis(self) -> dict[str, str]:
        """The hashes that decide whether an edition is new."""
        return {
            "facts": self.facts_sha256,
            "completeness": self.completeness_sha256,
            "policy": self.policy.sha256,
            "settings": self.settings_sha256,
            "readers": self.versions["readers"],
        }

    def files(self) -> dict[str, bytes]:
        """The bag's data files that `from_bag` reads again, by name; JSON is canonical (RFC 8785)."""
        return {
            "facts.csv": self.facts_csv,
            "history.csv": self.history_csv,
            "inputs.json": canonical(self.inputs),
            "settings.json": canonical(self.settings_public),
            "policy.toml": self.policy.raw,
            "versions.json": canonical(self.versions),
            "completeness.json": canonical(self.completeness),
        }

    @classmethod
    def from_bag(cls, read: Callable[[str], bytes]) -> PeriodInputs:
        """The inputs that `files()` gave; `read` gives the bytes of one of a bag's data files."""
        try:
            raw = {name: read(name) for name in _NAMES}
        except OSError as error:
            raise NotFound(f"{error.filename} could not be read: {error.strerror}", "a whole edition") from error
        inputs = json.loads(raw["inputs.json"])
        return cls(
            period=periods.parse_period(inputs["period"]),
            facts_csv=raw["facts.csv"],
            history_csv=raw["history.csv"],
            completeness=json.loads(raw["completeness.json"]),
            inputs=inputs,
            settings_public=json.loads(raw["settings.json"]),
            policy=parse_policy(raw["policy.toml"]),
            versions=json.loads(raw["versions.json"]),
            settings_sha256=inputs["settings_sha256"],
        )


_NAMES = (
    "facts.csv", "history.csv", "inputs.json", "settings.json", "policy.toml", "versions.json", "completeness.json",
)  # fmt: skip


def period_inputs(
    settings: Settings, period: Period, *, warehouse: Path | None = None, policy: Policy | None = None
) -> PeriodInputs:
    """The inputs of a report on `period`, from the published warehouse (or the one named), receipts and notes."""
    path = warehouse or settings.storage.warehouse_path
    with database.connect(path, resources=settings.resources) as con:
        prepare(con)
        completeness = completeness_of(con, period)
        facts_csv, history_csv = _csv_files(con, period, settings)
        inputs = _inputs(con, settings, period)
    return PeriodInputs(
        period=period,
        facts_csv=facts_csv,
        history_csv=history_csv,
        completeness=completeness,
        inputs=inputs,
        settings_public=plain_json(settings.public()),
        policy=policy or load_policy(settings),
        versions=software_versions(),
        settings_sha256=settings.counting_sha256(),
    )


def software_versions() -> dict[str, str]:
    """What the numbers and the pages were made with; `readers` is the hash over the readers' versions."""
    found = {"transit-ledger": __version__, "python": platform.python_version(), "readers": published.readers_sha256()}
    for name in _SOFTWARE:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def sql(name: str) -> str:
    """The text of `etl/basis/<name>.sql`."""
    return database.sql("basis", name)


def span(period: Period) -> dict[str, date]:
    """The parameters $first_date and $last_date of a period."""
    return {"first_date": period.first_date, "last_date": period.last_date}


def _csv_files(con: duckdb.DuckDBPyConnection, period: Period, settings: Settings) -> tuple[bytes, bytes]:
    _collect_history(con, period)
    with disk.scratch_folder(settings.storage.work_path) as folder:
        return written_facts(con, folder / "facts.csv", period), _written_history(con, folder / "history.csv")


def written_facts(con: duckdb.DuckDBPyConnection, path: Path, period: Period) -> bytes:
    """The bytes of a facts.csv, written to `path`, of the table `facts` in its own columns."""
    texts = [name for (name,) in con.execute(sql("text_columns")).fetchall()]
    database.set_variables(con, {"text_columns": texts})
    con.execute(sql("guard"))
    con.execute(
        sql("write_facts").replace("(text_columns)", f"({', '.join(texts)})"), {"path": str(path), **span(period)}
    )
    return path.read_bytes()


def _written_history(con: duckdb.DuckDBPyConnection, path: Path) -> bytes:
    con.execute(sql("guard"))
    con.execute(sql("write_history"), {"path": str(path)})
    return path.read_bytes()


def _collect_history(con: duckdb.DuckDBPyConnection, period: Period) -> None:
    """Fills `history_rows` on the warehouse's own temporary storage."""
    before = period.first_date - timedelta(days=1)
    days = {"first_date": period.first_date - timedelta(days=HISTORY_DAYS), "last_date": before}
    spans = earlier_periods(period)
    con.execute(sql("history_rows"))
    for kind, question, params in (
        ("day", "flow", days),
        ("data", "days_with_data", days),
        ("told", "connector_runs", days),
        ("life", "connector_life", {"before_date": period.first_date}),
        ("partner", "partner_life", span(period) | {"most": PARTNERS_KEPT}),
        ("period", "period_sums", {"firsts": [p.first_date for p in spans], "lasts": [p.last_date for p in spans]}),
    ):
        answer = con.sql(text(question), params=params)  # noqa: F841  the SQL below reads it by its name
        con.execute(sql("history_add_days" if kind in ("day", "data") else "history_add_spans"), {"kind": kind})
    missing = missing_before(con, Period(days["first_date"], before, "range"))
    con.execute(sql("history_missing"), {"days": [day for day, _ in missing], "sources": [name for _, name in missing]})
    con.execute(sql("history_no_data"))


def earlier_periods(period: Period) -> list[Period]:
    """The periods of the same kind before `period` whose sums an edition keeps, latest first."""
    found = []
    for _ in range(PERIODS_BACK[period.kind]):
        period = period.before
        found.append(period)
    return found


def _inputs(con: duckdb.DuckDBPyConnection, settings: Settings, period: Period) -> dict[str, Any]:
    """inputs.json: landed files with their first receipts, those of the days around that logs are joined with, the
    notes about them, and the partitions with the files that each was made of; all by hash."""
    files = [plain_json(row) for row in measure(con, "files", **span(period))]
    near = [plain_json(row) for row in measure(con, "files", **_reach(settings, period))]
    around = [row for row in near if row not in files]
    hashes = {row["sha256"] for row in (*files, *around)}
    days = {day.isoformat() for day in period.days}
    notes = [
        plain_json({key: value for key, value in vars(note).items() if value is not None})
        for note in evidence.history(settings)
        if {note.sha256, note.other} & hashes or note.data_date in days or note.kind == "revoke"
    ]
    return {
        "period": str(period),
        "files": files,
        "around": around,
        "notes": notes,
        "partitions": [
            plain_json(row | {"files": _made_of(settings, row)}) for row in measure(con, "partitions", **span(period))
        ],
        "settings_sha256": settings.counting_sha256(),
    }


def _reach(settings: Settings, period: Period) -> dict[str, date]:
    """The days whose files a period's numbers may come from: a log's are joined with those of the days around it."""
    readers = [formats.reader(source.format) for source in settings.sources]
    before, after = (max((reader.reach[end] for reader in readers), default=0) for end in (0, 1))
    return {
        "first_date": period.first_date - timedelta(days=before),
        "last_date": period.last_date + timedelta(days=after),
    }


def _made_of(settings: Settings, row: Mapping[str, Any]) -> dict[str, list[str]]:
    """The files, by source, that a day's facts were made of; nothing where the day has been made anew meanwhile."""
    made = facts.partition(settings, row["data_date"])
    if made is None or made.basis != row["basis"]:
        return {}
    return {item["source"]: sorted(file[0] for file in item["files"]) for item in made.made_from["sources"]}


def files_by_day(inputs: Mapping[str, Any]) -> dict[tuple[date, str], tuple[str, ...]]:
    """The names of the files that each day and source was exported in, from inputs.json.

    Of the files that a day's facts were made of, those named for the day; else all of them.
    """
    named = {(file["source"], file["sha256"]): file for file in inputs["files"]}
    found = {}
    for row in inputs["partitions"]:
        for source, hashes in row["files"].items():
            files = [named[source, sha256] for sha256 in hashes if (source, sha256) in named]
            own = [file for file in files if file["named_date"] == row["data_date"]] or files
            found[periods.parse_day(row["data_date"]), source] = tuple(sorted(file["name"] for file in own))
    return found
