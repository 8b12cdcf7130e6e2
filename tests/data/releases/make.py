"""Makes the site of a release: a small storage with its archive, as that version of the program leaves it.

    cd <a checkout of the release> && python <here>/make.py <here>/0.1.0 /srv/transit-ledger

Run it with the release's own interpreter and in its own folder, once; what it wrote is kept and never made again
(`README.md` beside it). It asks the program by its command line, and by `REPORT`, in the release's own words, for the
runs that only the scheduler starts. The second folder, which must be new, is where the site stands while it is made:
its editions name it for ever.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from aiosmtpd.controller import Controller

HEADER = (
    "date_time_utc", "directionality", "connector_name", "connector_type", "forced_tls", "tls_version", "tls_cipher",
    "sender_address", "recipient_address", "message_id", "network_message_id", "delivery_status", "total_bytes",
)  # fmt: skip
CONFIG = """\
[organisation]
name = "Contoso"
domains = ["contoso.example"]
[report]
time_zone = "Europe/Stockholm"
[storage]
root = "data"
[[sources]]
name = "m365"
format = "m365_connector_report"
location = "exports"
pattern = "connector-{date}*"
[[audiences]]
name = "mail-admins"
recipients = ["mail-admins@contoso.example"]
[smtp]
host = "localhost"
port = 2525
security = "none"
sender = "ledger@contoso.example"
"""
REPORT = """
import sys
from etl import delivery, periods, settings
from etl.archive import editions
told, week = settings.load("config.toml"), periods.parse_period("2026-W47")
editions.publish(told, week, origin="scheduled", made_at=periods.parse_instant(sys.argv[1]))
delivery.deliver(told, week)
"""
"""What the week's scheduled run does: an edition if there is news, and its mails."""


def export(day: str, numbers: range) -> bytes:
    """A day's records, of several versions, partners and both directions, with one that can't be read."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(HEADER)
    for number in numbers:
        inward = number % 3 > 0
        own, partner = f"person{number % 7}@contoso.example", ("fabrikam", "tailspin")[number % 2]
        other = f"user{number}@{partner}.example"
        version = ("TLS1.2", "TLS1.3", "TLS1.2", "No Tls", "TLS1.0")[number % 5]
        rows.writerow(
            (
                f"{day}T{number % 24:02d}:10:00Z",
                "Received" if inward else "Sent",
                "Fabrikam partner" if number % 4 else "",
                "Partner" if number % 4 else "",
                "False",
                version,
                "" if version == "No Tls" else "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                *((other, own) if inward else (own, other)),
                f"<{number}@mail.example>",
                f"{number:032x}",
                "Delivered",
                str(1000 + number),
            )
        )
    rows.writerow((f"{day}T05:00:00Z", "Sideways", *("" for _ in HEADER[2:])))
    return out.getvalue().encode()


class Taking:
    """A mail server's answer to every message."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802  aiosmtpd's name
        return "250 2.0.0 taken"


def run(site: Path, *arguments: str) -> str:
    """What the release's interpreter prints in the site's folder; a record that can't be read is no failure."""
    answer = subprocess.run(
        [sys.executable, *arguments], cwd=site, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    return answer.stdout


def ingest(site: Path, files: dict[str, bytes]) -> None:
    """Brings exports in, as a day's run does."""
    for name, content in files.items():
        (site / "exports" / name).write_bytes(content)
    run(site, "-m", "etl", "ingest")


def report(site: Path, made_at: str) -> None:
    """The week's scheduled run, with a mail server that takes everything."""
    server = Controller(Taking(), hostname="localhost", port=2525)
    server.start()
    try:
        run(site, "-c", REPORT, made_at)
    finally:
        server.stop()


def pack(site: Path, target: Path) -> None:
    """The site as one archive: the same files, in order, without owners."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path in sorted(site.rglob("*")):
            name = path.relative_to(site)
            if name.parts[:2] not in (("data", "locks"), ("data", "work")):
                tar.add(path, str(name), recursive=False, filter=plain)
    target.write_bytes(gzip.compress(out.getvalue(), mtime=0))


def main(folder: Path, site: Path) -> None:
    """Makes the site and writes it to `folder`, with what a later version must come to as well."""
    (site / "exports").mkdir(parents=True)
    (site / "config.toml").write_text(CONFIG)
    days = {f"2026-11-{16 + n}": range(100 * n, 100 * n + 40) for n in range(7)}
    ingest(site, {f"connector-{day}.csv": export(day, numbers) for day, numbers in days.items()})
    report(site, "2026-11-25T06:00:00Z")
    ingest(site, {"connector-2026-11-17_late.csv": export("2026-11-17", range(140, 190))})
    report(site, "2026-11-26T06:00:00Z")
    known = {
        "version": run(site, "-m", "etl", "--version").split()[-1],
        "digest": run(site, "-m", "etl", "digest").split()[-1],
        "verify": run(site, "-m", "etl", "verify").splitlines(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "known.json").write_text(json.dumps(known, indent=1) + "\n")
    pack(site, folder / "site.tar.gz")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
