"""Mail addresses that this program writes to or from; traced ones never come here."""

from __future__ import annotations

import hashlib
import unicodedata
from email.errors import MessageError
from email.headerregistry import Address

from etl.common.errors import UsageInvalid


def ascii_address(address: str) -> str:
    """A mail address with its domain as A-label. `UsageInvalid` where it is none that every server takes, or one that
    could break a header."""
    local, _, domain = address.strip().rpartition("@")
    try:
        found = f"{local}@{domain.encode('idna').decode('ascii')}"
        found.encode("ascii")
        Address(addr_spec=found)
        if one_line(found) != found or any(c in found for c in '<>,;" '):
            raise ValueError
    except (MessageError, ValueError):
        raise UsageInvalid(f"'{one_line(address)}' is no address to send to", "such as admin@contoso.example") from None
    return found


def recipient_key(recipient: str) -> str:
    """An address as a folder's name; case, and how its domain is spelled, make no difference."""
    return hashlib.sha256(ascii_address(recipient).casefold().encode()).hexdigest()[:32]


def one_line(text: str) -> str:
    """A text for a header: line breaks and other control characters become spaces."""
    return " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split())
