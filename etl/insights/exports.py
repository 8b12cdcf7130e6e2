"""Rules about the exports themselves: what never came, was cut short or late, or says nothing of TLS.

An export whose TLS column is empty, for a day or for hours of it, is the cause of much that other rules say of its
connectors: `untold_days` finds it, `without_untold` gives the book as if these messages had not been there, and what a
rule no longer says of that book is explained by the cause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from etl.common.masking import mask
from etl.common.words import N_
from etl.insights.book import Book, Place, Sums, UntoldDay
from etl.insights.finding import Finding, say
from etl.insights.rule import Rule
from etl.model.report import MissingDays, Sentence

FILES_NAMED = 5
LEAST_OF_A_DAY = 10
"""A connector with fewer messages of a source on a day does not show whether the export left out its TLS."""


def incomplete_rule(book: Book, _rule: Rule) -> list[Finding]:
    """Days never came, an export may be cut short, or a file could not be read at all or in good part."""
    found = book.completeness
    parts = []
    for file in found.refused_in_part[:FILES_NAMED]:
        text = N_("Of {records} records in {file}, {rejected} were refused.")
        parts.append(say(text, records=file.records, file=(mask(file.name),), rejected=file.rejected))
    unread = {f"{gap.data_date} ({gap.source})" for gap in found.gaps if gap.kind == "unreadable"}
    if never := tuple(day for day in found.missing if day not in unread):
        parts.append(say(N_("Never came: {days}."), days=MissingDays(days=never)))
    if found.suspected_cut:
        parts.append(_cut(found.suspected_cut))
    if found.quarantined:
        names = tuple(mask(name) for name in found.quarantined)
        parts.append(say(N_("Set aside whole, because they could not be read: {files}."), files=names))
    if not parts:
        return []
    return [
        Finding(
            place=None, verdict="speaks", measure="days missing", numerator=len(found.missing),
            denominator=found.expected_days, detail=tuple(parts), provisional=True, once=True,
        )
    ]  # fmt: skip


def truncated_rule(book: Book, _rule: Rule) -> list[Finding]:
    """An export ends at exactly a vendor's row limit."""
    cut = book.completeness.suspected_cut
    found = Finding(place=None, verdict="speaks", measure="files", numerator=len(cut), detail=(_cut(cut),), once=True)
    return [found] if cut else []


def late_rule(book: Book, _rule: Rule) -> list[Finding]:
    """Rows came for days that are sealed."""
    late = [source for source in book.completeness.sources if source.late_rows and source.role == "count"]
    if not late:
        return []
    text = N_("Rows that came too late, for days that are sealed ({source}): {rows}.")
    parts = [say(text, rows=source.late_rows, source=source.source) for source in late]
    rows = sum(source.late_rows for source in late)
    return [
        Finding(place=None, verdict="speaks", measure="late rows", numerator=rows, detail=tuple(parts), once=True)
    ]  # fmt: skip


def _cut(names: tuple[str, ...]) -> Sentence:
    return say(N_("Suspected cut short: {files}."), files=names)


@dataclass(frozen=True)
class Untold:
    """A day of a source whose export says nothing of TLS for much of its mail, on most of its connectors."""

    source: str
    data_date: date
    files: tuple[str, ...]
    unknown: Mapping[Place, int]
    messages: int

    @property
    def messages_unknown(self) -> int:
        """Messages of that day and source of which nothing is known."""
        return sum(self.unknown.values())


def untold_days(book: Book, rule: Rule) -> list[Untold]:
    """The days on which a source's export left out TLS: of more than the threshold of its messages, of enough, and on
    at least half of its connectors with mail enough to show it (two at least, where there are two)."""
    apart: dict[tuple[date, str], list[UntoldDay]] = defaultdict(list)
    for row in book.untold:
        apart[row.data_date, row.source].append(row)
    return [
        Untold(
            source, day, book.files.get((day, source), ()), {row.place: row.unknown for row in rows if row.unknown},
            sum(row.messages for row in rows),
        )
        for (day, source), rows in sorted(apart.items())
        if _is_untold(rows, rule)
    ]  # fmt: skip


def _is_untold(rows: Sequence[UntoldDay], rule: Rule) -> bool:
    unknown, messages = sum(row.unknown for row in rows), sum(row.messages for row in rows)
    if unknown < max(rule.minimum_messages, 1) or unknown <= rule.threshold * messages:
        return False
    large = [row for row in rows if row.messages >= LEAST_OF_A_DAY]
    hit = [row for row in large if row.unknown > rule.threshold * row.messages]
    return bool(hit) and 2 * len(hit) >= len(large) and len(hit) >= min(2, len(large))


def untold_rule(book: Book, rule: Rule) -> list[Finding]:
    """One finding for each source whose exports left out TLS, with its days and files."""
    by_source: dict[str, list[Untold]] = defaultdict(list)
    for item in untold_days(book, rule):
        by_source[item.source].append(item)
    return [
        Finding(
            place=None, verdict="speaks", measure="unknown messages", source=source, once=True,
            numerator=sum(item.messages_unknown for item in items), denominator=sum(item.messages for item in items),
            detail=tuple(_untold(item) for item in items),
        )
        for source, items in by_source.items()
    ]  # fmt: skip


def _untold(item: Untold) -> Sentence:
    values = {
        "day": item.data_date, "unknown": item.messages_unknown, "total": item.messages,
        "connectors": len(item.unknown), "source": item.source,
    }  # fmt: skip
    if not item.files:
        text = N_(
            "{day} ({source}): TLS is unknown for {unknown} of {total} messages; affected connectors: {connectors}."
        )
        return say(text, **values)
    text = N_("{files} ({day}): TLS is unknown for {unknown} of {total} messages; affected connectors: {connectors}.")
    return say(text, files=tuple(mask(name) for name in item.files), **values)


def without_untold(book: Book, days: Sequence[Untold]) -> Book:
    """`book` as if the messages that its faulty exports leave unknown had not been there."""
    gone: dict[Place, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for item in days:
        for (direction, connector), count in item.unknown.items():
            gone[direction, connector][item.data_date] += count
            gone[direction, None][item.data_date] += count
    first = book.periods[0]
    versions, ciphers, forced = dict(first.versions), dict(first.ciphers), dict(book.forced[0])
    by_day = dict(book.days)
    for place, counts in gone.items():
        versions[place] = _less(first.at(place), sum(counts.values()))
        ciphers[place] = _less_ciphers(first.ciphers.get(place, {}), sum(counts.values()))
        by_day[place] = {day: _less(of_day, counts.get(day, 0)) for day, of_day in book.days.get(place, {}).items()}
        if place in forced:
            on_forced = sum(n for day, n in counts.items() if (told := book.told_on(place, day)) and told.forced_tls)
            forced[place] = _less(forced[place], on_forced)
    return replace(
        book, periods=(Sums(first.period, versions, ciphers), *book.periods[1:]), forced=(forced, *book.forced[1:]),
        days=by_day, shares={},
    )  # fmt: skip


def _less(versions: Mapping[str, int], count: int) -> dict[str, int]:
    return {name: n - min(n, count) if name == "Unknown" else n for name, n in versions.items()}


def _less_ciphers(ciphers: Mapping[tuple[str, str], int], count: int) -> dict[tuple[str, str], int]:
    left = dict(ciphers)
    for key, n in ciphers.items():
        if key[0] == "Unknown":
            left[key] = n - min(n, count)
            count -= min(n, count)
    return left
