"""Forward secrecy, AEAD, post-quantum key exchange and certificates: told, lacking, and what can't be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.common.periods import parse_period
from etl.insights.safeguards import has, safeguards_of
from etl.model.report import SAFEGUARDS
from etl.report.preview import preview
from tests.formats.table_site import call, write_site
from tools import format_tables

GCM, CBC, STATIC = (
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
)
CASES = [
    (("No TLS", "none", "none", "none"), (False, False, False, False, False)),
    (("Unknown", "Unknown", "Unknown", "Unknown"), (None, None, None, None, None)),
    (("TLS 1.3", "Unknown", "Unknown", "Unknown"), (True, True, None, None, None)),
    (("TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768", "verified"), (True, True, True, True, True)),
    (("TLS 1.3", "TLS_AES_128_GCM_SHA256", "x25519", "trusted"), (True, True, False, True, False)),
    (("TLS 1.2", GCM, "Unknown", "untrusted"), (True, True, False, False, False)),
    (("TLS 1.2", CBC, "secp256r1", "none"), (True, False, False, False, False)),
    (("TLS 1.2", STATIC, "Unknown", "Unknown"), (False, True, False, None, None)),
    (("TLS 1.2", "CALG_AES_256", "Unknown", "Unknown"), (None, None, False, None, None)),
    (("TLS 1.0", "Unknown", "Unknown", "Unknown"), (None, False, False, None, None)),
    (("TLS unknown", "Unknown", "Unknown", "Unknown"), (None, None, None, None, None)),
    (("TLS unknown", GCM, "Unknown", "Unknown"), (True, True, None, None, None)),
]


@pytest.mark.parametrize(("told", "expected"), CASES)
def test_what_a_message_had(told: tuple[str, str, str, str], expected: tuple[bool | None, ...]) -> None:
    assert tuple(has(name, *told) for name in SAFEGUARDS) == expected


def test_every_message_counts_once_for_each_safeguard_and_direction() -> None:
    names = ("tls_version", "tls_cipher", "tls_group", "tls_auth")
    numbered = list(enumerate(CASES))
    rows = [
        dict(zip(names, told, strict=True)) | {"direction": "inbound", "messages": 2**n} for n, (told, _) in numbered
    ]
    for item in safeguards_of(rows):
        at = SAFEGUARDS.index(item.name)
        had, lacked, unsure = (
            sum(2**n for n, (_, found) in numbered if found[at] is told and item.direction == "inbound")
            for told in (True, False, None)
        )
        assert (item.share.n, item.share.total, item.share.undecided) == (had, had + lacked, unsure)


def test_a_server_s_log_tells_them_all(tmp_path: Path) -> None:
    settings = write_site(tmp_path, {"name": "mx", "format": "postfix_log"})
    call(settings, "ingest", *map(str, format_tables.files("postfix_log")))
    model = preview(settings, parse_period("2026-W47"))
    found = {
        (item.name, item.direction): (item.share.n, item.share.total, item.share.undecided) for item in model.safeguards
    }
    assert found == {
        ("forward_secrecy", "inbound"): (1, 2, 0), ("forward_secrecy", "outbound"): (1, 1, 0),
        ("aead", "inbound"): (1, 2, 0), ("aead", "outbound"): (1, 1, 0),
        ("post_quantum", "inbound"): (0, 2, 0), ("post_quantum", "outbound"): (0, 1, 0),
        ("peer_trusted", "inbound"): (0, 2, 0), ("peer_trusted", "outbound"): (1, 1, 0),
        ("peer_verified", "inbound"): (0, 2, 0), ("peer_verified", "outbound"): (1, 1, 0),
    }  # fmt: skip
