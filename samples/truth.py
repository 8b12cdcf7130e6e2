"""What is true of the samples, counted from the rows as they were generated: no export is read, no product code run.

The words are those of the design. A *delivery* is made of rows that agree in data date, direction, connector, network
message id and recipient; of several the one that says most of TLS stands, and the largest size stated. A *transfer* is
a message on a data date through a connector in a direction to or from a partner domain under a TLS version and cipher:
`messages` counts transfers, `recipients` deliveries, `bytes` each transfer's largest size once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from organisation import ROW_LIMIT, WEEKS, data_date, week_days
from pulling import MISSING_DAY, Export
from traffic import Row

SOURCE = "m365"
KNOWN = ("No TLS", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
RULES = (
    ("no-tls-above-25", "No TLS", ("Unknown",), (1, 4)),
    ("tls-1-0-above-50", "TLS 1.0", ("Unknown", "TLS unknown"), (1, 2)),
)
"""Rule, the class it is about, what might be of that class, and the threshold as a fraction: above, not at."""


class Delivery(NamedTuple):
    """A message to one recipient on a data date."""

    data_date: date
    direction: str
    connector: str
    message: str
    recipient: str


class Told(NamedTuple):
    """What a row tells of its delivery; the greatest stands (the tie rule beyond that is never needed here)."""

    rank: int
    version: str
    cipher: str
    partner: str
    size: int


class Fact(NamedTuple):
    """The fact grain, without the columns that this source can't tell."""

    data_date: date
    direction: str
    connector: str
    partner_domain: str
    tls_version: str
    tls_cipher: str


class Sums(NamedTuple):
    """What is counted of a fact."""

    messages: int = 0
    recipients: int = 0
    bytes: int = 0


def fate(row: Row) -> str:
    """`used`, `rejected` or `skipped`."""
    if row.damage:
        return "rejected"
    return "skipped" if row.status in ("Failed", "Expanded") else "used"


def delivery(row: Row) -> Delivery:
    """The delivery that a row belongs to."""
    connector = row.connector
    return Delivery(
        data_date(row.instant), connector.direction, connector.name or "No connector", row.network_message_id,
        row.recipient,
    )  # fmt: skip


def told(row: Row) -> Told:
    """What a row tells: TLS 9.9 and the like is encrypted by a version that no one knows, an empty field is nothing."""
    version = row.tls if row.tls in KNOWN else "TLS unknown" if row.tls else "Unknown"
    cipher = "none" if version == "No TLS" else row.cipher or "Unknown"
    rank = 2 * {"Unknown": 0, "TLS unknown": 1}.get(version, 2) + (cipher != "Unknown")
    address = row.sender if row.connector.direction == "inbound" else row.recipient
    partner = address if address == "<>" else address.rpartition("@")[2].lower()
    return Told(rank, version, cipher, partner, row.size or 0)


def used_rows(exports: Iterable[Export]) -> list[Row]:
    """The rows that count, of each file once."""
    return [row for export in exports if not export.copy_of for row in export.rows if fate(row) == "used"]


def deliveries(rows: Iterable[Row]) -> dict[Delivery, Told]:
    """Each delivery with what is known of it."""
    found: dict[Delivery, Told] = {}
    for row in rows:
        key, new = delivery(row), told(row)
        old = found.get(key, new)
        if old.rank == new.rank and old[1:4] != new[1:4]:
            raise ValueError(f"two rows tell differently of {key}: the samples should not need a tie rule")
        found[key] = max(old, new)._replace(size=max(old.size, new.size))
    return found


def facts(known: dict[Delivery, Told]) -> dict[Fact, Sums]:
    """The fact table of the samples."""
    transfers: defaultdict[tuple[Fact, str], list[int]] = defaultdict(list)
    for key, value in known.items():
        fact = Fact(key.data_date, key.direction, key.connector, value.partner, value.version, value.cipher)
        transfers[fact, key.message].append(value.size)
    result: dict[Fact, Sums] = {}
    for (fact, _), sizes in transfers.items():
        sums = result.get(fact, Sums())
        result[fact] = Sums(sums.messages + 1, sums.recipients + len(sizes), sums.bytes + max(sizes))
    return dict(sorted(result.items()))


class Counted(NamedTuple):
    """Exports with the rows, deliveries and facts in them."""

    exports: list[Export]
    rows: list[Row]
    deliveries: dict[Delivery, Told]
    facts: dict[Fact, Sums]


def count(exports: Iterable[Export]) -> Counted:
    """What is true after these exports came, in whatever order."""
    came = list(exports)
    rows = used_rows(came)
    known = deliveries(rows)
    return Counted(came, rows, known, facts(known))


def state(counted: Counted) -> dict[str, Any]:
    """All numbers after some exports came."""
    came = {export.day for export in counted.exports}
    cut = {export.name: export.day for export in counted.exports if len(export.rows) == ROW_LIMIT}
    return {
        "days": _days(counted, came),
        "periods": {name: _period(name, counted.facts, came, cut) for name in WEEKS},
    }


def _days(counted: Counted, came: set[date]) -> dict[str, dict[str, Any]]:
    """Per data date: rows, deliveries, and the sums of both directions."""
    told_rows = Counter(data_date(row.instant) for row in counted.rows)
    told_deliveries = Counter(key.data_date for key in counted.deliveries)
    return {
        str(day): {
            "export_came": day in came,
            "trace_rows": told_rows[day],
            "deliveries": told_deliveries[day],
            "duplicates": told_rows[day] - told_deliveries[day],
            **_added(sums for fact, sums in counted.facts.items() if fact.data_date == day),
        }
        for day in sorted(told_rows)
    }


def _period(name: str, table: dict[Fact, Sums], came: set[date], cut: dict[str, date]) -> dict[str, Any]:
    """A week's sums, its completeness and its insights."""
    days = week_days(name)
    chosen = {fact: sums for fact, sums in table.items() if fact.data_date in days}
    missing = [f"{day} ({SOURCE})" for day in days if day not in came]
    short = sorted(file for file, day in cut.items() if day in days)
    flow = [
        {"direction": direction, "connector": connector, "tls_version": version, **sums}
        for (direction, connector, version), sums in _grouped(chosen, ("direction", "connector", "tls_version"))
    ]
    return {
        "missing": missing,
        "suspected_cut": short,
        "provisional": bool(missing or short),
        "total": _added(chosen.values()),
        **{
            f"by_{column}": {key[0]: sums for key, sums in _grouped(chosen, (column,))}
            for column in ("direction", "tls_version", "partner_domain")
        },
        "by_connector": [
            {"direction": direction, "connector": connector, **sums}
            for (direction, connector), sums in _grouped(chosen, ("direction", "connector"))
        ],
        "flow": flow,
        "insights": _insights(flow, missing, short),
    }


def _grouped(table: dict[Fact, Sums], columns: tuple[str, ...]) -> list[tuple[tuple[str, ...], dict[str, int]]]:
    """Sums of `table` by some of its columns, in order."""
    groups: defaultdict[tuple[str, ...], list[Sums]] = defaultdict(list)
    for fact, sums in table.items():
        groups[tuple(getattr(fact, column) for column in columns)].append(sums)
    return [(key, _added(groups[key])) for key in sorted(groups)]


def _added(many: Iterable[Sums]) -> dict[str, int]:
    parts = list(many)
    return {name: sum(getattr(part, name) for part in parts) for name in Sums._fields}


def _insights(flow: list[dict[str, Any]], missing: list[str], short: list[str]) -> list[dict[str, Any]]:
    """What the policy says: strict, on integers, undecided where the unknown might turn the verdict."""
    found = []
    for direction, connector in sorted({(row["direction"], row["connector"]) for row in flow}):
        versions = {
            row["tls_version"]: row["messages"]
            for row in flow
            if (row["direction"], row["connector"]) == (direction, connector)
        }
        for rule, measure, perhaps, (above, of) in RULES:
            undecided = sum(versions.get(word, 0) for word in perhaps)
            n, whole = versions.get(measure, 0), sum(versions.values())
            lower, upper = n * of > above * whole, (n + undecided) * of > above * whole
            if not upper:
                continue
            found.append(
                {
                    "rule": rule, "verdict": "speaks" if lower else "undecided", "direction": direction,
                    "connector": connector, "numerator": n, "denominator": whole - undecided, "undecided": undecided,
                    "share": n / (whole - undecided) if whole > undecided else None, "lower": n / whole,
                    "upper": (n + undecided) / whole, "threshold": above / of,
                    "provisional": not lower or bool(missing),
                }
            )  # fmt: skip
    if missing or short:
        found.append(
            {"rule": "data-incomplete", "verdict": "speaks", "direction": None, "connector": None}
            | {"missing": missing, "suspected_cut": short, "provisional": bool(missing)}
        )
    return found


def about_file(export: Export) -> dict[str, Any]:
    """What ingesting one file should print. Records are numbered from 1, the header not counted."""
    fates = Counter(fate(row) for row in export.rows)
    used = [row for row in export.rows if fate(row) == "used"]
    days = Counter(data_date(row.instant) for row in used)
    words = Counter(row.tls for row in used if told(row).version == "TLS unknown")
    style = export.style
    return {
        "name": export.name,
        "folder": "late" if export.late else "exports",
        "named_date": str(export.day),
        "looks": f"{style.encoding}{' with BOM' if style.mark else ''}, {style.delimiter!r}",
        "duplicate_of": export.copy_of,
        "suspected_cut": len(export.rows) == ROW_LIMIT,
        "records": len(export.rows),
        "used": fates["used"],
        "rejected": fates["rejected"],
        "skipped": {"not-transferred": fates["skipped"]},
        "repeats": len(used) - len({delivery(row) for row in used}),
        "rejects": [{"record": number, "why": row.damage} for number, row in enumerate(export.rows, 1) if row.damage],
        "unknown_words": [
            {"field": "tls_version", "word": word, "records": count} for word, count in sorted(words.items())
        ],
        "days": {str(day): days[day] for day in sorted(days)},
    }


def findings(counted: Counted) -> dict[str, Any]:
    """What else a reader should find: connectors with their days, contradictions, silence."""
    kinds = {
        (row.connector.direction, row.connector.name or "No connector"): row.connector
        for export in counted.exports
        for row in export.rows
    }
    connectors = []
    for direction, name in sorted(kinds):
        mine = {fact: sums for fact, sums in counted.facts.items() if fact[1:3] == (direction, name)}
        days = sorted({fact.data_date for fact in mine})
        plain = {
            period: sum(s.messages for f, s in mine.items() if f.data_date in week_days(period) and f[4] == "No TLS")
            for period in WEEKS
        }
        forced = kinds[direction, name].forced_tls
        connectors.append(
            {
                "direction": direction, "connector": name, "connector_type": kinds[direction, name].kind,
                "forced_tls": forced, "first_date": str(days[0]), "last_date": str(days[-1]), "days": len(days),
                "no_tls_though_forced": {period: count for period, count in plain.items() if forced and count},
                "fell_silent": days[-1] < week_days("2026-W46")[0],
            }
        )  # fmt: skip
    return {"connectors": connectors, "never_came": str(MISSING_DAY)}
