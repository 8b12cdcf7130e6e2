"""The languages that reports can be written in: those that have a catalogue of their texts."""

from __future__ import annotations

from etl.common import program_files


def available() -> tuple[str, ...]:
    """The codes of all languages that have a catalogue."""
    return tuple(sorted(path.parent.name for path in program_files.TRANSLATIONS.glob("*/report.po")))
