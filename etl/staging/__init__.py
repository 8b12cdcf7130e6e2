"""From one landed file to typed records in Parquet, and to rejects with record number and reason.

A file is staged once per reader key: the reader's version, the settings that decide how the source is read, and the
hash key. *Records read = used + rejected + skipped by a named rule*, per file. A file that can't be used as a whole is
quarantined: its manifest says why, and nothing of it counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb

from etl import formats
from etl.common import database, disk, periods
from etl.common.errors import ExportUnreadable, LimitExceeded, NotFound, ReaderBroken
from etl.common.masking import mask
from etl.formats import text
from etl.formats.base import FILTERS, FoundRecord, Job, Sample, Staged
from etl.landing import evidence
from etl.settings import Settings, Source
from etl.staging import refused


@dataclass(frozen=True)
class FileCounts:
    """What staging one landed file came to: the manifest beside its records."""

    source: str
    sha256: str
    format: str
    reader_version: int
    settings_sha256: str
    state: Literal["staged", "quarantined"]
    reason: str | None
    records: int = 0
    used: int = 0
    rejected: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    unknown_words: list[dict[str, Any]] = field(default_factory=list)
    has_identity: bool = True
    is_aggregate: bool = False
    suspected_cut: bool = False
    notes: dict[str, Any] = field(default_factory=dict)
    limit: dict[str, int] | None = None
    """The entry of `[limits]` that alone keeps the file quarantined, and what it allowed: tried again when larger."""
    removed: bool = False
    """Whether its records are gone by retention, and only these counts are left."""

    @property
    def identity(self) -> tuple[str, int, str]:
        """What a partition notes of this file: its bytes, the reader, and the settings that it was read with."""
        return self.sha256, self.reader_version, self.settings_sha256


def hash_key(settings: Settings, environment: dict[str, str] | None = None) -> bytes:
    """The key of all hashes of addresses and message ids: from the environment, else as it lies beside the data; empty
    where there is none yet, since nothing was ever staged."""
    given = (environment if environment is not None else os.environ).get(settings.storage.key_env)
    if given:
        return hashlib.sha256(given.encode("utf-8")).digest()
    try:
        return (settings.storage.root / "hash.key").read_bytes()
    except FileNotFoundError:
        return b""


def make_hash_key(settings: Settings, environment: dict[str, str] | None = None) -> bytes:
    """The key, made once beside the data where there is none."""
    if not hash_key(settings, environment):
        with suppress(FileExistsError):
            disk.write_new(settings.storage.root / "hash.key", secrets.token_bytes(32), mode=0o600)
    return hash_key(settings, environment)


def settings_sha256(settings: Settings, source: Source) -> str:
    """Hash over the settings that decide how `source` is read."""
    return settings.reading(source).sha256()


def reader_key(settings: Settings, source: Source) -> str:
    """What staging depends on besides the bytes, as a folder's name: the reader, the settings, the hash key."""
    reader = formats.reader(source.format)
    parts = f"{reader.name}:{reader.version}:{settings_sha256(settings, source)}:".encode() + hash_key(settings)
    return hashlib.sha256(parts).hexdigest()[:16]


def staged_folder(settings: Settings, source: Source, sha256: str, key: str | None = None) -> Path:
    """Where the records of a landed file lie, or will: a folder per file and reader key."""
    return settings.storage.root / "staged" / source.name / sha256 / (key or reader_key(settings, source))


def counts(settings: Settings, source: Source, sha256: str, key: str | None = None) -> FileCounts | None:
    """What staging the file came to, or nothing where it is still to be staged; after retention, what it came to.

    `key` is the source's `reader_key`, for those who ask of many files.
    """
    root = settings.storage.root
    kept = f"{root}/receipts/{source.name}/{sha256}/kept"
    staged = f"{root}/staged/{source.name}/{sha256}/{key or reader_key(settings, source)}"
    for folder, removed in ((kept, True), (staged, False)):
        manifest = f"{folder}/manifest.json"
        if os.path.exists(manifest):  # noqa: PTH110  a year of files, many times over
            found = _read_manifest(manifest, removed)
            return None if not removed and _may_fit_now(settings, found, manifest) else found
    return None


def _may_fit_now(settings: Settings, found: FileCounts, manifest: str) -> bool:
    """Whether a file was quarantined for a limit that is larger now."""
    if found.limit is None:
        return False
    again = _read_manifest.__wrapped__(manifest, removed=False)  # the only kind that is ever written anew
    return again.limit is not None and any(getattr(settings.limits, key) > most for key, most in again.limit.items())


@cache
def _read_manifest(path: str, removed: bool) -> FileCounts:
    """A manifest is never rewritten, so reading it once is enough."""
    return FileCounts(**json.loads(Path(path).read_bytes()) | {"removed": removed})


def rejects_file(settings: Settings, source: Source, sha256: str, key: str | None = None) -> Path:
    """Where a file's rejects lie, before and after retention; `key` as for `counts`."""
    kept = _kept_folder(settings, source, sha256) / "rejects.parquet"
    return kept if kept.exists() else staged_folder(settings, source, sha256, key) / "rejects.parquet"


def staged_files(settings: Settings, source: Source, sha256: str) -> Path:
    """The folder with everything staged of a file, under whatever reader key."""
    return staged_folder(settings, source, sha256).parent


def keep_counts(settings: Settings, source: Source, sha256: str) -> None:
    """Lays a file's counts and rejects beside its receipts, where they stay when its records go."""
    kept = _kept_folder(settings, source, sha256)
    if kept.exists():
        return
    staged = staged_folder(settings, source, sha256)
    with disk.new_folder(kept, making_in=kept.parent.parent) as folder:
        for name in ("manifest.json", "rejects.parquet"):
            if (staged / name).exists():
                shutil.copyfile(staged / name, folder / name)
        (folder / "removed_at").write_text(periods.instant(periods.now()) + "\n", encoding="ascii")


def removed_at(settings: Settings, source: Source, sha256: str) -> str | None:
    """Since when a file's records are gone by retention, or nothing."""
    path = _kept_folder(settings, source, sha256) / "removed_at"
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def _kept_folder(settings: Settings, source: Source, sha256: str) -> Path:
    return evidence.receipts_folder(settings, source.name) / sha256 / "kept"


def stage(settings: Settings, source_name: str, sha256: str) -> FileCounts:
    """Stages one landed file, unless that is done; returns what it came to, quarantined or not."""
    source = settings.source(source_name)
    make_hash_key(settings)
    done = counts(settings, source, sha256)
    if done:
        return done
    landed = evidence.landed(settings, source.name).get(sha256)
    if landed is None or not landed.path.exists():
        raise NotFound(f"no landed file {sha256[:12]} of source {source.name}", "a landed file", "land it first")
    with disk.lock(settings.storage.root, f"stage-{sha256[:32]}"):
        done = counts(settings, source, sha256)
        if done:
            return done
        folder = staged_folder(settings, source, sha256)
        if folder.exists():  # quarantined for a limit that is larger now
            shutil.rmtree(folder)
            _read_manifest.cache_clear()
        with disk.new_folder(folder, making_in=folder.parent.parent) as out:
            found = _stage(settings, source, landed, out)
            (out / "manifest.json").write_bytes(_manifest(found))
    return found


def waiting(settings: Settings) -> list[tuple[str, str]]:
    """The landed files that are still to be staged, as (source, sha-256)."""
    return [
        (source.name, sha256)
        for source in settings.sources
        for key in [reader_key(settings, source)]
        for sha256 in evidence.landed(settings, source.name)
        if counts(settings, source, sha256, key) is None
    ]


def stage_all(settings: Settings, source_name: str | None = None) -> list[FileCounts]:
    """Stages every landed file that is still to be staged; returns what all came to."""
    return [
        stage(settings, source.name, sha256)
        for source in settings.sources
        if source_name in (None, source.name)
        for sha256 in evidence.landed(settings, source.name)
    ]


def _stage(settings: Settings, source: Source, landed: evidence.Landed, out: Path) -> FileCounts:
    reader = formats.reader(source.format)
    limit: dict[str, int] | None = None
    about = (source.name, landed.receipt.sha256, reader.name, reader.version, settings_sha256(settings, source))
    try:
        with _job(settings, source, landed, out) as job:
            _refuse_other_formats(job, source)
            staged = reader.stage(job)
            refused.refuse_unusable(job.con, staged, out / "rejects.parquet")
    except ExportUnreadable as error:
        reason = str(error)
        if isinstance(error, LimitExceeded):
            limit = {error.limit: getattr(settings.limits, error.limit)}
    except _OWN_MISTAKES as error:
        raise _broken_reader(reader.name, error) from error
    except (duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError) as error:
        reason = f"The reader could not take the file: {_unquoted(error)}"
    else:
        return FileCounts(*about, "staged", None, **_masked(staged))
    for leftover in out.iterdir():
        leftover.unlink()
    return FileCounts(*about, "quarantined", mask(reason), limit=limit)


_OWN_MISTAKES = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.SyntaxException)
"""What DuckDB raises for SQL that no export could make right."""


def _broken_reader(name: str, error: duckdb.Error) -> ReaderBroken:
    return ReaderBroken(
        f"the SQL of the reader {name} is wrong ({_unquoted(error)})",
        "a reader that takes or refuses any file",
        "report it; nothing was quarantined, and the file is read once the program is mended",
    )


def _unquoted(error: duckdb.Error) -> str:
    """What an error says, up to where it may quote the export."""
    return re.split(r"[\"'\n]", str(error))[0].strip()


def _refuse_other_formats(job: Job, source: Source) -> None:
    """A file that another format recognises, and this one does not, is in the wrong place."""
    sample = Sample(job.name, text.head(job.path))
    if not sample.head or formats.reader(source.format).recognise(sample):
        return
    other = formats.recognise(sample)
    if other:
        raise ExportUnreadable(
            f"the file looks like {other}, the source says {source.format}", f"a file of {source.format}", "check both"
        )


@contextmanager
def _job(
    settings: Settings, source: Source, landed: evidence.Landed, out: Path, *, none_rejected: bool = False
) -> Iterator[Job]:
    work, receipt = settings.storage.work_path / "staging", landed.receipt
    with disk.scratch_folder(work) as folder, database.workbench(settings.resources) as con:
        yield Job(
            con=con,
            path=landed.path,
            name=receipt.name,
            named_date=receipt.named_date,
            export_at=periods.instant(receipt.export_at),
            reading=settings.reading(source),
            key=hash_key(settings),
            expanded_size=settings.limits.expanded_size,
            out=out,
            work=folder,
            none_rejected=none_rejected,
        )


def find_records(
    settings: Settings, source_name: str, sha256: str, wanted: Mapping[str, Any], most: int = 100
) -> list[FoundRecord]:
    """The records of a landed file behind a fact, read again from its bytes: numbers and what they say, no address.

    `wanted` may hold any of `base.FILTERS`. Raises `NotFound` where the bytes are gone (retention), and
    `ExportUnreadable` where the file is quarantined.
    """
    source = settings.source(source_name)
    landed = evidence.landed(settings, source.name).get(sha256)
    if landed is None or not landed.path.exists():
        raise NotFound(f"the bytes of {sha256[:12]} are no longer in storage", "", "its receipt and counts remain")
    filters = dict.fromkeys(FILTERS) | dict(wanted)
    known = counts(settings, source, sha256)
    none_rejected = known is not None and known.state == "staged" and known.rejected == 0
    with (
        disk.scratch_folder(settings.storage.work_path / "staging") as folder,
        _job(settings, source, landed, folder, none_rejected=none_rejected) as job,
    ):
        return formats.reader(source.format).find(job, filters, most)


def _masked(staged: Staged) -> dict[str, Any]:
    found = asdict(staged)
    found["unknown_words"] = [word | {"word": mask(str(word["word"]))[:80]} for word in found["unknown_words"]]
    return found


def _manifest(found: FileCounts) -> bytes:
    return (json.dumps(asdict(found), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def forget_other_keys(settings: Settings, source: Source, hashes: Iterable[str], key: str) -> None:
    """Removes what was staged of files under another reader key than `key`, their source's, once that is staged."""
    staged = settings.storage.root / "staged" / source.name
    for sha256 in hashes:
        try:
            names = os.listdir(f"{staged}/{sha256}")  # noqa: PTH208  a year of files, each run
        except FileNotFoundError:  # nothing of it is staged: removed after its time
            continue
        for name in names if key in names else ():
            if name != key:
                shutil.rmtree(staged / sha256 / name, ignore_errors=True)


def days_of(found: FileCounts) -> list[date]:
    """The data dates that the file has used rows of."""
    return [date.fromisoformat(day) for day in found.days]
