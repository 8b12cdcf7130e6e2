"""What a site may choose: the tables of `config.toml` as types, frozen, each value checked.

Secrets are no part of the file: the SMTP password, the SMTP user and the hash key come from the environment (or from
Airflow, which hands them over) and show in no print, log or archive.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self, get_args
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from etl import formats
from etl.common import periods
from etl.common.canonical import canonical_sha256
from etl.common.errors import NotFound, UsageInvalid
from etl.common.resources import Resources
from etl.common.standards import StandardName
from etl.common.words import Direction
from etl.formats.base import Reading
from etl.settings.types import Address, Bytes, Domain, FormatName, Language, Network, Slug, Zone, nearest


class Table(BaseModel):
    """What all tables have in common: nothing changes, and no key is taken that none has."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Organisation(Table):
    """Whose mail it is: tells what is internal from what crosses the border."""

    name: str = Field(min_length=1, max_length=200)
    domains: tuple[Domain, ...] = Field(min_length=1)
    networks: tuple[Network, ...] = ()
    internal_services: tuple[str, ...] = ()


class ReportSettings(Table):
    """What a report is about and when it is due. `schedule` is cron, in `time_zone`.

    `standard` is what the headline's share is held against; `archive_url` is where readers reach the archive, and
    `reply_to` who answers them.
    """

    time_zone: Zone
    language: Language = "en"
    languages: tuple[Language, ...] = ()
    schedule: str = Field("0 6 * * 1", pattern=r"^\S+( \S+){4}$")
    wait_hours: int = Field(24, ge=0, le=24 * 14)
    correction_tolerance: float = Field(0.005, ge=0, le=1)
    periods: tuple[Literal["week", "month"], ...] = ("week",)
    page: Literal["A4", "Letter"] = "A4"
    standard: StandardName = "rfc9325"
    archive_url: str | None = Field(None, pattern=r"^https?://[^\s\"<>]+$")
    reply_to: Address | None = None

    @model_validator(mode="after")
    def _own_language_first(self) -> Self:
        ordered = dict.fromkeys((self.language, *self.languages))
        object.__setattr__(self, "languages", tuple(ordered))
        return self


class Storage(Table):
    """Where things lie. `work` and the warehouse are always local; `key_env` names the variable with the hash key."""

    root: Path
    work: Path | None = None
    archive: Path | None = None
    key_env: str = "TRANSIT_LEDGER_KEY"

    @property
    def work_path(self) -> Path:
        return self.work or self.root / "work"

    @property
    def archive_path(self) -> Path:
        return self.archive or self.root / "archive"

    @property
    def warehouse_path(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def deliveries_path(self) -> Path:
        return self.root / "deliveries"


class Source(Table):
    """A configured place that exports come from, with one format."""

    name: Slug
    format: FormatName
    location: Path
    pattern: str = "*"
    time_zone: Zone = "UTC"
    role: Literal["count", "reconcile"] = "count"
    expect: Literal["daily", "weekdays", "irregular"] | None = None
    lateness_days: int = Field(2, ge=0, le=60)
    columns: dict[str, str | tuple[str, ...]] = {}
    options: dict[str, Any] = {}

    @field_validator("location", mode="before")
    @classmethod
    def _folder(cls, value: object) -> object:
        """A folder's path; a `file:` URL is the path it names."""
        if not isinstance(value, str) or "://" not in value:
            return value
        found = urlsplit(value)
        if found.scheme != "file" or found.netloc not in ("", "localhost"):
            raise ValueError("a folder is allowed, as a path or as file:///srv/exports")
        return url2pathname(found.path)

    @field_validator("pattern")
    @classmethod
    def _one_date(cls, value: str) -> str:
        if value.count("{date}") > 1 or re.search(r"\{(?!date\})", value):
            raise ValueError("a file pattern with at most one {date} is allowed, such as 'connector-{date}*.csv'")
        return value

    @model_validator(mode="after")
    def _expectation(self) -> Self:
        if self.expect is None:
            object.__setattr__(self, "expect", "daily" if "{date}" in self.pattern else "irregular")
        return self

    @model_validator(mode="after")
    def _no_messages(self) -> Self:
        if not formats.stated(self.format).has_messages:
            object.__setattr__(self, "role", "reconcile")
        return self


class Connector(Table):
    """What the organisation knows of a connector that exports do not tell."""

    name: str = Field(min_length=1)
    direction: Direction | None = None
    type: str | None = None
    forced_tls: bool | None = None
    since: date | None = None
    partner: str | None = None
    contact: str | None = None


class Audience(Table):
    """Who gets which report: one message per recipient. Without `connectors`, all of them."""

    name: Slug
    recipients: tuple[Address, ...] = Field(min_length=1)
    language: Language | None = None
    connectors: tuple[str, ...] = ()


class Review(Table):
    """Who read the report on a period, and when: the site's own record, which the next report shows."""

    period: str
    by: str = Field(min_length=1, max_length=200)
    on: date
    note: str = ""

    @field_validator("period")
    @classmethod
    def _a_period(cls, value: str) -> str:
        try:
            return str(periods.parse_period(value))
        except UsageInvalid:
            raise ValueError("a period such as 2026-W47 is allowed") from None


class Smtp(Table):
    """The mail server. User and password come from the environment, or from the Airflow connection `connection`.

    Without a sender, mails come from `transit-ledger` at the organisation's first domain.
    """

    host: str = "localhost"
    port: int = Field(25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    sender: Address | None = None
    connection: str | None = None
    user: str | None = Field(default=None, exclude=True, repr=False)
    password: SecretStr | None = Field(default=None, exclude=True, repr=False)


class PolicySettings(Table):
    """Which policy file judges; without one, the policy that comes with the program."""

    file: Path | None = None


class Limits(Table):
    """How much of the machine a run may take, and how large an export may be."""

    memory: Bytes = 1 << 30
    threads: int | None = Field(None, ge=1, le=256)
    file_size: Bytes = 50 << 30
    expanded_size: Bytes = 200 << 30


class Retention(Table):
    """After how many days raw and staged files, and mails as sent, may go. Without a number they stay."""

    landed_days: int | None = Field(None, ge=1)
    deliveries_days: int | None = Field(None, ge=1)


class Alerts(Table):
    """Who hears when a run failed. Never the readers of reports."""

    recipients: tuple[Address, ...] = ()


class Settings(Table):
    """All settings, frozen. Make it with `load`."""

    organisation: Organisation
    report: ReportSettings
    storage: Storage
    sources: tuple[Source, ...] = ()
    connectors: tuple[Connector, ...] = ()
    audiences: tuple[Audience, ...] = ()
    reviews: tuple[Review, ...] = ()
    smtp: Smtp | None = None
    policy: PolicySettings = PolicySettings()
    limits: Limits = Limits()
    retention: Retention = Retention()
    alerts: Alerts = Alerts()

    @model_validator(mode="after")
    def _default_sender(self) -> Self:
        if self.smtp is not None and self.smtp.sender is None:
            object.__setattr__(self, "smtp", self.smtp.model_copy(update={"sender": self.sender}))
        return self

    @model_validator(mode="after")
    def _joined_sources(self) -> Self:
        """What a source's `options.joins` names tells of the same mail: it must be of the format that is joined,
        and only one of the two may count."""
        sources = {source.name: source for source in self.sources}
        for source in self.sources:
            for name in _listed(source.options.get("joins")):
                wanted = formats.stated(source.format).joins
                other = sources.get(name)
                if other is None or other.format != wanted:
                    raise ValueError(
                        f"sources: {source.name}: options.joins names '{name}', which is no source of "
                        f"{wanted or 'a format that ' + source.format + ' is joined with'}"
                    )
                if source.role == other.role == "count":
                    raise ValueError(
                        f"sources: both '{source.name}' and '{name}', which it joins, would count the same mail; "
                        "role = 'reconcile' is allowed for one of them"
                    )
        return self

    @property
    def sender(self) -> str:
        """Whom mails come from: `[smtp] sender`, else `transit-ledger` at the organisation's first domain."""
        stated = self.smtp.sender if self.smtp else None
        return stated or f"transit-ledger@{self.organisation.domains[0]}"

    @property
    def resources(self) -> Resources:
        """What a database connection may take of the machine."""
        return Resources(self.limits.memory, self.limits.threads, self.storage.work_path)

    def source(self, name: str) -> Source:
        """The source called `name`; `NotFound` lists the known ones."""
        for source in self.sources:
            if source.name == name:
                return source
        known = [source.name for source in self.sources]
        raise NotFound(
            f"no source is called '{name}'",
            f"one of {', '.join(known) or '(none configured)'}",
            f"look at [[sources]]{nearest(name, known)}",
        )

    def reading(self, source: Source) -> Reading:
        """How an export of `source` is read: all that its reader may depend on, and part of what a day is made from."""
        return Reading(
            format=source.format,
            time_zone=source.time_zone,
            report_time_zone=self.report.time_zone,
            columns=source.columns,
            options=source.options,
            domains=sorted(self.organisation.domains),
            networks=sorted(self.organisation.networks),
            internal_services=sorted(self.organisation.internal_services),
        )

    def counting(self) -> dict[str, Any]:
        """All settings that the facts depend on: zones, columns, options, own domains, networks, connectors, roles."""
        told = [
            c.model_dump(mode="json", include={"name", "direction", "type", "forced_tls", "since"})
            for c in self.connectors
        ]
        return {
            "sources": {
                source.name: self.reading(source).as_plain() | {"role": source.role} for source in self.sources
            },
            "connectors": sorted(told, key=lambda c: (c["name"], c["direction"] or "")),
        }

    def counting_sha256(self) -> str:
        """Hash over `counting()` in canonical JSON (RFC 8785)."""
        return canonical_sha256(self.counting())

    def public(self) -> dict[str, Any]:
        """The settings without secrets, paths made strings: what an edition archives as `settings.json`."""
        return self.model_dump(mode="json", exclude_none=True)


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []


def _table(annotation: Any) -> type[Table]:
    """The table that a field of the settings is, is a list of, or may be."""
    inner = [item for item in get_args(annotation) if isinstance(item, type) and issubclass(item, Table)]
    return inner[0] if inner else annotation


TABLES: dict[str, type[Table]] = {name: _table(field.annotation) for name, field in Settings.model_fields.items()}
"""The tables that a settings file may have, by name."""
