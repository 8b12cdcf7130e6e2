"""The settings of a site, read from `config.toml`, then the environment, checked once.

Every problem is listed at once with its key, what was found and what is allowed.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from etl import formats
from etl.common.errors import SettingsInvalid
from etl.settings.tables import TABLES, Settings
from etl.settings.types import nearest

CONFIG_ENV = "TRANSIT_LEDGER_CONFIG"
SMTP_USER_ENV = "TRANSIT_LEDGER_SMTP_USER"
SMTP_PASSWORD_ENV = "TRANSIT_LEDGER_SMTP_PASSWORD"  # noqa: S105  a variable's name, not a password


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
            known = formats.stated(name)
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
    model = TABLES[str(location[0])] if location else Settings
    return set(model.model_fields) - {"user", "password"}
