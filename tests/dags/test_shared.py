"""Which day and which periods a run is about, why it was made, and what its last task says."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dags import _shared
from etl import settings as settings_module
from etl.common.errors import Terminal, Transient, UsageInvalid

DAY = "2026-11-16"


@pytest.mark.parametrize(
    ("params", "partition_key"),
    [
        ({"data_date": None}, DAY),  # scheduled, and a backfill
        ({}, DAY),
        ({"data_date": DAY}, None),  # by hand, and `airflow dags test`
        ({"data_date": DAY}, DAY),
    ],
)
def test_the_day_is_the_parameter_else_the_partition(params: dict[str, str | None], partition_key: str | None) -> None:
    assert str(_shared.data_date(params, partition_key)) == DAY


@pytest.mark.parametrize("params", [{}, {"data_date": None}, {"data_date": ""}])
def test_a_run_that_names_no_day_is_an_error(params: dict[str, str | None]) -> None:
    with pytest.raises(UsageInvalid, match="names no day"):
        _shared.data_date(params, None)


def test_two_different_days_are_an_error() -> None:
    with pytest.raises(UsageInvalid, match="2026-11-17"):
        _shared.data_date({"data_date": DAY}, "2026-11-17")


@pytest.mark.parametrize("text", ["16.11.2026", "2026-11-16T00:00:00", "2026-02-30"])
def test_what_is_no_day_is_an_error(text: str) -> None:
    with pytest.raises(UsageInvalid):
        _shared.data_date({"data_date": text}, None)


@pytest.mark.parametrize(
    ("params", "run_type", "origin"),
    [
        ({}, "scheduled", "scheduled"),
        ({}, "backfill", "backfill"),
        ({}, "manual", "manual"),
        ({"origin": None}, "manual", "manual"),
        ({"origin": "correction"}, "manual", "correction"),
        ({"origin": "scheduled"}, "manual", "scheduled"),
    ],
)
def test_origin(params: dict[str, str | None], run_type: str, origin: str) -> None:
    assert _shared.origin(params, run_type) == origin


@pytest.fixture
def settings() -> settings_module.Settings:
    return settings_module.load()


@pytest.mark.parametrize(
    ("run_after", "periods"),
    [
        (datetime(2026, 11, 23, 5, tzinfo=UTC), ["2026-W47"]),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), ["2026-W47"]),  # Monday already, in Stockholm
        (datetime(2026, 11, 22, 22, 30, tzinfo=UTC), ["2026-W46"]),
        (datetime(2027, 1, 4, 5, tzinfo=UTC), ["2026-W53"]),
    ],
)
def test_the_week_before_the_local_date(
    settings: settings_module.Settings, run_after: datetime, periods: list[str]
) -> None:
    assert [str(period) for period in _shared.due_periods({}, run_after, settings)] == periods


def test_a_month_that_ended_in_the_week_is_due_with_it(settings: settings_module.Settings) -> None:
    monthly = settings.report.model_copy(update={"periods": ("week", "month")})
    both = settings.model_copy(update={"report": monthly})
    due = _shared.due_periods({}, datetime(2026, 12, 14, 5, tzinfo=UTC), both)
    assert [str(period) for period in due] == ["2026-W50"]
    due = _shared.due_periods({}, datetime(2026, 11, 2, 5, tzinfo=UTC), both)
    assert [str(period) for period in due] == ["2026-W44", "2026-10"]


def test_an_explicit_period_wins(settings: settings_module.Settings) -> None:
    due = _shared.due_periods({"period": "2026-10"}, datetime(2026, 11, 23, tzinfo=UTC), settings)
    assert [str(period) for period in due] == ["2026-10"]


def test_terminal_errors_are_not_retried_and_transient_ones_are() -> None:
    policy = _shared.retry_policy()
    assert policy.evaluate(UsageInvalid("x"), 1, 3).action.value == "fail"
    assert policy.evaluate(Terminal("x"), 1, 3).action.value == "fail"
    assert policy.evaluate(Transient("x"), 1, 3).action.value == "retry"
    assert policy.evaluate(RuntimeError("x"), 1, 3).action.value == "default"


def test_the_connection_says_server_and_secrets() -> None:
    stated = {"host": "mail.contoso.example", "port": 587, "login": "ledger", "password": "s3cret"}
    connection = SimpleNamespace(**stated, extra_dejson={"security": "tls"})
    assert _shared.smtp_fields(connection) == {
        "host": "mail.contoso.example",
        "port": 587,
        "user": "ledger",
        "password": "s3cret",
        "security": "tls",
    }
    bare = SimpleNamespace(host="relay", port=None, login=None, password="", extra_dejson={})
    assert _shared.smtp_fields(bare) == {"host": "relay"}


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 1000])
def test_batches_hold_each_file_once(count: int) -> None:
    made = _shared.batches(range(count))
    assert sorted(item for batch in made for item in batch) == list(range(count))
    assert len(made) == min(count, 32)
    assert all(made)


def test_a_quiet_run_is_judged_well() -> None:
    _shared.fail_if_attention_needed([], [], [])


def test_the_judge_names_everything() -> None:
    left = [{"source": "m365", "name": "big.csv", "reason": "too large"}]
    with pytest.raises(_shared.NeedsAttention) as caught:
        _shared.fail_if_attention_needed([["m365", DAY]], left, ["m365: odd.csv is quarantined: empty"])
    said = str(caught.value)
    assert "3 thing(s)" in said
    for part in (DAY, "big.csv", "odd.csv"):
        assert part in said
