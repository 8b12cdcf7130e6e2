"""`make up`: Airflow with its web page, the mail catcher and the archive page, left running. `make down` ends them."""

from __future__ import annotations

import signal
import sys

from etl.errors import TransitLedgerError
from tools import sessions
from tools.local_airflow import ROOT, LocalAirflow, StartError, free_ports
from tools.run_samples import SAMPLES, Progress, RunError, place, write_config

FOLDER = ROOT / "run"


def main() -> None:
    """Starts everything over run/, the samples' folder, and prints where it is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say = Progress().say
    FOLDER.mkdir(exist_ok=True)
    if sessions.recorded(FOLDER / "processes.json"):
        sys.exit("It is running already (or make run is at work). make down ends it.")
    airflow = LocalAirflow(FOLDER, FOLDER / "config.toml", quiet_hours=0)
    (FOLDER / "exports").mkdir(exist_ok=True)
    (FOLDER / "archive").mkdir(exist_ok=True)
    write_config(airflow.config, airflow.smtp_port)
    place(sorted((SAMPLES / "exports").iterdir()), FOLDER / "exports")
    if not airflow.database.exists():
        say("making Airflow's database")
        airflow.fresh_database()
    (archive_port,) = free_ports(1)
    serve = ["-m", "http.server", str(archive_port), "--bind", "127.0.0.1", "--directory", str(FOLDER / "archive")]
    try:
        say("starting")
        airflow.sessions.start("archive-page", [sys.executable, *serve], airflow.env)
        airflow.start(say)
    except BaseException as error:
        airflow.sessions.stop()
        if isinstance(error, StartError | RunError | TransitLedgerError):
            sys.exit(f"make up failed. {error}")
        raise
    print(f"""
Airflow:       {airflow.url}
Archive page:  http://127.0.0.1:{archive_port}/index.html
Mail:          port {airflow.smtp_port}, kept in run/mail

For the command line:
  . .venv/bin/activate
  export TRANSIT_LEDGER_CONFIG=run/config.toml TRANSIT_LEDGER_AIRFLOW_URL={airflow.url} SSL_CERT_FILE=run/tls/ca.pem
  python -m etl backfill 2026-10-19 2026-11-22

make down ends it.""")


if __name__ == "__main__":
    main()
