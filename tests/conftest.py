"""What the whole suite shares: the command line in this process, and at the end of a run what property tests held."""

from __future__ import annotations

import sys

import pytest

from etl.cli import app
from etl.settings import Settings
from tests.helpers import Command, Said


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process as `python -m etl` does, exit code included; never may a stack trace be seen."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["etl", *arguments])
        code: object = 0
        try:
            app.run()
        except SystemExit as ended:
            code = ended.code
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Said(int(str(code or 0)), out, err)

    return run


@pytest.fixture(scope="session")
def sample_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A site that has ingested the samples but for the late ones: to ask, not to change.

    Made once by each worker that runs a file which asks for it.
    """
    from tools.pictures import sample_site  # brings a browser's driver along, which few tests need

    return sample_site(tmp_path_factory.mktemp("samples"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starts with the tests that were given the most time: none of them is left to one worker alone at the end.

    The files themselves stay on one worker each (`--dist loadfile`): what a file's tests share is made once.
    """
    usual = 300
    items.sort(key=lambda item: [mark.args[0] for mark in item.iter_markers("timeout")] or [usual], reverse=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests recorded as `held`, from whatever worker they ran on."""
    for report in terminalreporter.getreports("passed"):
        for name, value in getattr(report, "user_properties", ()):
            if name == "held":
                terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {value}")
