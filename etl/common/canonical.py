"""One way to write values down: plain JSON, and its canonical bytes (RFC 8785) for files and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import rfc8785


def plain_json(value: Any) -> Any:
    """`value` with tuples as lists, and with days and instants as text (instants in UTC, by the second)."""
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value


def canonical(value: Any) -> bytes:
    """`value` as canonical JSON (RFC 8785)."""
    return rfc8785.dumps(plain_json(value))


def canonical_sha256(value: Any) -> str:
    """Hash over `value` as canonical JSON (RFC 8785), in hexadecimal digits."""
    return _sha256(canonical(value))


@lru_cache(maxsize=64)
def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
