"""From an export to landed bytes and a receipt: where exports come from (`inbox`), how they land (`land`), and what is
known of them afterwards (`evidence`)."""

from etl.landing.land import (
    Collected,
    LandedFile,
    collect,
    is_expected,
    land,
    name_pattern,
    named_date,
    without_files,
)

__all__ = ["Collected", "LandedFile", "collect", "is_expected", "land", "name_pattern", "named_date", "without_files"]
