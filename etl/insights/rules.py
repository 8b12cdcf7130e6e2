"""The kinds of rules: what each must state, what it may, and the function that says what it says.

A function at places takes (book, rule, place, k); k counts periods back, so the same function tells how many periods in
a row a rule has spoken, and what no longer does. One over the period takes (book, rule); the one over what others say
(acknowledgements) takes it too. Verdicts are made on integers (see `decide` and `exact`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etl.insights import changes, exports, shares
from etl.insights.book import Book, Place
from etl.insights.finding import Finding, applies
from etl.insights.rule import Rule

AtPlace = Callable[[Book, Rule, Place, int], Finding | None]
OfPeriod = Callable[[Book, Rule], list[Finding]]

_ALWAYS = ("id", "version", "kind", "title", "advice", "severity", "references")
_PLACED = ("scope", "when")
_SHARE = ("measure", "comparator", "minimum_messages", "minimum_to_act", "level")


@dataclass(frozen=True)
class Kind:
    """What a kind of rule must state besides its words, what it may, and its function: at places or of the period."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    at_place: AtPlace | None = None
    of_period: OfPeriod | None = None
    is_event: bool = False
    """Whether it tells of something that happened: the period after it is not its end."""

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that mean something to it."""
        return (*_ALWAYS, *self.needs, *self.takes)


def _accepted_elsewhere(_book: Book, _rule: Rule) -> list[Finding]:
    """Nothing of its own: what has run out is found among the insights that others give (`insights.evaluate`)."""
    return []


_CHANGE = ("measure", "weeks", "level", "minimum_messages", "factor", *_PLACED)

KINDS = {
    "share": Kind(("threshold",), (*_SHARE, *_PLACED), at_place=shares.share_rule),
    "cipher_share": Kind(("threshold",), ("profile", *_SHARE[1:], "open", "scope"), at_place=shares.share_rule),
    "rise": Kind(("threshold",), _CHANGE, at_place=changes.rise_rule, is_event=True),
    "got_worse": Kind(("threshold",), _CHANGE, at_place=changes.got_worse_rule, is_event=True),
    "connector_silent": Kind(("weeks",), ("level", "scope"), at_place=changes.silent_rule),
    "connector_new": Kind(("weeks",), ("scope",), at_place=changes.new_rule, is_event=True),
    "connector_changed": Kind((), ("scope",), at_place=changes.changed_rule, is_event=True),
    "volume_band": Kind(
        ("factor",), ("weeks", "level", "minimum_messages", "scope"), at_place=changes.volume_rule, is_event=True
    ),
    "ready_to_enforce": Kind(("weeks",), ("measure", "minimum_messages", *_PLACED), at_place=shares.ready_rule),
    "would_break": Kind((), ("measure", "minimum_messages", *_PLACED), at_place=shares.break_rule),
    "export_without_tls": Kind(("threshold",), ("minimum_messages",), of_period=exports.untold_rule),
    "data_incomplete": Kind(of_period=exports.incomplete_rule),
    "data_truncated": Kind(of_period=exports.truncated_rule),
    "data_late": Kind(of_period=exports.late_rule),
    "acknowledgement_expired": Kind(of_period=_accepted_elsewhere),
}
"""Kinds of rules. `factor` means nothing to rules about change any more; policies of old editions state it."""


def finding_at(book: Book, rule: Rule, place: Place, k: int) -> Finding | None:
    """What `rule` says of `place`, `k` periods back."""
    function = KINDS[rule.kind].at_place
    return function(book, rule, place, k) if function and applies(book, rule, place, k) else None
