"""What was expected, received, rejected, skipped and suspected cut short, per day and source, for one period.

A day is missing by its source's declared expectation (`daily`: every day; `weekdays`: Monday to Friday; `irregular`:
none), never by today's date. It has come where an export named for it landed and stands; of sources (or files) without
a date in the name, where rows of the day came.

Each record belongs to one day: a used one to its data date, a rejected one to its own date where that could be read,
any other to its file's home day (see `measures/files.sql`); so the periods' records add up to the files' records.

A day is *settled* when evidence of its source reaches `lateness_days` past it: a data date, a date in a name, or the
UTC day of an export time. Nothing reads the clock. For an irregular source the evidence of all sources counts. A period
is settled when each day is, for every source that counts; *sealed* when all its days are sealed; else *open*.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

import duckdb

from etl.common.masking import mask
from etl.common.periods import Period, local, parse_day, parse_instant
from etl.measures import measure
from etl.model.quality import (
    Completeness,
    DataQuality,
    Gap,
    InputFile,
    Reconciliation,
    RefusedFile,
    RejectReason,
    SourceCompleteness,
    TlsReportLine,
    UnknownWord,
)
from etl.staging import refused

STANDS = ("counted", "grown", "replaced", "restated")
"""States of files whose rows are counted, from the file itself or from the one in its place."""
MOST_WORDS = 100

Row = dict[str, Any]


def completeness_of(con: duckdb.DuckDBPyConnection, period: Period) -> dict[str, Any]:
    """completeness.json for `period` from a warehouse: plain JSON, days as text.

    Keys: sources (one entry each, with its days), connectors (runs of type and forced TLS), rejects, skips,
    unknown_words, quarantined, tls_reports, state, settled_date.
    """
    span = {"first_date": period.first_date, "last_date": period.last_date}
    answers = {
        name: measure(con, name, **span)
        for name in ("files", "file_days", "rejects", "skips", "unknown_words", "source_days", "connector_runs",
                     "partitions", "tls_reports")
    }  # fmt: skip
    declared = measure(con, "sources")
    sources = [_source(item, period, answers) for item in declared]
    state, settled = _state(declared, period, answers["partitions"])
    return {
        "sources": sources,
        "connectors": [_texts(row) for row in answers["connector_runs"]],
        "rejects": [
            row | {"reason": mask(row["reason"]), "examples": list(row["examples"])} for row in answers["rejects"]
        ],
        "skips": answers["skips"],
        "unknown_words": [row | {"word": mask(row["word"])[:80]} for row in answers["unknown_words"]][:MOST_WORDS],
        "quarantined": [
            {"source": row["source"], "name": row["name"], "sha256": row["sha256"], "reason": mask(row["reason"] or "")}
            for row in answers["files"]
            if row["state"] == "quarantined"
        ],
        "tls_reports": answers["tls_reports"],
        "state": state,
        "settled_date": settled.isoformat() if settled else None,
    }


def evidence_basis(completeness: dict[str, Any]) -> dict[str, Any]:
    """`completeness` without what moves while the period's data do not: how settled it is, how often bytes came."""
    basis = {key: value for key, value in completeness.items() if key not in ("state", "settled_date")}
    basis["sources"] = [
        {key: value for key, value in source.items() if key not in ("duplicate_files", "lateness_days")}
        | {"days": [{key: value for key, value in day.items() if key != "last_at"} for day in source["days"]]}
        for source in completeness["sources"]
    ]
    return basis


def _source(declared: Row, period: Period, answers: dict[str, list[Row]]) -> dict[str, Any]:
    name = declared["source"]
    mine = {key: [row for row in rows if row.get("source") == name] for key, rows in answers.items()}
    counted = [row for row in mine["files"] if row["state"] == "counted"]
    used = sum(row["used_in_period"] for row in counted)
    rejected = sum(row["records"] for row in mine["rejects"])
    skipped = sum(row["records"] for row in mine["skips"])
    expected = _expected(declared["expect"], period)
    came = _came(declared, period, mine)
    days = mine["source_days"]
    return {
        "source": name,
        "format": declared["format"],
        "role": declared["role"],
        "expect": declared["expect"],
        "lateness_days": declared["lateness_days"],
        "expected_dates": [day.isoformat() for day in expected],
        "received_dates": [day.isoformat() for day in sorted(came)],
        "missing_dates": [day.isoformat() for day in expected if day not in came],
        "files": len(counted),
        "records": used + rejected + skipped,
        "used": used,
        "rejected": rejected,
        "skipped": skipped,
        "duplicates": sum(row["duplicates"] for row in days),
        "late_rows": sum(row["late_rows"] for row in days),
        "duplicate_files": sum(max(row["receipts"] - 1, 0) for row in mine["files"]),
        "quarantined_files": sum(row["state"] == "quarantined" for row in mine["files"]),
        "suspected_cut": sorted({row["name"] for row in counted if row["suspected_cut"]}),
        **_refused(counted),
        "without_identity": any(row["without_identity"] for row in days),
        "is_estimated": any(row["is_estimated"] for row in days),
        "days": [_texts({key: value for key, value in row.items() if key != "source"}) for row in days],
    }


def _refused(files: list[Row]) -> Row:
    """The counted files of which a good part was refused. No key where there are none: a period that has none is told
    as it was before this was told."""
    found = [
        {key: row[key] for key in ("name", "records", "rejected")}
        for row in sorted(files, key=lambda row: str(row["name"]))
        if refused.is_notable(row["records"], row["rejected"])
    ]
    return {"refused_in_part": found} if found else {}


def missing_before(con: duckdb.DuckDBPyConnection, span: Period) -> list[tuple[date, str]]:
    """The days of `span`, earlier than what is reported, that counting sources did not bring, with the source.

    By what each declares, from its first day on.
    """
    days = {"first_date": span.first_date, "last_date": span.last_date}
    answers = {name: measure(con, name, **days) for name in ("files", "file_days", "source_days")}
    found = []
    for declared in measure(con, "sources"):
        if declared["role"] != "count" or declared["begin_date"] is None:
            continue
        mine = {key: [row for row in rows if row["source"] == declared["source"]] for key, rows in answers.items()}
        came = _came(declared, span, mine)
        found += [
            (day, declared["source"])
            for day in _expected(declared["expect"], span)
            if day >= declared["begin_date"] and day not in came
        ]
    return sorted(found)


def _expected(expect: str, period: Period) -> list[date]:
    if expect == "daily":
        return period.days
    if expect == "weekdays":
        return [day for day in period.days if day.weekday() < 5]
    return []


def _came(declared: Row, period: Period, mine: dict[str, list[Row]]) -> set[date]:
    named = {row["named_date"] for row in mine["files"] if row["state"] in STANDS and row["named_date"]}
    by_rows = {row["data_date"] for row in mine["file_days"]}
    if not declared["has_date_pattern"]:
        by_rows |= {row["data_date"] for row in mine["source_days"] if row["trace_rows"]}
    return {day for day in named | by_rows if day in period}


def _state(declared: list[Row], period: Period, partitions: list[Row]) -> tuple[str, date | None]:
    sealed = {row["data_date"] for row in partitions if row["sealed"]}
    counting = [row for row in declared if row["role"] == "count"]
    if not counting:
        return "open", None
    settled = period.last_date + timedelta(days=max(row["lateness_days"] for row in counting))
    if sealed >= set(period.days):
        return "sealed", settled
    reached = settled_to(declared)
    is_settled = all(reached[row["source"]] >= period.last_date for row in counting)
    return ("settled" if is_settled else "open"), settled


def settled_to(declared: list[Row]) -> dict[str, date]:
    """For each source (rows of the measure `sources`) the last day that is settled: how far its evidence reaches, less
    the days that its rows may still come. For an irregular source the evidence of all counts."""
    latest = max((row["evidence_date"] for row in declared if row["evidence_date"]), default=date.min)
    found = {}
    for row in declared:
        evidence = latest if row["expect"] == "irregular" else row["evidence_date"] or date.min
        may_come = timedelta(days=row["lateness_days"])
        found[row["source"]] = evidence - may_come if evidence > date.min + may_come else date.min
    return found


def _texts(row: Row) -> Row:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}


def model_completeness(stored: dict[str, Any], files: list[dict[str, Any]], time_zone: str) -> Completeness:
    """The model's completeness from completeness.json and the files of inputs.json. Totals are over the sources that
    count; clock times are those of `time_zone`.

    A file that could not be read makes the period incomplete unless a readable one stands for its day.
    """
    sources = tuple(_model_source(item) for item in stored["sources"])
    counting = [item for item in sources if item.role == "count"]
    missing = missing_days(stored)
    cut = tuple(sorted({name for item in counting for name in item.suspected_cut}))
    in_part = tuple(item for source in counting for item in source.refused_in_part)
    names = {item.source for item in counting}
    gaps, twins = _gaps(stored, files, time_zone)
    quarantined = tuple(
        mask(row["name"]) for row in stored["quarantined"] if row["source"] in names and mask(row["name"]) not in twins
    )
    return Completeness(
        complete=not (missing or cut or quarantined or in_part),
        sources=sources,
        expected_days=sum(item.expected_days or 0 for item in counting),
        received_days=sum((item.expected_days or 0) - len(item.missing_dates) for item in counting),
        records=sum(item.records for item in counting),
        used=sum(item.used for item in counting),
        rejected=sum(item.rejected for item in counting),
        skipped=sum(item.skipped for item in counting),
        duplicates=sum(item.duplicates for item in counting),
        missing=missing,
        suspected_cut=cut,
        refused_in_part=in_part,
        quarantined=quarantined,
        twins=twins,
        gaps=gaps,
        state=stored["state"],
        settled_date=parse_day(stored["settled_date"]) if stored["settled_date"] else None,
    )


def _gaps(
    stored: dict[str, Any], files: list[dict[str, Any]], time_zone: str
) -> tuple[tuple[Gap, ...], tuple[str, ...]]:
    """What is missing, by day; and the files that could not be read where a readable one stands for their day."""
    gaps: list[Gap] = []
    twins: list[str] = []
    for source in stored["sources"]:
        if source["role"] != "count":
            continue
        mine = [row for row in files if row["source"] == source["source"]]
        unread = {row["home_date"]: row for row in mine if row["state"] == "quarantined"}
        received = {*source["received_dates"], *(row["home_date"] for row in mine if row["state"] in STANDS)}
        twins += [mask(row["name"]) for day, row in unread.items() if day in received]
        gaps += [_absent(source["source"], day, unread.get(day)) for day in source["missing_dates"]]
        last = {day["data_date"]: day.get("last_at") for day in source["days"]}
        gaps += [
            Gap(
                data_date=parse_day(row["home_date"]), source=source["source"], kind="cut", file=mask(row["name"]),
                until=clock(last.get(row["home_date"]), time_zone),
            )
            for row in mine
            if row["name"] in source["suspected_cut"] and row["state"] == "counted"
        ]  # fmt: skip
    return tuple(sorted(gaps, key=lambda gap: (gap.data_date, gap.source, gap.kind))), tuple(sorted(twins))


def _absent(source: str, day: str, unread: dict[str, Any] | None) -> Gap:
    if unread is None:
        return Gap(data_date=parse_day(day), source=source, kind="absent")
    return Gap(
        data_date=parse_day(day), source=source, kind="unreadable", file=mask(unread["name"]),
        reason=mask(unread["reason"] or ""),
    )  # fmt: skip


def clock(told: str | None, time_zone: str) -> str | None:
    """The clock time in `time_zone` of an instant told in UTC, to the minute: `14:17`."""
    if not told:
        return None
    return local(parse_instant(f"{told.removesuffix('Z')[:19]}Z"), time_zone).strftime("%H:%M")


def missing_days(stored: dict[str, Any]) -> tuple[str, ...]:
    """`2026-11-18 (m365)` for each day that a counting source was expected to bring and did not, by day."""
    found = [
        (parse_day(day), source["source"])
        for source in stored["sources"]
        if source["role"] == "count"
        for day in source["missing_dates"]
    ]
    return tuple(missing_name(day, source) for day, source in sorted(found))


def missing_name(day: date, source: str) -> str:
    """How a day that a source did not bring is called."""
    return f"{day} ({source})"


def _model_source(item: dict[str, Any]) -> SourceCompleteness:
    regular = item["expect"] != "irregular"
    return SourceCompleteness(
        source=item["source"],
        role=item["role"],
        expected_days=len(item["expected_dates"]) if regular else None,
        received_days=len(item["received_dates"]),
        missing_dates=tuple(parse_day(day) for day in item["missing_dates"]),
        files=item["files"],
        records=item["records"],
        used=item["used"],
        rejected=item["rejected"],
        skipped=item["skipped"],
        duplicates=item["duplicates"],
        duplicate_files=item["duplicate_files"],
        quarantined_files=item["quarantined_files"],
        suspected_cut=tuple(item["suspected_cut"]),
        refused_in_part=tuple(RefusedFile(**file) for file in item.get("refused_in_part", ())),
        without_identity=item["without_identity"],
        estimated=item["is_estimated"],
        late_rows=item["late_rows"],
    )


def model_quality(stored: dict[str, Any], files: list[dict[str, Any]], reconciliations: list[Row]) -> DataQuality:
    """The model's data quality from completeness.json, the files of inputs.json, and the reconciliations measured."""
    skips: Counter[str] = Counter()
    for row in stored["skips"]:
        skips[row["rule"]] += row["records"]
    words: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for row in stored["unknown_words"]:
        words[row["source"], row["field"], row["word"]] += row["records"]
    return DataQuality(
        files=tuple(_model_file(row) for row in files),
        rejects=tuple(
            RejectReason(
                source=row["source"],
                reason=row["reason"],
                records=row["records"],
                examples=tuple(mask(text) for text in row["examples"]),
            )
            for row in stored["rejects"]
        ),
        skips=dict(sorted(skips.items())),
        unknown_words=tuple(
            UnknownWord(source=source, field=field, word=word, messages=records)
            for (source, field, word), records in words.items()
        ),
        reconciliations=tuple(Reconciliation(**row) for row in reconciliations),
        tls_reports=_tls_reports(stored.get("tls_reports", [])),
    )


def _tls_reports(rows: list[Row]) -> tuple[TlsReportLine, ...]:
    """Sessions by domain and reporter, those with most failures first. `rows` as the measure `tls_reports` has them."""
    lines: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        lines[row["policy_domain"], row["reporting_org"]][row["result_type"]] = row["sessions"]
    found = [
        TlsReportLine(
            policy_domain=mask(domain),
            reporting_org=mask(org),
            successful_sessions=results.pop("success", 0),
            failed_sessions=sum(results.values()),
            failures=results,
        )
        for (domain, org), results in lines.items()
    ]
    return tuple(
        sorted(found, key=lambda x: (-x.failed_sessions, -x.successful_sessions, x.policy_domain, x.reporting_org))
    )


def _model_file(row: dict[str, Any]) -> InputFile:
    keys = ("source", "sha256", "size", "records", "used", "rejected", "skipped", "state")
    return InputFile(
        name=mask(row["name"]), reason=mask(row["reason"]) if row["reason"] else None, **{key: row[key] for key in keys}
    )
