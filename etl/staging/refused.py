"""When a file that could be read as text is no use as data: nearly all of its records were refused.

Such a file would count as a day without mail. It is quarantined with the commonest reason and what to do about it; one
of which a good part was refused is counted, and said to be so in the report, in `status` and by the policy's rules.
Records that a rule skips were read and understood: they are not refused.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from etl.common.errors import ExportUnreadable
from etl.formats.base import Staged
from etl.formats.rejects import commonest

UNUSABLE_SHARE = 0.99
"""From this share of refused records on (all of them, where there are few) a file is quarantined."""
NOTABLE_SHARE = 0.05
"""Beyond this share of refused records a file is named wherever the data's completeness is told."""

_LOOK = "look at its first records; correct the settings, or the export"
_WAYS_OUT = {
    "not a date": "state how the export writes its dates in the source's options, such as date_format = "
    "'%d/%m/%Y %H:%M:%S'",
    "a date outside 2010 to 2039": "export with the Gregorian calendar, or state in the source's options how "
    "the export writes its dates (date_format)",
    "an unknown direction": "export it in English (Start-HistoricalSearch -Locale en-US), or name the direction's "
    "column in the source's `columns`",
    "no address": "name the columns with sender and recipient in the source's `columns`",
    "too few fields": "export it again, every field with a separator or in quotes",
    "too many fields": "export it again, every field with a separator in quotes",
    "not a count": "name the column with the count in the source's `columns`, or export whole numbers",
}
"""What to do about a reason, by the words that the readers reject with."""


def is_unusable(records: int, rejected: int) -> bool:
    """Whether so many of a file's records were refused that nothing should be told from the rest."""
    return rejected > 0 and rejected >= UNUSABLE_SHARE * records


def is_notable(records: int, rejected: int) -> bool:
    """Whether so many of a counted file's records were refused that reports and `status` name it."""
    return rejected > NOTABLE_SHARE * records


def refuse_unusable(con: duckdb.DuckDBPyConnection, staged: Staged, rejects: Path) -> None:
    """Raises `ExportUnreadable` for a file of which nothing, or hardly anything, could be used; see `is_unusable`.

    `rejects` is the file of its rejected records.
    """
    if not is_unusable(staged.records, staged.rejected):
        return
    reason, said = commonest(con, rejects)
    raise ExportUnreadable(
        f"{staged.rejected:,} of {staged.records:,} records were refused: {said}",
        "an export that can be read; nothing is counted of one that is refused nearly whole",
        _WAYS_OUT.get(reason, _LOOK),
    )
