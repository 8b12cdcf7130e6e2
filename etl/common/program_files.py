"""Where the program's own files lie: the package with its SQL, and the templates beside it."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
REPORT_TEMPLATES = PACKAGE.parent / "report_templates"
FONTS = REPORT_TEMPLATES / "fonts"
TRANSLATIONS = REPORT_TEMPLATES / "translations"
