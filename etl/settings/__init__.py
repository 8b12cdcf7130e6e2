"""One frozen object for everything a site may choose: read from `config.toml`, then the environment, checked once.

Every problem is listed at once with its key, what was found and what is allowed. Secrets are no part of the file: the
SMTP password, the SMTP user and the hash key come from the environment (or from Airflow, which hands them over) and
show in no print, log or archive.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from etl import formats
from etl.common.canonical import canonical_sha256
from etl.common.errors import NotFound, SettingsInvalid
from etl.common.words import Direction
from etl.formats.base import Reading
from etl.settings.types import Address, Bytes, Domain, FormatName, Language, Network, Slug, Zone, nearest

CONFIG_ENV = "TRANSIT_LEDGER_CONFIG"
SMTP_USER_ENV = "TRANSIT_LEDGER_SMTP_USER"
SMTP_PASSWORD_ENV = "TRANSIT_LEDGER_SMTP_PASSWORD"  # noqa: S105  a variable's name, not a password


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Organisation(_Table):
    """Whose mail it is: tells what is internal from what crosses the border."""

    name: str = Field(min_length=1, max_length=200)
    domains: tuple[Domain, ...] = Field(min_length=1)
    networks: tuple[Network, ...] = ()
    internal_services: tuple[str, ...] = ()


class ReportSettings(_Table):
    """What a report is about and when it is due. `schedule` is cron, in `time_zone`."""

    time_zone: Zone
    language: Language = "en"
    languages: tuple[Language, ...] = ()
    schedule: str = Field("0 6 * * 1", pattern=r"^\S+( \S+){4}$")
    wait_hours: int = Field(24, ge=0, le=24 * 14)
    correction_tolerance: float = Field(0.005, ge=0, le=1)
    periods: tuple[Literal["week", "month"], ...] = ("week",)
    page: Literal["A4", "Letter"] = "A4"

    @model_validator(mode="after")
    def _own_language_first(self) -> Self:
        ordered = dict.fromkeys((self.language, *self.languages))
        object.__setattr__(self, "languages", tuple(ordered))
        return self


class Storage(_Table):
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


class Source(_Table):
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
        if not formats.reader(self.format).has_messages:
            object.__setattr__(self, "role", "reconcile")
        return self


class Connector(_Table):
    """What the organisation knows of a connector that exports do not tell."""

    name: str = Field(min_length=1)
    direction: Direction | None = None
    type: str | None = None
    forced_tls: bool | None = None
    since: date | None = None
    partner: str | None = None
    contact: str | None = None


class Audience(_Table):
    """Who gets which report: one message per recipient. Without `connectors`, all of them."""

    name: Slug
    recipients: tuple[Address, ...] = Field(min_length=1)
    language: Language | None = None
    connectors: tuple[str, ...] = ()


class Smtp(_Table):
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


class PolicySettings(_Table):
    """Which policy file judges; without one, the policy that comes with the program."""

    file: Path | None = None


class Limits(_Table):
    """How much of the machine a run may take, and how large an export may be."""

    memory: Bytes = 1 << 30
    threads: int | None = Field(None, ge=1, le=256)
    file_size: Bytes = 50 << 30
    expanded_size: Bytes = 200 << 30


class Retention(_Table):
    """After how many days raw and staged files, and mails as sent, may go. Without a number they stay."""

    landed_days: int | None = Field(None, ge=1)
    deliveries_days: int | None = Field(None, ge=1)


class Alerts(_Table):
    """Who hears when a run failed. Never the readers of reports."""

    recipients: tuple[Address, ...] = ()


class Settings(_Table):
    """All settings, frozen. Make it with `load`."""

    organisation: Organisation
    report: ReportSettings
    storage: Storage
    sources: tuple[Source, ...] = ()
    connectors: tuple[Connector, ...] = ()
    audiences: tuple[Audience, ...] = ()
    smtp: Smtp | None = None
    policy: PolicySettings = PolicySettings()
    limits: Limits = Limits()
    retention: Retention = Retention()
    alerts: Alerts = Alerts()

    @property
    def sender(self) -> str:
        """The address that mails come from: `[smtp] sender`, else `transit-ledger` at the first of our domains."""
        stated = self.smtp.sender if self.smtp else None
        return stated or f"transit-ledger@{self.organisation.domains[0]}"

    @model_validator(mode="after")
    def _default_sender(self) -> Self:
        if self.smtp is not None and self.smtp.sender is None:
            own = self.smtp.model_copy(update={"sender": self.sender})
            object.__setattr__(self, "smtp", own)
        return self

    @model_validator(mode="after")
    def _joined_sources(self) -> Self:
        """What a source's `options.joins` names tells of the same mail: it must be of the format that is joined,
        and only one of the two may count."""
        sources = {source.name: source for source in self.sources}
        for source in self.sources:
            for name in _listed(source.options.get("joins")):
                wanted = formats.reader(source.format).joins
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


def load(path: Path | str | None = None, environment: dict[str, str] | None = None) -> Settings:
    """The settings from `path`, else from the file that `$TRANSIT_LEDGER_CONFIG` names, else from `config.toml`.

    Relative paths in the file are taken from the file's own folder. Raises `SettingsInvalid` with every problem.
    """
    env = dict(os.environ) if environment is None else environment
    file = Path(path or env.get(CONFIG_ENV) or "config.toml")
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsInvalid(
            str(file), ["found no such file; copy config.example.toml there and adapt it, or name one with --config"]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsInvalid(str(file), [f"found what TOML does not allow: {error}"]) from None
    return parse(raw, file, env)


def parse(raw: dict[str, Any], file: Path, environment: dict[str, str] | None = None) -> Settings:
    """Checked settings from a dictionary as TOML gives it; `file` names it in messages and anchors relative paths."""
    env = environment or {}
    problems = _named_twice(raw) + _wrong_options(raw)
    if isinstance(raw.get("smtp"), dict):
        for key, variable in (("user", SMTP_USER_ENV), ("password", SMTP_PASSWORD_ENV)):
            if key in raw["smtp"]:
                allowed = f"secrets are allowed in ${variable} or in an Airflow connection only"
                problems.append(f"smtp.{key}: found in the file; {allowed}")
        secrets = {"user": env.get(SMTP_USER_ENV), "password": env.get(SMTP_PASSWORD_ENV)}
        kept = {key: value for key, value in raw["smtp"].items() if key not in secrets}
        raw = raw | {"smtp": kept | {key: value for key, value in secrets.items() if value}}
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        problems += [_problem(item, raw) for item in error.errors()]
    if problems:
        raise SettingsInvalid(str(file), problems) from None
    return _anchored(settings, file.resolve().parent)


def _named_twice(raw: Mapping[str, Any]) -> list[str]:
    """Sources and audiences are told apart by name, connectors by name and direction."""
    problems = []
    for table, keys in (("sources", ("name",)), ("audiences", ("name",)), ("connectors", ("name", "direction"))):
        items = raw.get(table)
        named = [item for item in items if isinstance(item, dict) and "name" in item] if isinstance(items, list) else []
        found = Counter(", ".join(str(item[key]) for key in keys if key in item) for item in named)
        twice = sorted(name for name, times in found.items() if times > 1)
        if twice:
            problems.append(f"{table}: found twice: {'; '.join(twice)}; each is allowed once")
    return problems


def _wrong_options(raw: Mapping[str, Any]) -> list[str]:
    """What is wrong with the sources' `options`: each format has its own."""
    problems: list[str] = []
    sources = raw.get("sources")
    for number, source in enumerate(sources if isinstance(sources, list) else []):
        name = source.get("format") if isinstance(source, dict) else None
        if name in formats.NAMES and isinstance(source.get("options"), dict):
            known = formats.reader(name)
            try:
                known.options.model_validate(source["options"])
            except ValidationError as error:
                within = ("sources", number, "options")
                keys = set(known.options.model_fields)
                problems += [_problem(item | {"loc": within + item["loc"]}, raw, keys) for item in error.errors()]
    return problems


def _anchored(settings: Settings, folder: Path) -> Settings:
    storage = settings.storage.model_copy(
        update={
            key: folder / value
            for key in ("root", "work", "archive")
            if (value := getattr(settings.storage, key)) is not None
        }
    )
    sources = tuple(source.model_copy(update={"location": folder / source.location}) for source in settings.sources)
    policy = settings.policy
    if policy.file is not None:
        policy = policy.model_copy(update={"file": folder / policy.file})
    return settings.model_copy(update={"storage": storage, "sources": sources, "policy": policy})


def _problem(error: Any, raw: Mapping[str, Any], known: Collection[str] | None = None) -> str:
    """One line for one problem: key, what was found, what is allowed; `known` are the keys of its table."""
    location = error["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "settings"
    if error["type"] == "extra_forbidden":
        known = _known_keys(location[:-1]) if known is None else known
        near = nearest(str(location[-1]), known)
        return f"{key}: unknown key{near or '; allowed are ' + (', '.join(sorted(known)) or 'none')}"
    if error["type"] == "missing":
        return f"{key}: found nothing; the key is required"
    message = str(error["msg"]).removeprefix("Value error, ")
    if not location:
        return message
    found = _at(raw, location)
    shown = "***" if location[-1] in ("password", "user") else repr(found)[:120]
    return f"{key}: found {shown}; {message[:1].lower() + message[1:]}"


def _at(raw: Any, location: tuple[int | str, ...]) -> Any:
    for part in location:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            break
    return raw


def _known_keys(location: tuple[int | str, ...]) -> set[str]:
    """The keys allowed in the table at `location`."""
    tables: dict[str, type[BaseModel]] = {
        "organisation": Organisation, "report": ReportSettings, "storage": Storage, "sources": Source,
        "connectors": Connector, "audiences": Audience, "smtp": Smtp, "policy": PolicySettings,
        "limits": Limits, "retention": Retention, "alerts": Alerts,
    }  # fmt: skip
    model = tables[str(location[0])] if location else Settings
    return set(model.model_fields) - {"user", "password"}
