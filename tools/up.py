"""`make up`: Airflow with its web page, the mail catcher and the archive page, left running. `make down` ends them."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from etl.common.errors import TransitLedgerError
from tools import certificates, sessions
from tools.local_airflow import ROOT, LocalAirflow, StartError, free_ports
from tools.run_samples import SAMPLES, Progress, RunError, place, short, write_config


def main() -> None:
    """Starts everything over run/, the samples' folder, and prints where it is."""
    parser = argparse.ArgumentParser(description="Airflow, the mail catcher and the archive page, left running.")
    parser.add_argument("--folder", type=Path, default=ROOT / "run", help="where everything is made")
    folder = parser.parse_args().folder.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say = Progress().say
    folder.mkdir(parents=True, exist_ok=True)
    if sessions.recorded(folder / "processes.json"):
        sys.exit("It is running already (or make run is at work). make down ends it.")
    airflow = LocalAirflow(folder, folder / "config.toml", quiet_hours=0)
    (folder / "exports").mkdir(exist_ok=True)
    (folder / "archive").mkdir(exist_ok=True)
    write_config(airflow.config, airflow.smtp_port)
    place(sorted((SAMPLES / "exports").iterdir()), folder / "exports")
    if not airflow.database.exists():
        say("making Airflow's database")
        airflow.fresh_database()
    (archive_port,) = free_ports(1)
    serve = ["-m", "http.server", str(archive_port), "--bind", "127.0.0.1", "--directory", str(folder / "archive")]
    try:
        say("starting")
        airflow.sessions.start("archive-page", [sys.executable, *serve], airflow.env)
        airflow.start(say)
    except BaseException as error:
        airflow.sessions.stop()
        if isinstance(error, StartError | RunError | TransitLedgerError):
            sys.exit(f"make up failed. {error}")
        raise
    config, authority = short(airflow.config), short(airflow.tls / certificates.AUTHORITY)
    print(f"""
Airflow:       {airflow.url}
Archive page:  http://127.0.0.1:{archive_port}/index.html
Mail:          port {airflow.smtp_port}, kept in {short(folder / "mail")}

For the command line:
  . .venv/bin/activate
  export TRANSIT_LEDGER_CONFIG={config} TRANSIT_LEDGER_AIRFLOW_URL={airflow.url} SSL_CERT_FILE={authority}
  python -m etl backfill 2026-10-19 2026-11-22

make down ends it.""")


if __name__ == "__main__":
    main()
