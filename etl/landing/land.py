"""From an offered export to landed bytes and a receipt: copied unchanged, hashed while copied, receipt written last.

The same bytes again make one more receipt and nothing else. A file that begins with an already landed file of its
source (a log that grew) takes its place, whichever of them came first.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from etl import formats
from etl.common import disk, periods
from etl.common.errors import ExportUnreadable, ExportVanished, UsageInvalid
from etl.common.masking import printable
from etl.formats import text
from etl.formats.base import Sample
from etl.landing import evidence, inbox
from etl.landing.inbox import Copied, Folder, Inbox, Offer
from etl.settings import Settings, Source

CHUNK = 1 << 20
_FRESH = timedelta(seconds=2)
_MOMENT_SECONDS = 0.15
"""How long an export that changed within the last two seconds is watched before it is taken."""

_DATE = r"(?P<date>\d{4}-?\d{2}-?\d{2})"
_STAMP = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[T_-]?(\d{2})([:.-]?)(\d{2})\5(\d{2})Z?(?!\d\d?(?!\d))")
"""The same mark twice and no digits behind: `2026-11-16_2026-11-22` is a first and a last day, not 20:26:11."""

Result = Literal["landed", "again", "growing", "vanished", "too large", "unreadable"]


@dataclass(frozen=True)
class LandedFile:
    """What became of one export: `landed`, `again` (same bytes as before), or left for the next run, and why."""

    source: str
    name: str
    result: Result
    sha256: str | None = None
    duplicate_of: str | None = None
    """The name under which the same bytes landed first."""
    reason: str | None = None


@dataclass(frozen=True)
class Collected:
    """What one collecting came to: the files, and the (source, day) pairs that were expected and not there."""

    files: list[LandedFile] = field(default_factory=list)
    missing: list[tuple[str, date]] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        """The same as plain JSON: names and counts for a scheduler, never rows."""
        return {
            "files": [vars(item) for item in self.files],
            "missing": [[source, day.isoformat()] for source, day in self.missing],
        }


def name_pattern(source: Source) -> re.Pattern[str]:
    """The source's file pattern as a regular expression; `{date}` becomes the group `date` (2026-11-16 or 20261116)."""
    return _compiled(source.pattern)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    before, mark, after = pattern.partition("{date}")
    glob = [
        fnmatch.translate(part).removeprefix("(?s:").removesuffix(")\\Z").removesuffix(")\\z")
        for part in (before, after)
    ]
    return re.compile(f"(?s:{glob[0]}{_DATE if mark else ''}{glob[1]})\\Z")


def named_date(source: Source, name: str) -> date | None:
    """The day that the source's pattern reads from a file's name, if any."""
    match = name_pattern(source).match(name)
    if not match or "date" not in match.groupdict():
        return None
    digits = match["date"].replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def is_expected(source: Source, day: date) -> bool:
    """Whether the source is declared to bring an export for `day`."""
    return source.expect == "daily" or (source.expect == "weekdays" and day.weekday() < 5)


def collect(
    settings: Settings, *, data_date: date | None = None, source: str | None = None, files: Sequence[Path] = ()
) -> Collected:
    """Lands what the sources name for `data_date` (or all that is there), or exactly `files`.

    A source whose pattern has no `{date}` gives whatever is new. Files that vanish or grow while they are read are
    left for the next run and reported; everything else goes on.
    """
    sources = [settings.source(source)] if source else list(settings.sources)
    collected = Collected()
    offered = list(_handed_in(settings, sources, files, collected) if files else _offered(sources, data_date))
    growing = _still_written(offered)
    for item in offered:
        if item in growing:
            reason = f"{item.offer.shown} was written to just now; the next run takes it"
            collected.files.append(LandedFile(item.source.name, item.offer.shown, "growing", reason=reason))
        else:
            collected.files.append(_land_or_leave(settings, item))
    if data_date and not files:
        collected.missing.extend((item.name, data_date) for item in sources if _is_missing(settings, item, data_date))
    return collected


@dataclass(frozen=True)
class _Offered:
    """An export, where it is, and the source that it is of."""

    source: Source
    place: Inbox
    offer: Offer


def _offered(sources: Sequence[Source], data_date: date | None) -> Iterator[_Offered]:
    for source in sources:
        place = inbox.of(source)
        for offer in place.offers():
            if not name_pattern(source).match(offer.name):
                continue
            if data_date and "{date}" in source.pattern and named_date(source, offer.name) != data_date:
                continue
            yield _Offered(source, place, offer)


def without_files(settings: Settings, source: str | None = None) -> Iterator[tuple[str, str]]:
    """The sources that bring nothing by the look of their place, each with why: it can't be read, none of its files
    fits the pattern, or it is empty and nothing of the source ever landed."""
    for item in [settings.source(source)] if source else settings.sources:
        place = inbox.of(item)
        if trouble := place.trouble():
            yield item.name, f"{trouble.found}: {trouble.next_step}"
            continue
        names = [offer.name for offer in place.offers()]
        if names and not any(name_pattern(item).match(name) for name in names):
            yield item.name, f"none of {len(names)} file(s) in {item.location} fits {item.pattern}: correct pattern"
        elif not names and not evidence.landed(settings, item.name):
            yield item.name, f"{item.location} is empty: bring the first export"


def _is_missing(settings: Settings, source: Source, day: date) -> bool:
    if not is_expected(source, day) or "{date}" not in source.pattern:
        return False
    for item in evidence.landed(settings, source.name).values():
        if item.receipt.named_date == day or (day in item.named_dates and _says_nothing(item.path)):
            return False
    return True


def _says_nothing(path: Path) -> bool:
    """Whether a landed file is a header at most. The export of every quiet day has the same bytes: those are no export
    that was named wrongly, as any others would be that came before for another day."""
    try:
        if path.stat().st_size > text.HEAD:
            return False
    except FileNotFoundError:
        return False
    lines = [line for line in text.head(path).splitlines() if line.strip() and not line.startswith(b"#")]
    return len(lines) <= 1


def _handed_in(
    settings: Settings, sources: Sequence[Source], files: Sequence[Path], collected: Collected
) -> Iterator[_Offered]:
    """The files handed in, each with its source; of those that are not there or fit none, `collected` says so."""
    for path in files:
        place = Folder(path.parent)
        offer = place.offer(path.name) if path.is_file() else None
        if offer is None:
            collected.files.append(LandedFile("", printable(path.name), "vanished", reason="there is no such file"))
            continue
        try:
            yield _Offered(_source_for(settings, sources, place, offer), place, offer)
        except UsageInvalid as error:
            collected.files.append(LandedFile("", offer.shown, "unreadable", reason=str(error)))


def _still_written(offered: Sequence[_Offered]) -> list[_Offered]:
    """Those that somebody is writing: changed a moment ago, and again a moment later."""
    if all(item.offer.changed_at < periods.now() - _FRESH for item in offered):
        return []
    time.sleep(_MOMENT_SECONDS)
    return [item for item in offered if item.place.changed([item.offer])]


def _source_for(settings: Settings, sources: Sequence[Source], place: Inbox, offer: Offer) -> Source:
    """The source that a file handed in belongs to: by its name's pattern, else by its content's format."""
    if len(sources) == 1:
        return sources[0]
    named = [source for source in sources if source.pattern != "*" and name_pattern(source).match(offer.name)]
    if len(named) == 1:
        return named[0]
    found = formats.recognise(Sample(offer.shown, place.head(offer.name)))
    fitting = [source for source in (named or sources) if source.format == found]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(item.name for item in settings.sources) or "none configured"
    raise UsageInvalid(
        f"{offer.shown} fits {len(fitting) or len(named) or 'no'} source(s)",
        f"one of {listed}",
        "name it with --source",
    )


def _land_or_leave(settings: Settings, item: _Offered) -> LandedFile:
    source, place, offer = item.source, item.place, item.offer
    try:
        return land(settings, source, place, offer.name)
    except ExportVanished as error:
        result: Result = "growing" if place.offer(offer.name) else "vanished"
        return LandedFile(source.name, offer.shown, result, reason=str(error))
    except ExportUnreadable as error:
        return LandedFile(source.name, offer.shown, "unreadable", reason=error.found)


def land(settings: Settings, source: Source, place: Inbox, name: str) -> LandedFile:
    """Lands one export. Raises `ExportVanished` where it changed or went away while it was read, `ExportUnreadable`
    where it may not be read."""
    offer = _there(place, name)
    if offer.size > settings.limits.file_size:
        reason = f"{offer.size:,} bytes; [limits] file_size allows {settings.limits.file_size:,}"
        return LandedFile(source.name, offer.shown, "too large", reason=reason)
    with disk.lock(settings.storage.root, f"land-{source.name}"):
        return _land_locked(settings, source, place, offer)


def _there(place: Inbox, name: str) -> Offer:
    offer = place.offer(name)
    if offer is None:
        raise ExportVanished(f"{printable(name)} went away while it was read", "", "the next run looks again")
    return offer


def _land_locked(settings: Settings, source: Source, place: Inbox, offer: Offer) -> LandedFile:
    known = evidence.landed(settings, source.name)
    folder = disk.make_folder(settings.storage.root / "landed" / source.name)
    sizes = sorted({item.receipt.size for item in known.values() if item.receipt.size < offer.size})
    with disk.scratch_file(folder) as copy:
        copied = place.copy(offer.name, copy, sizes)
        if _there(place, offer.name) != offer or copied.size != offer.size:
            raise ExportVanished(f"{offer.shown} changed while it was read", "", "the next run takes it")
        first = known.get(copied.sha256)
        if first is None:
            for shorter, longer in _growth(known, copied, copy):
                evidence.add_note(
                    settings,
                    "grew",
                    who="landing",
                    why="the same bytes, and more",
                    source=source.name,
                    sha256=shorter,
                    other=longer,
                )
            disk.adopt(copy, folder / copied.sha256)
    receipt = evidence.Receipt(
        source.name,
        offer.shown,
        copied.size,
        copied.sha256,
        periods.now(),
        _export_at(offer),
        named_date(source, offer.name),
    )
    seen = evidence.receipts_folder(settings, source.name) / copied.sha256
    if first is None:
        disk.append_numbered(seen, receipt.as_json(), making_in=seen.parent)
        return LandedFile(source.name, offer.shown, "landed", copied.sha256)
    if first.receipt.name != offer.shown:
        _note_again(seen, receipt)
        return LandedFile(source.name, offer.shown, "again", copied.sha256, duplicate_of=first.receipt.name)
    return LandedFile(source.name, offer.shown, "again", copied.sha256)


def _note_again(seen: Path, receipt: evidence.Receipt) -> None:
    """One more receipt line for the same bytes, unless that name is noted already."""
    names = {evidence.Receipt.from_json(path.read_bytes()).name for path in seen.glob("*.json") if path.stem.isdigit()}
    if receipt.name not in names:
        disk.append_numbered(seen, receipt.as_json(), making_in=seen.parent)


def _growth(known: dict[str, evidence.Landed], copied: Copied, copy: Path) -> Iterator[tuple[str, str]]:
    """Pairs (shorter, longer) of landed files of which the longer begins with the shorter."""
    if not _has_two_lines(copy):
        return
    sha256, size = copied.sha256, copied.size
    for other, item in known.items():
        if 0 < item.receipt.size < size and copied.beginnings.get(item.receipt.size) == other:
            if _has_two_lines(item.path):
                yield other, sha256
        elif item.receipt.size > size and item.path.exists() and _begins_with(item.path, copy, sha256, size):
            yield sha256, other


def _has_two_lines(path: Path) -> bool:
    """Whether a file holds more than one line: every export begins with a header alone, and grew from none."""
    if not path.exists():
        return True  # removed after its time; it was an export with records
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            place = chunk.find(b"\n")
            if place >= 0:
                return bool(chunk[place + 1 :] or file.read(1))
    return False


def _begins_with(path: Path, copy: Path, sha256: str, size: int) -> bool:
    with path.open("rb") as longer, copy.open("rb") as shorter:
        if longer.read(4096)[: min(size, 4096)] != shorter.read(4096):
            return False
        longer.seek(0)
        digest, left = hashlib.sha256(), size
        while left and (chunk := longer.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest() == sha256


def _export_at(offer: Offer) -> datetime:
    """When the export was made: a full time stamp in its name (UTC), else when it was changed last."""
    if match := _STAMP.search(offer.name):
        try:
            return periods.from_utc_parts(*(int(part) for part in match.group(1, 2, 3, 4, 6, 7)))
        except ValueError:
            pass
    return offer.changed_at
