"""Readers: one folder per export format. The registry below is the only place that knows them all."""

from __future__ import annotations

REGISTRY = ("m365_connector_report",)
"""Names of the formats, in the order in which a file is tried against them."""


def names() -> list[str]:
    """The names of all formats."""
    return list(REGISTRY)
