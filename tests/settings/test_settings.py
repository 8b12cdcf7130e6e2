"""Settings: every problem at once, with its key, what was found and what is allowed; secrets in no print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl import settings as settings_module
from etl.common import periods
from etl.common.errors import NotFound, SettingsInvalid

SECRET = "hunter2-very-secret"  # noqa: S105  a made-up one, to see that it shows nowhere
SMALLEST: dict[str, Any] = {
    "organisation": {"name": "Contoso", "domains": ["contoso.example"]},
    "report": {"time_zone": "Europe/Stockholm"},
    "storage": {"root": "data"},
}
SOURCE: dict[str, Any] = {"name": "m365", "format": "m365_connector_report", "location": "exports"}


def problems(raw: dict[str, Any], tmp_path: Path) -> list[str]:
    """What is said of `raw`."""
    with pytest.raises(SettingsInvalid) as caught:
        settings_module.parse(raw, tmp_path / "config.toml")
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


def parse(tmp_path: Path, environment: dict[str, str] | None = None, **tables: Any) -> settings_module.Settings:
    return settings_module.parse(SMALLEST | tables, tmp_path / "config.toml", environment)


def test_the_smallest_settings_work(tmp_path: Path) -> None:
    found = parse(tmp_path)
    assert found.storage.warehouse_path == tmp_path / "data" / "warehouse.duckdb"
    assert (found.smtp, found.policy.file, found.limits.memory) == (None, None, 1 << 30)


def test_every_problem_is_listed_at_once_with_its_key(tmp_path: Path) -> None:
    raw = {
        "organisation": {"name": "", "domains": []},
        "report": {"time_zone": "Europe/Stokholm", "wait_hours": -1},
        "storage": {"rot": "data"},
        "sources": [SOURCE | {"format": "m365_conector_report"}, SOURCE | {"patern": "x"}, SOURCE],
        "limits": {"memory": "plenty"},
        "smtp": {"sender": "nobody", "password": SECRET},
        "retension": {},
    }
    said = problems(raw, tmp_path)
    for key, part in {
        "organisation.name": "at least 1 character",
        "organisation.domains": "at least 1 item",
        "report.time_zone": "did you mean 'Europe/Stockholm'?",
        "report.wait_hours": "found -1",
        "storage.root": "the key is required",
        "storage.rot": "did you mean 'root'?",
        "sources[0].format": "did you mean 'm365_connector_report'?",
        "sources[1].patern": "did you mean 'pattern'?",
        "sources": "found twice: m365",
        "limits.memory": "a size such as",
        "smtp.sender": "a mail address such as",
        "smtp.password": "allowed in $TRANSIT_LEDGER_SMTP_PASSWORD",
        "retension": "did you mean 'retention'?",
    }.items():
        assert any(problem.startswith(f"{key}: ") and part in problem for problem in said), (key, said)
    assert SECRET not in "".join(said)


WRONG_OPTIONS: list[tuple[str, dict[str, Any], str, str]] = [
    ("postfix_log", {"log_tls": True}, "log_tls", "did you mean 'logs_tls'?"),
    ("postfix_log", {"logs_tls": "yes"}, "logs_tls", "true, false or a list of names"),
    ("exim_log", {"logs_tls": ["remote_smtp"]}, "logs_tls", "a valid boolean"),
    ("exchange_smtp_log", {"logs_tls": True}, "logs_tls", "allowed are none"),
    ("exchange_message_tracking", {"joins": 1}, "joins", "a name, or a list of names"),
    ("m365_connector_details", {"direction": "in"}, "direction", "'inbound' or 'outbound'"),
    ("m365_message_trace", {"date_format": ["%d"]}, "date_format", "a valid string"),
    ("m365_trace_detail", {"connector_id": "yes"}, "connector_id", "a valid boolean"),
    ("gmail_log", {"tls_states": "No TLS"}, "tls_states", "a valid dictionary"),
    ("gmail_log", {"tls_states": {"1": "TLS 9"}}, "tls_states.1", "'TLS 1.2'"),
    ("tls_rpt", {"date_format": "%d"}, "date_format", "allowed are none"),
]


@pytest.mark.parametrize(("name", "options", "key", "part"), WRONG_OPTIONS)
def test_options_that_a_format_does_not_take(
    tmp_path: Path, name: str, options: dict[str, Any], key: str, part: str
) -> None:
    source = SOURCE | {"format": name, "options": options}
    (said,) = problems(SMALLEST | {"sources": [source | {"name": "other", "options": {}}, source]}, tmp_path)
    assert said.startswith(f"sources[1].options.{key}: ")
    assert part in said


RIGHT_OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("postfix_log", {"logs_tls": ["postfix/smtpd"]}), ("postfix_log", {"logs_tls": False}),
    ("exim_log", {"logs_tls": True}),
    ("m365_connector_details", {"direction": "outbound", "date_format": "%d/%m/%Y"}),
    ("m365_trace_detail", {"connector_id": True}), ("gmail_log", {"tls_states": {"7": "No TLS"}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), RIGHT_OPTIONS)
def test_options_that_a_format_takes_are_kept_as_they_stand(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    (source,) = parse(tmp_path, sources=[SOURCE | {"format": name, "options": options}]).sources
    assert source.options == options


def test_a_connector_may_be_named_once_per_direction(tmp_path: Path) -> None:
    both = [{"name": "Hub", "direction": "inbound"}, {"name": "Hub", "direction": "outbound"}]
    assert len(parse(tmp_path, connectors=both).connectors) == 2
    assert problems(SMALLEST | {"connectors": [*both, both[0]]}, tmp_path) == [
        "connectors: found twice: Hub, inbound; each is allowed once"
    ]


def test_secrets_come_from_the_environment_and_show_nowhere(tmp_path: Path) -> None:
    environment = {"TRANSIT_LEDGER_SMTP_USER": "mailer-account", "TRANSIT_LEDGER_SMTP_PASSWORD": SECRET}
    found = parse(tmp_path, environment, smtp={"host": "mail.contoso.example"})
    assert found.smtp is not None
    assert found.smtp.password is not None
    assert (found.smtp.user, found.smtp.password.get_secret_value()) == ("mailer-account", SECRET)
    shown = [
        repr(found),
        str(found),
        f"{found.smtp}",
        str(found.model_dump()),
        found.model_dump_json(),
        str(found.public()),
    ]
    assert not any(SECRET in text or "mailer-account" in text for text in shown)


def test_settings_are_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(tmp_path).report.time_zone = "UTC"  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize(
    ("text", "size"),
    [(1024, 1024), ("1KiB", 1024), ("1 GB", 10**9), ("1.5MiB", 3 << 19), ("2g", 2 * 10**9), ("10B", 10)],
)
def test_sizes(tmp_path: Path, text: object, size: int) -> None:
    assert parse(tmp_path, limits={"memory": text}).limits.memory == size


@pytest.mark.parametrize("size", [0, -1, "0", True, "1 XB", "", "1e9", None])
def test_what_is_no_size(tmp_path: Path, size: object) -> None:
    assert problems(SMALLEST | {"limits": {"memory": size}}, tmp_path)[0].startswith("limits.memory: found ")


def test_paths_are_taken_from_the_files_own_folder(tmp_path: Path) -> None:
    found = parse(tmp_path, sources=[SOURCE | {"location": "../in"}], policy={"file": "/etc/policy.toml"})
    assert found.sources[0].location == tmp_path / "../in"
    assert found.policy.file == Path("/etc/policy.toml")


def test_a_language_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    told = problems(SMALLEST | {"report": {"time_zone": "UTC", "language": "xx"}}, tmp_path)
    assert told == ["report.language: found 'xx'; one of en, sv is allowed: others have no catalogue of texts"]
    assert parse(tmp_path, report={"time_zone": "UTC", "language": "sv"}).report.language == "sv"


def test_domains_are_lower_case_a_labels(tmp_path: Path) -> None:
    own = {"name": "Ö", "domains": ["Räksmörgås.Example.", "contoso.example"]}
    assert parse(tmp_path, organisation=own).organisation.domains == ("xn--rksmrgs-5wao1o.example", "contoso.example")
    assert "organisation.domains[0]" in problems(SMALLEST | {"organisation": own | {"domains": ["a b"]}}, tmp_path)[0]


@pytest.mark.parametrize(
    ("pattern", "expect"), [("connector-{date}*", "daily"), ("*.log", "irregular"), ("{date}", "daily")]
)
def test_a_date_in_the_pattern_means_an_export_each_day(tmp_path: Path, pattern: str, expect: str) -> None:
    assert parse(tmp_path, sources=[SOURCE | {"pattern": pattern}]).sources[0].expect == expect


@pytest.mark.parametrize("pattern", ["{date}-{date}", "{day}", "a{"])
def test_patterns_that_say_nothing(tmp_path: Path, pattern: str) -> None:
    assert problems(SMALLEST | {"sources": [SOURCE | {"pattern": pattern}]}, tmp_path)[0].startswith(
        "sources[0].pattern"
    )


def test_an_unknown_source_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="m365"):
        parse(tmp_path, sources=[SOURCE]).source("m356")


def test_what_counts_and_what_does_not_in_the_counting_hash(tmp_path: Path) -> None:
    base = parse(tmp_path, sources=[SOURCE]).counting_sha256()
    assert base == parse(tmp_path, sources=[SOURCE | {"lateness_days": 9}], limits={"threads": 1}).counting_sha256()
    for changed in (
        {"sources": [SOURCE | {"time_zone": "Asia/Kolkata"}]},
        {"sources": [SOURCE | {"role": "reconcile"}]},
        {"sources": [SOURCE | {"columns": {"tls_version": "TLS"}}]},
        {"sources": [SOURCE], "connectors": [{"name": "Hub", "forced_tls": True}]},
        {"sources": [SOURCE], "organisation": {"name": "Contoso", "domains": ["other.example"]}},
    ):
        assert parse(tmp_path, **changed).counting_sha256() != base


def test_a_file_that_is_no_toml_or_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[organisation\n")
    with pytest.raises(SettingsInvalid, match="TOML"):
        settings_module.load(tmp_path / "config.toml")
    with pytest.raises(SettingsInvalid, match="no such file"):
        settings_module.load(tmp_path / "none.toml")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    named = {"TRANSIT_LEDGER_CONFIG": str(tmp_path / "named.toml")}
    (tmp_path / "named.toml").write_text(
        '[organisation]\nname = "C"\ndomains = ["c.example"]\n[report]\ntime_zone = "UTC"\n[storage]\nroot = "x"\n'
    )
    assert settings_module.load(environment=named).organisation.name == "C"


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules"])
def test_a_zone_that_depends_on_the_machine_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian has `localtime` among its zones, others the rest: here all are, whatever this machine has."""
    monkeypatch.setattr("zoneinfo.available_timezones", lambda: {name, "UTC", "Europe/Stockholm"})
    periods.zone_names.cache_clear()
    try:
        told = problems(SMALLEST | {"report": {"time_zone": name}}, tmp_path)
    finally:
        periods.zone_names.cache_clear()
    assert "'Europe/Stockholm' is allowed" in str(told)
