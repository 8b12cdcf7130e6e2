"""Tries what the settings speak of: sources, policy, storage, mail server, fonts, system libraries."""

from __future__ import annotations

import smtplib
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal

from etl import formats, landing, staging
from etl.archive import shelf
from etl.common import disk
from etl.common.program_files import REPORT_TEMPLATES
from etl.delivery.smtp import connect
from etl.formats.base import Sample
from etl.insights.policy import PolicyInvalid, load_policy
from etl.landing import inbox
from etl.settings import Settings, Smtp, Source
from etl.staging import refused

_FEW_BYTES = 1 << 30
TRIED_BYTES = 1 << 28
"""A newest export larger than this is not read for trying."""


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
        found = source_check(source)
        yield found
        if found.verdict == "ok":
            yield newest_check(settings, source)
        if tls := tls_check(source):
            yield tls
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
    subject, place = f"source {source.name}", inbox.of(source)
    if trouble := place.trouble():
        return Check("wrong", subject, trouble.found, trouble.next_step)
    names = [offer.name for offer in place.offers()]
    fitting = [name for name in names if landing.name_pattern(source).match(name)]
    if not names:
        return Check("note", subject, f"{source.location} is empty", "bring the first export")
    if not fitting:
        return Check("wrong", subject, f"none of {len(names)} file(s) fits {source.pattern}", "correct pattern")
    locked = [name for name in fitting if not place.may_read(name)]
    if locked:
        return Check("wrong", subject, f"{len(locked)} file(s) may not be read, {locked[0]} first", "give the right")
    return format_check(source, Sample(max(fitting), place.head(max(fitting)))) or Check(
        "ok", subject, f"{len(fitting)} of {len(names)} file(s) fit {source.pattern}"
    )


def newest_check(settings: Settings, source: Source) -> Check:
    """What becomes of the source's newest file: read by its reader in a folder for trying, and forgotten again."""
    subject = f"source {source.name}"
    place = inbox.of(source)
    newest = max(
        (offer for offer in place.offers() if landing.name_pattern(source).match(offer.name)),
        key=lambda offer: (landing.named_date(source, offer.name) or date.min, offer.changed_at, offer.name),
    )
    if newest.size > TRIED_BYTES:
        return Check("note", subject, f"{newest.name} is too large to be tried", "ingest it")
    with tempfile.TemporaryDirectory(prefix="transit-ledger-check-") as folder:
        storage = settings.storage.model_copy(update={"root": Path(folder), "work": None})
        trial = settings.model_copy(update={"storage": storage})
        landed = landing.land(trial, source, place, newest.name)
        if landed.sha256 is None:
            return Check("wrong", subject, f"{newest.name}: {landed.reason}", "see [limits]")
        read = staging.stage(trial, source.name, landed.sha256)
    if read.state == "quarantined":
        return Check("wrong", subject, f"{newest.name} can't be used: {read.reason}", "then check again")
    said = f"{newest.name}: {read.used:,} of {read.records:,} records would be used"
    if read.days:
        said += f", of {min(read.days)}" + (f" to {max(read.days)}" if len(read.days) > 1 else "")
    if refused.is_notable(read.records, read.rejected):
        return Check("wrong", subject, f"{said}; {read.rejected:,} were refused", "ingest it: that names the first")
    return Check("ok", subject, said)


def tls_check(source: Source) -> Check | None:
    """Whether the source's format can never tell TLS."""
    instead = formats.reader(source.format).for_tls
    return Check("note", f"source {source.name}", f"{source.format} never tells TLS", instead) if instead else None


def format_check(source: Source, export: Sample) -> Check | None:
    """What is wrong where the format has no such column as the source names, or `export` is of another format."""
    subject = f"source {source.name}"
    unknown = sorted(set(source.columns) - set(formats.reader(source.format).aliases))
    if unknown:
        return Check("wrong", subject, f"{source.format} has no column {', '.join(unknown)}", "correct columns")
    found = formats.recognise(export)
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
