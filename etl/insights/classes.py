"""Classes of messages that rules count, and which messages might belong to one without saying so.

Rule's source: design, section 8. `Unknown` might be any TLS version or none; `TLS unknown` any version, but not none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from etl.common.words import BELOW_MODERN, DEPRECATED, MODERN, PROTECTED, TLS_VERSIONS
from etl.model.report import Share

_MIGHT_BE = {"Unknown": frozenset(TLS_VERSIONS), "TLS unknown": frozenset(PROTECTED)}

MEASURES: dict[str, tuple[str, ...]] = {
    "no_tls": ("No TLS",),
    "tls_1_0": ("TLS 1.0",),
    "deprecated": DEPRECATED,
    "below_tls_1_2": BELOW_MODERN,
    "protected": PROTECTED,
    "modern": MODERN,
    "unknown": ("Unknown", "TLS unknown"),
}
"""Names that a policy may use instead of a list of TLS versions."""

LABELS = {
    "deprecated": "TLS 1.1 or older",
    "below_tls_1_2": "below TLS 1.2",
    "protected": "protected",
    "modern": "TLS 1.2 and up",
    "unknown": "Unknown or TLS unknown",
}


@cache
def undecided(members: frozenset[str]) -> frozenset[str]:
    """The TLS versions whose messages might be in the class `members` and might not."""
    return frozenset(
        version
        for version, possible in _MIGHT_BE.items()
        if version not in members and possible & members and not possible - {version} <= members
    )


def share(versions: Mapping[str, int], members: frozenset[str]) -> Share:
    """n of N for the class `members` over messages per TLS version, with the u undecided apart."""
    unsure = undecided(members)
    n = sum(count for version, count in versions.items() if version in members)
    u = sum(count for version, count in versions.items() if version in unsure)
    return Share(n=n, total=sum(versions.values()) - u, undecided=u)


def label(measure: str | tuple[str, ...]) -> str:
    """A measure in words, such as `No TLS` or `TLS 1.1 or older`."""
    if isinstance(measure, tuple):
        return ", ".join(measure)
    return LABELS.get(measure) or ", ".join(MEASURES.get(measure, (measure.replace("_", " "),)))


def versions_of(text: str) -> tuple[str, ...]:
    """The TLS versions that a measure in words counts: what `label` was made of."""
    named = {label(name): versions for name, versions in MEASURES.items()}
    return named.get(text) or tuple(text.split(", "))
