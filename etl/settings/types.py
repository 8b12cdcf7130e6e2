"""What a single value of the settings may be: each type checks and normalises, and says what is allowed."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Collection
from typing import Annotated

import idna
from pydantic import AfterValidator, BeforeValidator, Field

from etl import formats
from etl.common import languages, periods
from etl.common.addresses import ascii_address
from etl.common.errors import UsageInvalid

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _bytes(value: object) -> int:
    """A size in bytes from `1048576`, `"1MiB"` or `"1 GB"`."""
    if isinstance(value, bool):
        raise ValueError("a size such as 1073741824 or '1GiB' is allowed")
    if isinstance(value, int):
        return value
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise ValueError("a size such as 1073741824 or '1GiB' is allowed")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** " KMGT".index(match[2].upper() or " "))


def _zone(value: str) -> str:
    if not periods.is_zone(value):
        raise ValueError(
            f"an IANA time zone such as 'Europe/Stockholm' is allowed{nearest(value, periods.zone_names())}"
        )
    return value


def _slug(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("lower-case letters, digits, '-' and '_' are allowed, at most 63")
    return value


def _address(value: str) -> str:
    try:
        ascii_address(value)
    except UsageInvalid:
        raise ValueError("a mail address such as 'admin@contoso.example' is allowed") from None
    return value.strip()


def _domain(value: str) -> str:
    """A domain in lower case, as A-labels."""
    try:
        return idna.encode(value.strip().strip("."), uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("a domain such as 'contoso.example' is allowed") from None


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise ValueError("a network such as '192.0.2.0/24' is allowed") from None


def _format(value: str) -> str:
    if value not in formats.NAMES:
        raise ValueError(f"one of {', '.join(formats.NAMES)} is allowed{nearest(value, formats.NAMES)}")
    return value


def _language(value: str) -> str:
    if value not in languages.available():
        raise ValueError(f"one of {', '.join(languages.available())} is allowed: others have no catalogue of texts")
    return value


def nearest(value: object, known: Collection[str]) -> str:
    """`; did you mean '…'?` with the known name most like `value`, or nothing."""
    near = difflib.get_close_matches(str(value), sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
Zone = Annotated[str, AfterValidator(_zone)]
Slug = Annotated[str, AfterValidator(_slug)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Domain = Annotated[str, AfterValidator(_domain)]
FormatName = Annotated[str, AfterValidator(_format)]
Language = Annotated[str, AfterValidator(_language)]
