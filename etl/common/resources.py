"""What of the machine a run may take. A module of its own: the settings state it, and need no database for that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Resources:
    """What a database connection may take: bytes of memory, threads (else one for each core), and the folder below
    which it spills what does not fit in memory."""

    memory: int
    threads: int | None
    work: Path
