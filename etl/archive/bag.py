"""An edition as a BagIt bag (RFC 8493, version 1.0, sha-256 manifests), written whole or not at all.

The bag's *hash* is the sha-256 of the exact bytes of its `tagmanifest-sha256.txt`. That file covers `bagit.txt`,
`bag-info.txt` and `manifest-sha256.txt`, and the last covers every file below `data/`: `sha256sum` alone can follow it.

The files are written here and not by the package `bagit`, which works inside the current directory (so two threads
can't), writes version 0.97 and does not sync; its validator judges every bag before it is renamed into place.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import bagit  # type: ignore[import-untyped]  # the package carries no types

from etl.common import disk
from etl.common.errors import ArchiveBroken

BAGIT = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAGMANIFEST = "tagmanifest-sha256.txt"
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")

ProblemKind = Literal["altered", "missing", "extra"]


@dataclass(frozen=True, order=True)
class Problem:
    """One file of a bag that is not as the bag says. `file` is its path inside the bag."""

    file: str
    kind: ProblemKind


def write(path: Path, payload: Mapping[str, bytes], info: Mapping[str, str]) -> str:
    """Writes a bag to `path` (which must not exist) and gives its hash.

    `payload` maps names below `data/` to their bytes, `info` the lines of `bag-info.txt`, `Bagging-Date` among them:
    the same arguments give the same bytes. It is written under a temporary name, checked, renamed into place and made
    read-only. Raises `ArchiveBroken` where something else already lies at `path`.
    """
    tags = _tag_files(payload, info)
    with disk.new_folder(path) as temporary:
        for name, content in {**tags, **{f"data/{name}": content for name, content in payload.items()}}.items():
            file = temporary / name
            file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            file.write_bytes(content)
        for folder in sorted(f for f in temporary.rglob("*") if f.is_dir()):
            disk.sync_folder(folder)
        _judge(temporary)
    wanted = hashlib.sha256(tags[TAGMANIFEST]).hexdigest()
    if bag_hash(path) != wanted:
        raise ArchiveBroken(
            f"{path} already holds something else", "no such folder", "run verify; move the folder out of the archive"
        )
    seal(path)
    return wanted


def _tag_files(payload: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, bytes]:
    """The bag's own files: declaration, info and both manifests."""
    bad = [name for name in payload if not _NAME.fullmatch(name)]
    if bad:
        raise ValueError(f"names not allowed in a bag: {', '.join(sorted(bad))}")
    lines = dict(info) | {"Payload-Oxum": f"{sum(map(len, payload.values()))}.{len(payload)}"}
    tags = {
        BAGIT: _DECLARATION,
        INFO: "".join(f"{key}: {_one_line(value)}\n" for key, value in sorted(lines.items())).encode(),
        MANIFEST: _manifest({f"data/{name}": content for name, content in payload.items()}),
    }
    return tags | {TAGMANIFEST: _manifest(tags)}


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)).encode()


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _judge(path: Path) -> None:
    """Raises `ArchiveBroken` unless both our own check and the package `bagit` find the bag whole and valid."""
    problems = check(path)
    try:
        bagit.Bag(str(path)).validate()
    except bagit.BagError as error:
        raise ArchiveBroken(f"a bag just written is not valid: {error}", "a valid bag", "look at the disk") from error
    if problems:
        raise ArchiveBroken(
            f"a bag just written reads back differently: {problems[0].file} {problems[0].kind}",
            "the bytes that were written",
            "look at the disk",
        )


def seal(path: Path) -> None:
    """Takes the right to write from everybody: files 0440, folders 0550. May be repeated."""
    with disk.disk_errors(path):
        for item in sorted(path.rglob("*"), reverse=True):
            if not item.is_symlink():
                item.chmod(0o550 if item.is_dir() else 0o440)
        path.chmod(0o550)


def bag_hash(path: Path) -> str | None:
    """The bag's hash: sha-256 of its tagmanifest's bytes; nothing where there is none that may be read."""
    file = path / TAGMANIFEST
    if file.is_symlink() or not file.is_file():
        return None
    return _sha256(file) or None


def check(path: Path) -> list[Problem]:
    """Everything about the bag at `path` that is not as its manifests say, by path; empty for a whole bag.

    Follows no symbolic link and trusts no path in a manifest.
    """
    present = dict(_files(path))
    problems = [Problem(BAGIT, "missing")] if BAGIT not in present else []
    problems += [Problem(INFO, "missing")] if INFO not in present else []
    listed: dict[str, str] = {}
    readable = True
    for manifest, inside in ((TAGMANIFEST, False), (MANIFEST, True)):
        if manifest not in present:
            problems.append(Problem(manifest, "missing"))
            readable = False
            continue
        entries = _entries(path / manifest, inside) if present[manifest] else None
        if entries is None:
            problems.append(Problem(manifest, "altered"))
            readable = False
        else:
            listed |= entries
    for name, digest in listed.items():
        if name not in present:
            problems.append(Problem(name, "missing"))
        elif not present[name] or _sha256(path / name) != digest:
            problems.append(Problem(name, "altered"))
    if readable:  # else nobody can say what should be there
        expected = set(listed) | {TAGMANIFEST, MANIFEST, BAGIT, INFO}
        problems += [Problem(name, "extra") for name in present if name not in expected]
        unlisted = {MANIFEST, BAGIT, INFO} - set(listed)
        problems += [Problem(TAGMANIFEST, "altered")] if unlisted else []
    return sorted(set(problems))


def _files(path: Path) -> Iterator[tuple[str, bool]]:
    """Every file and empty folder below `path`, as (relative name, whether it is a plain file).

    Of a folder that may not be read it tells nothing: what a manifest lists in it is missing."""
    for folder, folders, files in os.walk(path):
        here = Path(folder).relative_to(path)
        if not folders and not files and here.parts:
            yield here.as_posix() + "/", False
        for name in (*folders, *files):
            mode = (path / here / name).lstat().st_mode
            if not stat.S_ISDIR(mode):
                yield (here / name).as_posix(), stat.S_ISREG(mode)


def _entries(manifest: Path, inside: bool) -> dict[str, str] | None:
    """A manifest as name to hash; nothing where it is not exactly as this module writes one."""
    try:
        lines = manifest.read_bytes().decode("utf-8").split("\n")
    except (UnicodeDecodeError, OSError):
        return None
    if lines.pop() != "":
        return None
    entries: dict[str, str] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if not match or match[2] in entries or not _safe(match[2], inside):
            return None
        entries[match[2]] = match[1]
    return entries or None


def _safe(name: str, inside: bool) -> bool:
    """Whether a manifest may name this path: below `data/`, or a tag file, and never climbing out."""
    parts = PurePosixPath(name).parts
    return (parts[0] == "data") == inside and not name.startswith(("/", "~")) and ".." not in parts and "\\" not in name


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
