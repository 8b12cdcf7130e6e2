"""Words of a Connector report are read the same wherever in the file they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from etl import staging
from tests.helpers import export, land, row, site

ODD: list[dict[str, str]] = [
    {"directionality": "Originating", "tls_version": "TLS 1.3", "tls_cipher": "TLS_AES_128_GCM_SHA256"},
    {"directionality": "in", "tls_version": "tlsv1_1", "tls_cipher": "ECDHE-RSA-AES256-SHA"},
    {"tls_version": "TLS9.9", "tls_cipher": "NO_SUCH_CIPHER"},
    {"tls_version": "SSLv9", "connector_name": " None ", "connector_type": "NoConnector"},
    {"tls_version": "no tls", "forced_tls": "yes", "connector_type": "on premises"},
    {"tls_version": "quantum", "connector_name": "Other partner", "tls_cipher": "-"},
    {"delivery_status": " Expanded "},
    {"directionality": "sideways"},
]
SAYS = "outcome, reason, direction, connector, connector_type, forced_tls, tls_version, tls_cipher, tls_group, bytes"


def staged(folder: Path, content: bytes) -> tuple[staging.FileCounts, list[tuple[Any, ...]]]:
    """What staging an export comes to, and its odd records, known by their sizes."""
    settings = site(folder)
    path = settings.sources[0].location / "connector-2026-11-16"
    path.write_bytes(content)
    landed = land(settings, path)
    found = staging.stage(settings, "m365", str(landed.sha256))
    records = staging.staged_folder(settings, settings.sources[0], found.sha256) / "records.parquet"
    odd = duckdb.read_parquet(str(records)).filter("bytes between 7000 and 7999").project(SAYS).order("bytes")
    return found, odd.fetchall()


def test_a_spelling_that_only_late_records_have_is_read_like_an_early_one(tmp_path: Path) -> None:
    odd = export([row(n, total_bytes=str(7000 + n), **values) for n, values in enumerate(ODD)])
    usual = export([row(n) for n in range(2_500)]).splitlines(keepends=True)
    alone, early = staged(tmp_path / "alone", odd)
    many = [*usual, *usual[1:] * 99, *odd.splitlines(keepends=True)[1:]]
    behind, late = staged(tmp_path / "behind", b"".join(many))
    assert len(early) == len(ODD)
    assert late == early
    assert replace(alone, **{name: getattr(behind, name) for name in ("sha256", "records", "used", "days")}) == behind
    assert behind.used == alone.used + 250_000
