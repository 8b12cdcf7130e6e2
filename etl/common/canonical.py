"""One way to write values down: plain JSON, and its canonical bytes (RFC 8785) for hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import rfc8785


def plain_json(value: Any) -> Any:
    """`value` with tuples as lists and days as text, so that canonical JSON takes it."""
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return value


def canonical_sha256(value: Any) -> str:
    """Hash over `value` as canonical JSON (RFC 8785), in hexadecimal digits."""
    return _sha256(rfc8785.dumps(plain_json(value)))


@lru_cache(maxsize=64)
def _sha256(canonical: bytes) -> str:
    return hashlib.sha256(canonical).hexdigest()
