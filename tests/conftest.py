"""What the whole suite shares: property tests say at the end of the run what their cases held."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests recorded as `held`, from whatever worker they ran on."""
    for report in terminalreporter.getreports("passed"):
        for name, value in getattr(report, "user_properties", ()):
            if name == "held":
                terminalreporter.write_line(f"{report.nodeid.split('::')[-1]}: {value}")
