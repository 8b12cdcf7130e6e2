"""What went wrong, what was expected, what to do next.

`Terminal` errors stay wrong when tried again (bad input, bad settings); `Transient` ones may pass (a lock, a network,
a full disk). The DAGs retry only the second kind; the command line turns each into one clear message and an exit code.
"""

from __future__ import annotations

from typing import Literal


class TransitLedgerError(Exception):
    """Base of all errors this program raises on purpose.

    `found`, `expected` and `next_step` are kept apart so that a caller can decide without parsing the message.
    """

    exit_code = 1

    def __init__(self, found: str, expected: str = "", next_step: str = "") -> None:
        self.found = found
        self.expected = expected
        self.next_step = next_step
        super().__init__(found, expected, next_step)

    def __str__(self) -> str:
        parts = [self.found.rstrip(".")]
        if self.expected:
            parts.append(f"expected {self.expected.rstrip('.')}")
        if self.next_step:
            parts.append(self.next_step.rstrip("."))
        return ". ".join(part[:1].upper() + part[1:] for part in parts) + "."


class Terminal(TransitLedgerError):  # noqa: N818  the design's word
    """Trying again gives the same result: do not retry."""


class Transient(TransitLedgerError):  # noqa: N818  the design's word
    """May pass by itself: retry."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h


class SettingsInvalid(Terminal):
    """The settings file has problems; `problems` lists every one."""

    exit_code = 78  # EX_CONFIG of sysexits.h

    def __init__(self, path: str, problems: list[str]) -> None:
        self.problems = problems
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{len(problems)} problem(s) in {path}:\n{listed}")

    def __str__(self) -> str:
        return self.found


class UsageInvalid(Terminal):
    """An argument of a command does not make sense."""

    exit_code = 64  # EX_USAGE of sysexits.h


class ExportUnreadable(Terminal):
    """An export as a whole can't be used and is quarantined; the rest of the work goes on."""

    exit_code = 65  # EX_DATAERR of sysexits.h


class LimitExceeded(ExportUnreadable):
    """An export goes beyond a limit of `[limits]`: with a larger one it is tried again."""

    def __init__(
        self, limit: Literal["expanded_size", "memory"], found: str, expected: str = "", next_step: str = ""
    ) -> None:
        super().__init__(found, expected, next_step)
        self.limit = limit


class ReaderBroken(Terminal):
    """A reader's own SQL is wrong: a fault of the program, never of the export, which is not quarantined for it."""

    exit_code = 70  # EX_SOFTWARE of sysexits.h


class ExportVanished(Transient):
    """An export was there when listed and gone, or changed, when read; the next run takes it."""


class StorageFull(Transient):
    """No space left, or a write was refused by the system; nothing half-written is visible."""

    exit_code = 74  # EX_IOERR of sysexits.h


class Failed(Transient):
    """A file of our own could not be read or written for a reason that may pass (moved meanwhile, a network)."""

    exit_code = 74


class Busy(Transient):
    """Another process holds a lock for longer than the bounded wait."""


class NotFound(Terminal):
    """Something named does not exist (a source, a period, an edition, a file)."""

    exit_code = 66  # EX_NOINPUT of sysexits.h


class ArchiveBroken(Terminal):
    """The archive does not hold what its ledger says."""

    exit_code = 3


class DeliveryRefused(Terminal):
    """The mail server refused a message for good (5xx)."""

    exit_code = 69  # EX_UNAVAILABLE of sysexits.h


class DeliveryDelayed(Transient):
    """The mail server could not be reached, or asked to try again (4xx)."""
