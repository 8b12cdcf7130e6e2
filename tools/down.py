"""`make down`: ends what `make up` left running."""

from __future__ import annotations

from tools import sessions
from tools.local_airflow import ROOT


def main() -> None:
    """Ends every process of the recorded sessions, and no other."""
    stopped = sessions.stop_recorded(ROOT / "run" / "processes.json")
    print(f"Stopped: {', '.join(stopped)}" if stopped else "Nothing was running.")


if __name__ == "__main__":
    main()
