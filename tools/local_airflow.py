"""Airflow on SQLite and a mail catcher, on this machine only: for `make run`, `make up` and the tests.

All it makes lies under one folder. Its settings come from here alone: whatever AIRFLOW__… the caller's environment
holds is left out (an empty one of them is enough to make every task fail).
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.ops.airflow_api import Airflow, AirflowRefused, AirflowUnreachable
from tools import certificates
from tools.sessions import Sessions

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DAGS = ("ingest_exports", "weekly_report", "verify_archive", "expire_raw")
POOL = "warehouse"

Say = Callable[[str], None]


class StartError(Exception):
    """A part of Airflow did not start, or ended by itself; the message shows the end of its log."""


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()


def tail(path: Path | str, lines: int = 25) -> str:
    """The last lines of a text file, indented."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        text = str(error)
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


class LocalAirflow:
    """Scheduler, DAG processor, API server and mail catcher below `folder`. Nothing runs until `start`.

    For `quiet_hours` the schedules make no run by themselves, so that only what is asked for happens. A failed task
    is tried again after `retry_seconds`.
    """

    def __init__(
        self, folder: Path, config: Path, *, parallelism: int = 4, quiet_hours: int = 2, retry_seconds: int = 60
    ) -> None:
        self.folder, self.config = folder, config
        self.home = folder / "airflow"
        self.logs = folder / "logs"
        self.mail = folder / "mail"
        self.tls = folder / "tls"
        self.sessions = Sessions(folder / "processes.json", self.logs)
        self.port, self._log_port, self.smtp_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = Airflow(self.url)
        self.env = self._environment(parallelism, datetime.now(UTC) + timedelta(hours=quiet_hours), retry_seconds)

    @property
    def database(self) -> Path:
        """Airflow's own database."""
        return self.home / "airflow.db"

    def _environment(self, parallelism: int, start_date: datetime, retry_seconds: int) -> dict[str, str]:
        unwanted = ("AIRFLOW", "PYTHONDONTWRITEBYTECODE")  # uncompiled, Airflow takes twice as long to start
        kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        own = {
            "AIRFLOW_HOME": self.home,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '/usr/bin:/bin')}",
            "PYTHONPATH": ROOT,
            "PYTHONUNBUFFERED": "1",
            "SSL_CERT_FILE": self.tls / certificates.AUTHORITY,
            "TRANSIT_LEDGER_CONFIG": self.config,
            "TRANSIT_LEDGER_AIRFLOW_URL": self.url,
            "TRANSIT_LEDGER_RETRY_SECONDS": retry_seconds,
            "TRANSIT_LEDGER_START_DATE": start_date.isoformat(timespec="seconds"),
        }
        settings: dict[str, dict[str, object]] = {
            "core": {
                "dags_folder": ROOT / "dags",
                "load_examples": False,
                "executor": "LocalExecutor",
                "parallelism": parallelism,
                "execution_api_server_url": f"{self.url}/execution/",
                "simple_auth_manager_all_admins": True,
                "fernet_key": "",
            },
            "database": {"sql_alchemy_conn": f"sqlite:///{self.database}"},
            "api": {"host": "127.0.0.1", "port": self.port, "workers": 1, "base_url": self.url}
            | {"secret_key": secrets.token_urlsafe(32)},
            "api_auth": {"jwt_secret": secrets.token_urlsafe(48)},
            "logging": {"base_log_folder": self.home / "logs", "worker_log_server_port": self._log_port},
            "dag_processor": {"parsing_processes": 1, "min_file_process_interval": 600, "refresh_interval": 600},
            "scheduler": {"task_instance_heartbeat_timeout": 60},  # a task whose process is gone is run again that soon
            "workers": {"min_heartbeat_interval": 1},  # the supervisor looks that often whether a task has ended
            "usage_data_collection": {"enabled": False},
        }
        for section, values in settings.items():
            own |= {f"AIRFLOW__{section}__{key}".upper(): value for key, value in values.items()}
        return kept | {key: str(value) for key, value in own.items()}

    def run(self, command: list[str], what: str) -> str:
        """Runs a command to its end and returns what it printed; `StartError` with the end of that if it fails."""
        done = subprocess.run(  # noqa: S603  our own commands, no shell
            command, env=self.env, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            end = "\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-25:])
            raise StartError(f"{what} failed:\n{end}")
        return done.stdout

    def fresh_database(self) -> None:
        """An empty, migrated database; made once for each Airflow, then copied: migrating takes ten seconds."""
        template = self.home / f"empty-{_airflow_version()}.db"
        self.home.mkdir(parents=True, exist_ok=True)
        for leftover in self.home.glob("airflow.db*"):
            leftover.unlink()
        if not template.exists():
            self.run([str(BIN / "airflow"), "db", "migrate"], "airflow db migrate")
            shutil.copyfile(self.database, template.with_suffix(".new"))
            template.with_suffix(".new").replace(template)
        else:
            shutil.copyfile(template, self.database)

    def start(self, say: Say, *, patience: float = 180) -> None:
        """Starts everything and waits until the DAGs are there and run; `StartError` says what did not."""
        certificates.ensure(self.tls)
        airflow = BIN / "airflow"
        catcher = [sys.executable, "-m", "tools.mailcatcher", "--folder", str(self.mail), "--tls", str(self.tls)]
        self.sessions.start("mail-catcher", [*catcher, "--port", str(self.smtp_port)], self.env)
        for part in ("api-server", "dag-processor"):
            self.sessions.start(part, [airflow, part], self.env)
        self.start_scheduler()
        for ready in self._getting_ready(patience):
            say(ready)

    def start_scheduler(self) -> None:
        """Starts the scheduler alone, the first time or after it died."""
        self.sessions.start("scheduler", [sys.executable, "-m", "tools.scheduler"], self.env)

    def _getting_ready(self, patience: float) -> Iterator[str]:
        begun = told = time.monotonic()
        while not self._is_ready():
            self.check()
            now = time.monotonic()
            if now > begun + patience:
                log = self.logs / "dag-processor.log"
                raise StartError(f"Airflow was not ready after {patience:.0f} s:\n{tail(log)}")
            if now > told + 5:
                told = now
                yield f"waiting for Airflow, {now - begun:.0f} s"
            time.sleep(0.3)
        try:
            self.api.post("pools", {"name": POOL, "slots": 1, "include_deferred": False})
        except AirflowRefused as error:
            if error.status != 409:
                raise
        for dag in DAGS[:2]:
            self.api.patch(f"dags/{dag}", {"is_paused": False})

    def _is_ready(self) -> bool:
        try:
            errors = self.api.get("importErrors")["import_errors"]
            if errors:
                raise StartError(f"A DAG can't be imported:\n{errors[0]['stack_trace']}")
            health = self.api.get("monitor/health")
            known = {item["dag_id"] for item in self.api.get("dags")["dags"]}
        except (AirflowUnreachable, AirflowRefused):
            return False
        return known >= set(DAGS) and health["scheduler"]["status"] == "healthy"

    def check(self) -> None:
        """Raises `StartError` with the end of its log if a part has ended by itself."""
        dead = self.sessions.dead()
        if dead:
            raise StartError(f"{dead.name} ended by itself. The end of {dead.log}:\n{tail(dead.log)}")

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Starts a run by hand; its id."""
        return str(self.api.post(f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"])


def _airflow_version() -> str:
    from importlib.metadata import version

    return version("apache-airflow-core")
