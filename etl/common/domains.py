"""Partner domains beyond their spelling: whose they are, and how to read them."""

from __future__ import annotations

from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

_UNNAMED = ("<>", "Unknown")


@cache
def _suffixes() -> PublicSuffixList:
    """The public suffix list as its package carries it: nothing is fetched."""
    return PublicSuffixList()


@cache
def organisational(domain: str) -> str:
    """The organisational domain of a partner domain: the part that somebody registered, by the public suffix list.

    `mail.fabrikam.co.uk` belongs to `fabrikam.co.uk`. The null sender, `Unknown`, address literals and what is itself a
    public suffix stand for themselves.
    """
    if domain in _UNNAMED or domain.startswith("[") or domain.replace(".", "").isdigit():
        return domain
    return _suffixes().privatesuffix(domain) or domain


def readable(domain: str) -> str:
    """A domain as people read it: one with A-labels as its U-labels with the A-labels behind, which are exact."""
    if "xn--" not in domain:
        return domain
    try:
        return f"{idna.decode(domain)} ({domain})"
    except idna.IDNAError:
        return domain
