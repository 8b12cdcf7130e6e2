"""What tests of insights share: exports of sums (a row per day, connector and version), and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from etl.common.periods import parse_period
from etl.insights import parse_policy
from etl.insights.policy import BUNDLED
from etl.report.preview import as_object, preview
from etl.settings import Settings

SUMS = (
    "Date", "Direction", "Connector", "Connector Type", "Forced TLS", "TLS Version", "TLS Cipher", "Sender",
    "Recipient", "Message Count",
)  # fmt: skip
GOOD, STATIC = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA"
IRREGULAR = {
    "sources": [{"name": "m365", "format": "m365_connector_report", "location": "exports", "pattern": "connector-*",
                 "expect": "irregular"}],
}  # fmt: skip
"""A source that is expected on no day in particular."""

FoundRecord = dict[tuple[str, str | None, str | None], dict[str, Any]]
"""Insights as JSON objects, by rule, direction and connector."""


def monday(week: int) -> date:
    """The Monday of an ISO week of 2026."""
    return date.fromisocalendar(2026, week, 1)


def mail(
    connector: str, day: date | int, versions: Mapping[str, int], *, direction: str = "inbound",
    partner: str = "fabrikam.example", cipher: str = GOOD, forced: bool | None = None, kind: str = "Partner",
) -> list[dict[str, str]]:  # fmt: skip
    """Rows that sum up one connector's day (or the Monday of a week): messages per TLS version, as exports word it."""
    ours, theirs = "person@contoso.example", f"user@{partner}"
    inbound = direction == "inbound"
    line = {
        "Date": (monday(day) if isinstance(day, int) else day).isoformat(),
        "Direction": "Received" if inbound else "Sent",
        "Connector": connector,
        "Connector Type": kind,
        "Forced TLS": "" if forced is None else str(forced),
        "TLS Cipher": cipher,
        "Sender": theirs if inbound else ours,
        "Recipient": ours if inbound else theirs,
    }
    return [
        line | {"TLS Version": version, "Message Count": str(count)} | ({"TLS Cipher": ""} if version == "" else {})
        for version, count in versions.items()
        if count
    ]


def days(week: int) -> list[date]:
    """The seven days of an ISO week of 2026."""
    return [monday(week) + timedelta(days=n) for n in range(7)]


def policy(*, more: str = "", without: str = "") -> bytes:
    """The policy that comes with the program, with `more` TOML behind it."""
    return BUNDLED.read_bytes().replace(without.encode(), b"") + more.encode()


def rule(name: str, **values: Any) -> str:
    """A rule in TOML: `values` besides the words that each needs."""
    told = {"version": 1, "severity": "warning"} | values
    lines = "\n".join(f"{key} = {toml(value)}" for key, value in told.items())
    return f'\n[[rules]]\nid = "{name}"\n{lines}\ntitle = {{ en = "T", sv = "R" }}\nadvice = {{ en = "A", sv = "G" }}\n'


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list):
        return f"[{', '.join(toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def only(*rules: str) -> bytes:
    """A policy of these rules alone."""
    return ('id = "test"\nversion = 1\n' + "".join(rules)).encode()


def said(settings: Settings, period: str, raw: bytes | None = None, *, language: str = "en") -> FoundRecord:
    """What `insights PERIOD --json` says, by the bundled policy or by `raw`."""
    model = preview(settings, parse_period(period), parse_policy(raw) if raw else None)
    found = [as_object(item, language) for item in model.insights]
    keyed = {(item["rule"], item["direction"], item["connector"]): item for item in found}
    assert len(keyed) == len(found) or any(item["rule"] == "acknowledgement-expired" for item in found)
    return keyed


def ended(settings: Settings, period: str, raw: bytes | None = None) -> FoundRecord:
    """What `insights PERIOD --json --resolved` says."""
    model = preview(settings, parse_period(period), parse_policy(raw) if raw else None)
    found = [as_object(item, "en") for item in model.resolved]
    return {(item["rule"], item["direction"], item["connector"]): item for item in found}
