"""Tries what the settings speak of: sources, policy, storage, mail server, fonts, system libraries."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from etl import formats, landing
from etl.archive import shelf
from etl.common import disk
from etl.common.program_files import REPORT_TEMPLATES
from etl.delivery.smtp import connect
from etl.formats import text
from etl.formats.base import Sample
from etl.insights.policy import PolicyInvalid, load_policy
from etl.settings import Settings, Smtp, Source

_FEW_BYTES = 1 << 30


@dataclass(frozen=True)
class Check:
    """One thing tried: `ok`, `note` (works, worth knowing) or `wrong`, and what to do next."""

    verdict: Literal["ok", "note", "wrong"]
    subject: str
    found: str
    next_step: str = ""


def run(settings: Settings) -> Iterator[Check]:
    """Tries everything, one after the other; never raises for what it finds."""
    yield Check("ok", "settings", f"{len(settings.sources)} source(s), {len(settings.audiences)} audience(s)")
    if not settings.sources:
        yield Check("wrong", "sources", "none configured", "add [[sources]] to the settings")
    for source in settings.sources:
        yield source_check(source)
    yield from policy_checks(settings)
    storage = settings.storage
    for name, folder in (("root", storage.root), ("work", storage.work_path)):
        yield room_check(f"storage {name}", folder, partial(disk.room, folder))
    archive = shelf.of(settings)
    yield room_check("storage archive", archive.address(""), archive.room)
    yield smtp_check(settings.smtp)
    if settings.smtp and not settings.audiences:
        yield Check("note", "audiences", "none: nobody gets a report", "add [[audiences]]")
    yield fonts_check(REPORT_TEMPLATES)
    yield libraries_check()


def source_check(source: Source) -> Check:
    """Whether the source's folder is there, can be read, and has files that its pattern names."""
    subject, folder = f"source {source.name}", source.location
    if not folder.is_dir():
        return Check("wrong", subject, f"{folder} is no folder", "make it, or correct location")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Check("wrong", subject, f"{folder} may not be read", "give the job's user the right to read it")
    names = [path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    fitting = [name for name in names if landing.name_pattern(source).match(name)]
    if not names:
        return Check("note", subject, f"{folder} is empty", "bring the first export")
    if not fitting:
        return Check("wrong", subject, f"none of {len(names)} file(s) fits {source.pattern}", "correct pattern")
    locked = [name for name in fitting if not os.access(folder / name, os.R_OK)]
    if locked:
        return Check("wrong", subject, f"{len(locked)} file(s) may not be read, {locked[0]} first", "give the right")
    return format_check(source, folder / max(fitting)) or Check(
        "ok", subject, f"{len(fitting)} of {len(names)} file(s) fit {source.pattern}"
    )


def format_check(source: Source, export: Path) -> Check | None:
    """What is wrong where the format has no such column as the source names, or `export` is of another format."""
    subject = f"source {source.name}"
    unknown = sorted(set(source.columns) - set(formats.reader(source.format).aliases))
    if unknown:
        return Check("wrong", subject, f"{source.format} has no column {', '.join(unknown)}", "correct columns")
    found = formats.recognise(Sample(export.name, text.head(export)))
    if found not in (None, source.format):
        return Check("wrong", subject, f"{export.name} is {found}, not {source.format}", "correct format or pattern")
    return None


def policy_checks(settings: Settings) -> Iterator[Check]:
    """Whether the policy can be judged by, each problem for itself, and has words in every language of the reports."""
    try:
        policy = load_policy(settings)
    except PolicyInvalid as error:
        yield from (Check("wrong", "policy", problem, "correct the policy file") for problem in error.problems)
        return
    yield Check("ok", "policy", f"{policy.id}, version {policy.version}: {len(policy.rules)} rule(s)")
    for language in settings.report.languages:
        lacking = [rule.id for rule in policy.rules if language not in rule.title or language not in rule.advice]
        if lacking:
            yield Check("note", "policy", f"no texts in '{language}' for {', '.join(lacking)}", "add them")


def room_check(subject: str, folder: Path, room: Callable[[], int]) -> Check:
    """Whether a file can be written in the folder, or in the nearest one above it that is there, and how much fits, as
    `room` finds out."""
    try:
        free = room()
    except OSError as error:
        at = Path(error.filename).parent if error.filename else folder
        return Check("wrong", subject, f"{at} can't be written: {error.strerror}", "give the right, or more room")
    size = f"{free / (1 << 30):,.1f} GiB free"
    if free < _FEW_BYTES:
        return Check("note", subject, f"{folder} can be written, {size}", "make room")
    return Check("ok", subject, f"{folder} can be written, {size}")


def smtp_check(smtp: Smtp | None) -> Check:
    """Whether the mail server answers, speaks TLS with a certificate that holds, and takes user and password."""
    if smtp is None:
        return Check("note", "mail server", "no [smtp]: reports are archived, not sent", "add [smtp] to send")
    where = f"{smtp.host}:{smtp.port}"
    if smtp.connection:
        where += f" (Airflow's connection '{smtp.connection}' may say otherwise)"
    try:
        with connect(smtp) as server:
            server.noop()
    except ssl.SSLError as error:
        return Check("wrong", "mail server", f"{where}: TLS failed: {error.reason}", "correct its certificate")
    except smtplib.SMTPNotSupportedError:
        return Check("wrong", "mail server", f"{where} offers no STARTTLS", "set security, or correct the server")
    except (OSError, smtplib.SMTPException) as error:
        return Check("wrong", "mail server", f"{where}: {error}", "correct [smtp], or start the server")
    return Check("ok", "mail server", f"{where} answers, security {smtp.security}")


def fonts_check(templates: Path) -> Check:
    """Whether the report's own fonts lie where the templates look for them."""
    fonts = sorted(path.name for kind in ("*.woff2", "*.ttf", "*.otf") for path in templates.rglob(kind))
    if not fonts:
        return Check("wrong", "fonts", f"none below {templates.name}/", "get the project's files anew")
    return Check("ok", "fonts", f"{len(fonts)} file(s) below {templates.name}/")


def libraries_check() -> Check:
    """Whether WeasyPrint finds the system libraries that it draws text with."""
    try:
        import weasyprint  # type: ignore[import-untyped]  # the package carries no types
    except OSError as error:
        missing = str(error).split("'")[1] if "'" in str(error) else str(error)
        packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        return Check("wrong", "system libraries", f"{missing} is missing", f"install {packages}")
    return Check("ok", "system libraries", f"WeasyPrint {weasyprint.__version__} found its own")
