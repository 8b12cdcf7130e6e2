"""Runs of real servers, each configured in another way, against what their client and the partners saw.

`<run>.truth.csv.gz` has each message that the client gave (by the queue id in the server's answer), and what each
partner took, with the TLS that they noted. NOTES.md of the format says how the server was configured.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import date

import pytest

from tests.formats.log_site import DATA, SAMPLED, VERSIONS, site, take, trace
from tests.formats.test_postfix_truth import canonical

RUNS = [
    ("postfix_log", "postfix", "postscreen", 25, 142, ["postscreen.log.gz"]),
    ("postfix_log", "postfix", "proxied", 25, 143, ["proxied.log.gz", "proxied-out.log.gz"]),
    ("exim_log", "exim", "default", 25, 152, ["default.log.gz"]),
    ("postfix_log", "postfix", "fates", 28, 92, ["fates.log.gz"]),
    ("postfix_log", "postfix", "snapshot", 28, 79, ["snapshot.log.gz"]),
    ("exim_log", "exim", "selectors", 25, 152, ["selectors.log.gz"]),
    ("exim_log", "exim", "cutthrough", 28, 168, ["cutthrough.log.gz"]),
    ("exim_log", "exim", "stamped", 28, 101, ["stamped.log.gz"]),
]
"""Format, folder, run, day of November 2026, recipients, files. Truths without queue ids tell messages apart by their
partner domains."""


def told_cipher(source_format: str, row: dict[str, str]) -> str:
    """GnuTLS as a client does not say who signed under TLS 1.0 and 1.1."""
    if row["cipher"] == "none":
        return "none"
    name = canonical(row["cipher"])
    if source_format == "exim_log" and row["direction"] == "outbound" and row["tls_version"] in ("TLSv1", "TLSv1.1"):
        return name.replace("TLS_ECDHE_ECDSA_WITH", "ECDHE_WITH").replace("TLS_ECDHE_RSA_WITH", "ECDHE_WITH")
    return name


@pytest.mark.parametrize(
    ("source_format", "folder", "run", "day", "recipients", "logs"), RUNS, ids=[run for _, _, run, *_ in RUNS]
)
def test_every_recipient_is_what_client_and_partners_saw(
    tmp_path_factory: pytest.TempPathFactory,
    source_format: str,
    folder: str,
    run: str,
    day: int,
    recipients: int,
    logs: list[str],
) -> None:
    settings = site(
        tmp_path_factory.mktemp(run), source_format, organisation={"networks": ["192.0.2.1/32", "2001:db8::1/128"]}
    )
    files = {name: (DATA / folder / name).read_bytes() for name in logs}
    counts = take(settings, files, SAMPLED + 86400 * (day - 23))
    assert not any(item.rejected or item.unknown_words for item in counts)
    with gzip.open(DATA / folder / f"{run}.truth.csv.gz", "rt", encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    expected: Counter[tuple[str, ...]] = Counter()
    for row in told:
        tls = VERSIONS[row["tls_version"]], told_cipher(source_format, row)
        expected[row["direction"], row["queue_id"], row["partner_domain"], *tls] += int(row["recipients"])
    found: Counter[tuple[str, ...]] = Counter()
    host = "mx " if source_format == "postfix_log" else ""
    for row in trace(settings, date(2026, 11, day), *{host + row["queue_id"] for row in told if row["queue_id"]}):
        if row["direction"] != "internal":
            message = "" if row["direction"] == "outbound" else row["message"] or ""
            found[row["direction"], message, row["partner_domain"], row["tls_version"], row["tls_cipher"]] += 1
    assert found == expected
    assert sum(expected.values()) == recipients
