"""An edition as a BagIt bag (RFC 8493, version 1.0, sha-256 manifests), written whole or not at all.

The bag's *hash* is the sha-256 of the exact bytes of its `tagmanifest-sha256.txt`. That file covers `bagit.txt`,
`bag-info.txt` and `manifest-sha256.txt`, and the last covers every file below `data/`: `sha256sum` alone can follow it.

The files are written here and not by the package `bagit`, which works inside the current directory (so two threads
can't), writes version 0.97 and does not sync; its validator judges every bag before it is renamed into place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import bagit  # type: ignore[import-untyped]  # the package carries no types

from etl.archive.shelf import Folder, Shelf
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


def write(shelf: Shelf, folder: str, payload: Mapping[str, bytes], info: Mapping[str, str]) -> str:
    """Writes a bag to `folder` (which must not exist) and gives its hash.

    `payload` maps names below `data/` to their bytes, `info` the lines of `bag-info.txt`, `Bagging-Date` among them:
    the same arguments give the same bytes. It is written under a temporary name, checked, renamed into place and made
    read-only. Raises `ArchiveBroken` where something else already lies there.
    """
    tags = _tag_files(payload, info)
    shelf.lay(folder, {**tags, **{f"data/{name}": content for name, content in payload.items()}}, _check_bag)
    wanted = hashlib.sha256(tags[TAGMANIFEST]).hexdigest()
    if bag_hash(shelf, folder) != wanted:
        where = shelf.address(folder)
        raise ArchiveBroken(
            f"{where} already holds something else", "no such folder", "run verify; move the folder out of the archive"
        )
    shelf.seal(folder)
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


def _check_bag(path: Path) -> None:
    """Raises `ArchiveBroken` unless both our own check and the package `bagit` find the bag whole and valid."""
    problems = check(Folder(path), "")
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


def bag_hash(shelf: Shelf, folder: str) -> str | None:
    """The bag's hash: sha-256 of its tagmanifest's bytes; nothing where there is none that may be read."""
    file = _in(folder, TAGMANIFEST)
    return (_sha256(shelf, file) or None) if shelf.is_plain(file) else None


def check(shelf: Shelf, folder: str) -> list[Problem]:
    """Everything about the bag in `folder` that is not as its manifests say, by path; empty for a whole bag.

    Follows no symbolic link and trusts no path in a manifest.
    """
    present = dict(shelf.below(folder))
    problems = [Problem(BAGIT, "missing")] if BAGIT not in present else []
    problems += [Problem(INFO, "missing")] if INFO not in present else []
    listed: dict[str, str] = {}
    readable = True
    for manifest, inside in ((TAGMANIFEST, False), (MANIFEST, True)):
        if manifest not in present:
            problems.append(Problem(manifest, "missing"))
            readable = False
            continue
        entries = _entries(shelf, _in(folder, manifest), inside) if present[manifest] else None
        if entries is None:
            problems.append(Problem(manifest, "altered"))
            readable = False
        else:
            listed |= entries
    for name, digest in listed.items():
        if name not in present:
            problems.append(Problem(name, "missing"))
        elif not present[name] or _sha256(shelf, _in(folder, name)) != digest:
            problems.append(Problem(name, "altered"))
    if readable:  # else nobody can say what should be there
        expected = set(listed) | {TAGMANIFEST, MANIFEST, BAGIT, INFO}
        problems += [Problem(name, "extra") for name in present if name not in expected]
        unlisted = {MANIFEST, BAGIT, INFO} - set(listed)
        problems += [Problem(TAGMANIFEST, "altered")] if unlisted else []
    return sorted(set(problems))


def _in(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _entries(shelf: Shelf, manifest: str, inside: bool) -> dict[str, str] | None:
    """A manifest as name to hash; nothing where it is not exactly as this module writes one."""
    try:
        lines = shelf.read(manifest).decode("utf-8").split("\n")
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


def _sha256(shelf: Shelf, name: str) -> str:
    try:
        return shelf.sha256(name)
    except OSError:
        return ""
