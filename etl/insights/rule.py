"""One rule of a policy, as rules' functions read it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from etl.insights.classes import MEASURES

Severity = Literal["critical", "warning", "notice", "info"]
SEVERITIES = ("critical", "warning", "notice", "info")


@dataclass(frozen=True)
class Rule:
    """One rule: what it measures, when it speaks, and the words for it."""

    id: str
    version: int
    kind: str
    severity: Severity
    title: dict[str, str]
    advice: dict[str, str]
    measure: str | tuple[str, ...] = "no_tls"
    scope: str = "connector"
    when: str | None = None
    profile: str = "rfc9325"
    comparator: str = ">"
    threshold: Fraction = Fraction(0)
    factor: Fraction = Fraction(1)
    weeks: int = 4
    minimum_messages: int = 1
    """With fewer messages it does not speak at all."""
    minimum_to_act: int = 20
    """With fewer messages it speaks, and nobody is called to act."""
    level: Fraction | None = None
    """How often chance alone may give what it calls for action on; nothing where no test is made."""
    lists_open: bool = True
    """Whether it is listed where undecided messages alone leave it open; a rule about ciphers may be silent there."""
    references: tuple[str, ...] = ()

    @cached_property
    def members(self) -> frozenset[str]:
        """The TLS versions that the rule's class holds."""
        return frozenset(MEASURES[self.measure] if isinstance(self.measure, str) else self.measure)
