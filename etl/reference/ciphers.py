"""What a cipher suite's name tells: key exchange, encryption, forward secrecy, AEAD.

The facts hold IANA names. Facts of the reference table (`etl/reference/ciphers.csv`, columns name, iana_name,
key_exchange, encryption, forward_secrecy, aead, kind) stand where it knows the name; else the name's own parts are
read, as the IANA registry builds them: `TLS_<key exchange>_WITH_<encryption>`. Where only the bulk cipher is known
(`AES_256`), or nothing, key exchange and mode can't be judged.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

REFERENCE = Path(__file__).with_name("ciphers.csv")

Strength = Literal["broken", "weak", "good"]

_BROKEN = re.compile(r"NULL|RC4|EXPORT|(?<![3A-Z])DES40|DES_CBC(?!3)|(?<!3)DES(?![A-Z0-9]|_EDE)|RC2", re.IGNORECASE)
_TRIPLE = re.compile(r"3DES|DES_EDE|DES[-_]?CBC3", re.IGNORECASE)
_AEAD = re.compile(r"GCM|CCM|POLY1305", re.IGNORECASE)
_TLS_1_3 = re.compile(r"TLS_(AES|CHACHA20|SM4|AEGIS)[A-Z0-9_]*", re.IGNORECASE)


@dataclass(frozen=True)
class Cipher:
    """Facts of a suite; nothing where the name does not tell. `key_exchange` is such as `ECDHE_RSA` or `RSA`."""

    key_exchange: str | None
    encryption: str | None
    forward_secrecy: bool | None
    aead: bool | None


UNKNOWN = Cipher(None, None, None, None)


@cache
def facts_of(name: str) -> Cipher:
    """What is known of the suite `name`."""
    return _reference().get(name) or _parsed(name)


def strength(cipher: Cipher) -> Strength | None:
    """By RFC 9325: `broken` (section 4.1, MUST NOT), `weak` (SHOULD NOT: below 128 bit such as 3DES, static RSA and
    (EC)DH, finite-field DHE, CBC; anonymous), `good` ((EC)DHE with AEAD); nothing where it can't be judged."""
    encryption, exchange = cipher.encryption or "", (cipher.key_exchange or "").upper()
    if _BROKEN.search(encryption) and not _TRIPLE.search(encryption):
        return "broken"
    if "EXPORT" in exchange or exchange == "NULL":
        return "broken"
    if _TRIPLE.search(encryption) or "ANON" in exchange:
        return "weak"
    if cipher.forward_secrecy is None or cipher.aead is None:
        return None
    if not cipher.forward_secrecy or not cipher.aead or exchange.startswith(("DHE", "EDH")):
        return "weak"
    return "good"


@cache
def _reference() -> dict[str, Cipher]:
    if not REFERENCE.is_file():
        return {}
    found: dict[str, Cipher] = {}
    with REFERENCE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            bulk = row.get("kind") == "bulk_only"
            cipher = Cipher(
                None if bulk else row.get("key_exchange") or None,
                row.get("encryption") or None,
                None if bulk else _truth(row.get("forward_secrecy")),
                None if bulk else _truth(row.get("aead")),
            )
            for name in (row.get("name"), row.get("iana_name")):
                if name:
                    found.setdefault(name, cipher)
    return found


def _truth(text: str | None) -> bool | None:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get((text or "").lower())


def _parsed(name: str) -> Cipher:
    upper = name.upper().replace("-", "_")
    if upper in ("", "NONE", "UNKNOWN"):
        return UNKNOWN
    if "_WITH_" in upper:
        exchange, encryption = upper.removeprefix("TLS_").removeprefix("SSL_").split("_WITH_", 1)
        anonymous = "ANON" in exchange
        secret = anonymous or exchange.startswith(("ECDHE", "DHE", "ECCPWD"))
        return Cipher(exchange, encryption, secret, bool(_AEAD.search(encryption)))
    if _TLS_1_3.fullmatch(upper):
        return Cipher("ECDHE", upper.removeprefix("TLS_"), forward_secrecy=True, aead=True)
    return Cipher(None, upper, None, None)
