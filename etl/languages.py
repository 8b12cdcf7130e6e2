"""The languages that reports can be written in: those that have a catalogue of their texts."""

from __future__ import annotations

from pathlib import Path

TRANSLATIONS = Path(__file__).resolve().parents[1] / "report_templates" / "translations"


def available() -> tuple[str, ...]:
    """The codes of all languages that have a catalogue."""
    return tuple(sorted(path.parent.name for path in TRANSLATIONS.glob("*/report.po")))
