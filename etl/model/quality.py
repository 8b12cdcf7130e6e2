"""The part of the report's model that tells how whole the data are: what came, and what was not plainly counted."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from etl.common.words import Direction
from etl.model.part import Part


class RefusedFile(Part):
    """A counted file of which a good part was refused (`etl.staging.refused`)."""

    name: str
    records: int
    rejected: int


class SourceCompleteness(Part):
    """What one source was expected to bring for the period, and what came."""

    source: str
    role: Literal["count", "reconcile"]
    expected_days: int | None
    """Nothing where the source is irregular."""
    received_days: int
    missing_dates: tuple[date, ...] = ()
    files: int
    records: int
    used: int
    rejected: int
    skipped: int
    duplicates: int
    """Records that told of a delivery already told."""
    duplicate_files: int
    quarantined_files: int
    suspected_cut: tuple[str, ...] = ()
    """Names of files that end at exactly a vendor's row limit."""
    refused_in_part: tuple[RefusedFile, ...] = ()
    without_identity: bool = False
    estimated: bool = False
    late_rows: int = 0
    """Rows that came for a sealed day and are not counted."""


class Gap(Part):
    """A day of a counting source of which not all is here: nothing came, what came could not be read, or it ends at
    exactly a row limit."""

    data_date: date
    source: str
    kind: Literal["absent", "unreadable", "cut"]
    file: str = ""
    reason: str = ""
    """Why it could not be read."""
    until: str | None = None
    """The clock time, in the report's time zone, of the last row that a cut day has: `14:17`."""


class MissingVolume(Part):
    """About how many messages are missing: what the same weekdays usually had, less what is here."""

    messages: int
    weeks: int
    """The fewest earlier weekdays that any of the days rests on (at most eight)."""


class Completeness(Part):
    """Page one's statement: what came, what did not, how settled it is."""

    complete: bool
    sources: tuple[SourceCompleteness, ...]
    expected_days: int
    received_days: int
    records: int
    used: int
    rejected: int
    skipped: int
    duplicates: int
    missing: tuple[str, ...] = ()
    """`2026-11-18 (m365)`, by day."""
    suspected_cut: tuple[str, ...] = ()
    refused_in_part: tuple[RefusedFile, ...] = ()
    quarantined: tuple[str, ...] = ()
    """Names of files that could not be read, where no readable one stands for their day."""
    twins: tuple[str, ...] = ()
    """Names of files that could not be read beside a readable one of the same day: a note, nothing is missing."""
    gaps: tuple[Gap, ...] = ()
    """What is missing, day by day."""
    state: Literal["open", "settled", "sealed"] = "settled"
    settled_date: date | None = None
    """The day by which, as the sources declare their lateness, no more rows are to be expected."""


class InputFile(Part):
    """One landed file that the period's numbers come from."""

    source: str
    name: str
    sha256: str
    size: int
    records: int
    used: int
    rejected: int
    skipped: int
    state: str
    reason: str | None = None


class RejectReason(Part):
    """Rejected records of one reason, with the first few places; their content stays in storage."""

    source: str
    reason: str
    records: int
    examples: tuple[str, ...]
    """`connector-2026-11-12.csv, record 118`."""


class UnknownWord(Part):
    """A TLS version, cipher or other word that no reader knows: spelled as found, addresses masked. `messages` counts
    the records that held it."""

    source: str
    field: str
    word: str
    messages: int


class Reconciliation(Part):
    """How far a source with the role `reconcile` differs from what counts, per day and direction."""

    source: str
    data_date: date
    direction: Direction
    messages: int
    counted_messages: int


class TlsReportLine(Part):
    """What one sender reported of its TLS sessions with one of the organisation's domains (TLS-RPT, RFC 8460):
    sessions, never added to messages."""

    policy_domain: str
    reporting_org: str
    successful_sessions: int
    failed_sessions: int
    """The sum of `failures`."""
    failures: dict[str, int] = Field(default_factory=dict)
    """Failed sessions by what failed, as RFC 8460 names it."""


class DataQuality(Part):
    """All that was not plainly counted."""

    files: tuple[InputFile, ...]
    rejects: tuple[RejectReason, ...]
    skips: dict[str, int]
    """Records skipped, by the rule's name."""
    unknown_words: tuple[UnknownWord, ...] = ()
    reconciliations: tuple[Reconciliation, ...] = ()
    tls_reports: tuple[TlsReportLine, ...] = ()
