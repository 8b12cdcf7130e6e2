"""docker-compose.yml and Dockerfile, as far as they can be held against something without a container engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    """The Compose specification's own JSON schema, as check-jsonschema brings it."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def test_it_fits_the_compose_specification() -> None:
    done = validate(COMPOSE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_would_notice(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text(encoding="utf-8").replace("healthcheck:", "healthchek:", 1), encoding="utf-8")
    assert validate(broken).returncode == 1


def test_it_has_the_parts_of_airflow(compose: dict[str, Any]) -> None:
    parts = {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer", "mail-catcher"}
    assert set(compose["services"]) == parts
    commands = {part: ["airflow", part] for part in ("api-server", "dag-processor", "triggerer")}
    commands["scheduler"] = ["python", "-m", "tools.scheduler"]
    for part, command in commands.items():
        assert compose["services"][part]["command"] == command
        assert compose["services"][part]["depends_on"]["init"]["condition"] == "service_completed_successfully"


def test_every_part_that_stays_up_tells_its_health(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name != "init":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name
    jobs = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}
    for name, job in jobs.items():
        assert compose["services"][name]["healthcheck"]["test"][1:] == [
            "airflow", "jobs", "check", "--job-type", job, "--local",
        ]  # fmt: skip


def test_run_data_and_settings_are_where_the_program_looks(compose: dict[str, Any]) -> None:
    mounts = dict(mount.split(":", 2)[:2][::-1] for mount in compose["services"]["scheduler"]["volumes"])
    assert mounts["/data"] == "data"
    assert mounts["/etc/transit-ledger/config.toml"] == "./config.toml"
    assert "TRANSIT_LEDGER_CONFIG=/etc/transit-ledger/config.toml" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(compose["volumes"]) >= {"data", "postgres", "airflow-home"}


def test_the_image_has_the_libraries_that_the_setup_installs() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    setup = (ROOT / "tools" / "setup.sh").read_text(encoding="utf-8")
    wanted = set(re.findall(r"missing\+=\((lib[\w.+-]+)\)", setup))
    assert len(wanted) == 3
    assert all(library in text for library in wanted)


def test_every_secret_is_asked_for() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    for line in text.splitlines():
        if re.search(r"(SECRET|PASSWORD|FERNET|_KEY)\w*:", line):
            assert ":?" in line or line.endswith(":-}"), f"a value in the file: {line.strip()}"
    asked = set(re.findall(r"\$\{(\w+)", text))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert asked == named


def test_the_pool_of_publishing_is_made(compose: dict[str, Any]) -> None:
    from tools.local_airflow import POOL

    assert f"airflow pools set {POOL} 1" in compose["services"]["init"]["command"][-1]


def test_the_image_gets_all_that_it_copies() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name.rstrip('/')}" in ignored, name


def test_only_published_on_this_machine(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
